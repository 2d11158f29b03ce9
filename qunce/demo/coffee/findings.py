"""Findings of the coffee brand: changes in some groups, and what staff decided about them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from qunce.demo.coffee.context import Context
from qunce.groups import groups
from qunce.groups.groups import Group, Membership
from qunce.insight.findings import daily, decisions
from qunce.insight.findings.models import FindingDecision
from qunce.members.accounts.models import Account
from qunce.sets.mirror import deriver

DAY = timedelta(days=1)
MIN_SIZE, CHANGED = 45, 16
"""Groups of as many people get a change of about as many."""
ACTED, DISMISSED = 9, 5
"""Days ago on which staff acted on a finding, and dismissed one."""


def create(context: Context) -> None:
    """Change four groups, and decide about two of the findings; once."""
    if FindingDecision.objects.filter(community=context.community).exists():
        return
    chosen = _choose_groups(context)
    if len(chosen) < 4:
        return
    lost, grown, earlier, invited = chosen
    _lose(context, earlier, context.at - (ACTED + 2) * DAY)
    _grow(context, invited, context.at - (DISMISSED + 1) * DAY)
    _lose(context, lost, context.at - 3 * DAY)
    _grow(context, grown, context.at - 2 * DAY)
    deriver.catch_up()
    _decide(context, earlier, context.at - ACTED * DAY, acts=True)
    _decide(context, invited, context.at - DISMISSED * DAY, acts=False)
    daily.compute(by=context.owner, at=context.at)


def _choose_groups(context: Context) -> list[Group]:
    """The four largest groups, so that a share of them is many people."""
    rows = Group.objects.filter(community=context.community).exclude(state="dead")
    sizes = {
        group: Membership.objects.filter(group=group, left_at=None).count()
        for group in rows.order_by("key")
    }
    large = [group for group, size in sizes.items() if size >= MIN_SIZE]
    return sorted(large, key=lambda group: -sizes[group])[:4]


def _lose(context: Context, group: Group, when: datetime) -> None:
    """Some leave on two days; those who came last go first."""
    members = Membership.objects.filter(group=group, left_at=None, role="member")
    joined = members.filter(joined_at__lt=when - 30 * DAY).order_by("-joined_at", "pk")
    leaving = list(joined.values_list("account_id", flat=True)[:CHANGED])
    for part, day in ((leaving[::2], when), (leaving[1::2], when + DAY)):
        groups.remove_members(
            group=group,
            accounts=part,
            happened_at=day,
            by=context.staff["manager"],
            at=context.at,
        )


def _grow(context: Context, group: Group, when: datetime) -> None:
    """Some members of the community who are in no such group yet join it."""
    inside = Membership.objects.filter(group=group).values("account_id")
    outside = Account.objects.filter(community=context.community, left_at=None)
    joining = outside.exclude(pk__in=inside).order_by("-pk")
    groups.add_members(
        group=group,
        accounts=list(joining.values_list("pk", flat=True)[:CHANGED]),
        happened_at=when,
        by=context.staff["manager"],
        at=context.at,
    )


def _decide(context: Context, group: Group, at: datetime, *, acts: bool) -> None:
    """The manager decides about the finding of a group on the morning of a day."""
    by = context.staff["manager"]
    found = daily.load(by=by, at=at)
    for finding in found.open:
        if finding.group != group.key:
            continue
        if acts:
            decisions.act(community=context.community, cell=finding.cell, by=by, at=at)
        else:
            decisions.dismiss(
                community=context.community,
                cell=finding.cell,
                reason=_("An offer in the shop, planned"),
                by=by,
                at=at,
            )
