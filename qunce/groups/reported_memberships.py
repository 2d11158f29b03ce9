"""Reported joins and leaves of groups: every stay is kept, and the latest decides.

Programs may report them late and in any order. What happened before the latest known
change is recorded in the history and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from qunce.core import permissions, revisions
from qunce.core.facts import fact_effects
from qunce.core.facts.fact_effects import ReportedFact, Reporter
from qunce.groups import groups, memberships
from qunce.groups.groups import Group, GroupJoined, GroupLeft, Membership, Stay


class JoinEffect(fact_effects.Effect):
    kind = GroupJoined.kind
    description = "The member joins the group, unless a later leave is known."
    fields = {"role": str}
    needs_group = True
    scope = "groups:write"
    enforce_capacity = True

    def check(self, payload: Mapping[str, Any]) -> None:
        memberships.check_role(payload.get("role", "member"))

    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        group, last = _load(fact, reporter)
        role = fact.payload.get("role", "member")
        time = fact.happened_at
        if last is None or (not last.present and time > (last.left_at or time)):
            added = groups.add_members(
                group=group,
                accounts=[fact.account or 0],
                role=role,
                by=reporter.by,
                at=reporter.at,
                happened_at=time,
                enforce_capacity=self.enforce_capacity,
            )
            return added > 0
        # The start of the known stay, or a second join during it.
        if time == last.joined_at or (last.present and time > last.joined_at):
            return False
        if last.joined_at == last.left_at:
            # Only the leave was known.
            Membership.objects.filter(pk=last.pk).update(joined_at=time)
        else:
            # A stay before the latest one, whose end is not known yet.
            _stay, is_new = Stay.objects.get_or_create(
                group=group,
                account_id=fact.account or 0,
                joined_at=time,
                defaults={"role": role, "left_at": time},
            )
            if not is_new:
                return False
        event = GroupJoined(account=fact.account, group=group.pk, role=role)
        fact_effects.record(event, fact, reporter)
        return True


class ChannelJoinEffect(JoinEffect):
    """A join that a channel reports: it has happened, whatever the group's capacity."""

    enforce_capacity = False


class LeaveEffect(fact_effects.Effect):
    kind = GroupLeft.kind
    description = "The member leaves the group, unless a later join is known."
    needs_group = True
    scope = "groups:write"

    def apply(self, fact: ReportedFact, reporter: Reporter) -> bool:
        group, last = _load(fact, reporter)
        time = fact.happened_at
        if last is not None and last.present and time >= last.joined_at:
            removed = groups.remove_members(
                group=group,
                accounts=[fact.account or 0],
                by=reporter.by,
                at=reporter.at,
                happened_at=time,
                how=str(fact.payload.get("how", "")),
            )
            return removed > 0
        if last is None:
            # The join is not known: the row keeps an earlier join from undoing this leave.
            rev = revisions.bump(group.community_id, groups.KIND.name, [group.pk])
            Membership.objects.update_or_create(
                group=group,
                account_id=fact.account or 0,
                defaults={
                    "present": False,
                    "rev": rev[group.pk],
                    "joined_at": time,
                    "left_at": time,
                },
            )
        elif (
            last.left_at is not None and time >= last.left_at
        ) or not _end_earlier_stay(group, fact):
            return False
        fact_effects.record(
            GroupLeft(account=fact.account, group=group.pk), fact, reporter
        )
        return True


def _load(fact: ReportedFact, reporter: Reporter) -> tuple[Group, Membership | None]:
    permissions.check_may(reporter.by, groups.EDIT_MEMBERS)
    group = Group.objects.get(community=reporter.community, pk=fact.group or 0)
    rows = Membership.objects.filter(group=group, account_id=fact.account or 0)
    row = rows.select_for_update().first()  # at most one row
    return group, None if row is None or row.is_void else row


def _end_earlier_stay(group: Group, fact: ReportedFact) -> bool:
    """End the stay before the latest one that this leave is about; False if known."""
    time = fact.happened_at
    stays = Stay.objects.filter(group=group, account_id=fact.account or 0)
    if stays.filter(left_at=time).exclude(joined_at=time).exists():
        return False
    open_stays = stays.filter(left_at=models.F("joined_at"), joined_at__lt=time)
    for stay in open_stays.order_by("-joined_at")[:1]:
        stays.filter(pk=stay.pk).update(left_at=time)
        return True
    _stay, is_new = stays.get_or_create(
        group=group,
        account_id=fact.account or 0,
        joined_at=time,
        defaults={"left_at": time},
    )
    return is_new


fact_effects.register(JoinEffect())
fact_effects.register(LeaveEffect())
