"""Taking back what was earned, when its reason disappears."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Sum

from qunce.activities.points import earning, holders, point_facts, sums
from qunce.activities.points.holders import Holder
from qunce.activities.points.models import (
    EntryKind,
    PointEntry,
    PointLot,
    PointRule,
    PointUse,
)
from qunce.core import lots, permissions
from qunce.core.communities import Community
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


@transaction.atomic
def reverse_source(
    *, community: Community, source_key: str, by: Staff | None, at: datetime
) -> list[PointEntry]:
    """Take back all that rules earned for a source, such as a check-in struck out.

    What was taken back before is not taken again. Returns the new entries.
    """
    entries = []
    for earned in _find(community, source_key, by, at):
        reversal = Reversal(community, earned, by, at)
        if reversal.left:
            entries.append(reversal.take(reversal.left, f"reverse/{earned.pk}"))
    return entries


@transaction.atomic
def reverse_order(
    *,
    community: Community,
    source_key: str,
    refunded: int,
    key: str,
    by: Staff | None,
    at: datetime,
) -> list[PointEntry]:
    """Take back the share of a refund of `refunded`, cumulatively; once per `key`.

    Returns the new entries, which may take back nothing yet.
    """
    holders.check_amount(refunded)
    entries = []
    for earned in _find(community, source_key, by, at):
        own_key = holders.clean_key(f"{key}/{earned.pk}")
        reversal = Reversal(community, earned, by, at)
        known = PointEntry.objects.filter(
            rule_id=earned.rule_id, key=own_key, kind=EntryKind.REVERSE
        )
        if known.exists():
            continue
        entries.append(reversal.take(reversal.refund(refunded), own_key))
    return entries


@transaction.atomic
def reverse_awards(
    *,
    community: Community,
    entries: Sequence[int],
    by: Staff | None,
    at: datetime,
) -> list[PointEntry]:
    """Take back what was earned without a rule, such as imported balances."""
    if by is not None:
        permissions.check_may(by, point_facts.ADJUST)
        permissions.check_community(by, community.pk)
    rows = PointEntry.objects.filter(
        pk__in=entries, community_id=community.pk, rule_id=0, kind=EntryKind.EARN
    )
    found = list(rows.order_by("pk"))
    erased = account_queries.find_erased(row.account_id for row in found)
    found = [row for row in found if row.account_id not in erased]
    if by is not None:
        accounts = {row.account_id for row in found}
        visibility.check_visible(by=by, accounts=accounts, at=at)
    taken = []
    for earned in found:
        reversal = Reversal(community, earned, by, at)
        if reversal.left:
            taken.append(reversal.take(reversal.left, f"reverse/{earned.pk}"))
    return taken


def _find(
    community: Community, source_key: str, by: Staff | None, at: datetime
) -> Sequence[PointEntry]:
    """What was earned for a source, by those whom `by` sees and who were not erased."""
    if by is not None:
        permissions.check_may(by, point_facts.ADJUST)
        permissions.check_community(by, community.pk)
    rows = PointEntry.objects.filter(
        rule_id__in=PointRule.objects.filter(community=community).values("pk"),
        key=holders.clean_key(source_key),
        kind=EntryKind.EARN,
        community_id=community.pk,
    )
    found = list(rows.order_by("pk"))
    erased = account_queries.find_erased(row.account_id for row in found)
    found = [row for row in found if row.account_id not in erased]
    if by is not None:
        accounts = {row.account_id for row in found}
        visibility.check_visible(by=by, accounts=accounts, at=at)
    return found


class Reversal:
    """What one earning can still give back, with its holder locked."""

    def __init__(
        self,
        community: Community,
        earned: PointEntry,
        by: Staff | None,
        at: datetime,
    ) -> None:
        self.earned = earned
        self.holder = Holder(community, earned.account_id, by, at)
        self.root = PointLot.objects.get(pk=earned.pk)
        parts = PointLot.objects.filter(root_id=earned.pk)
        self.own = [self.root, *parts.order_by("pk")]
        expired = PointUse.objects.filter(
            lot__in=self.own, entry__kind=EntryKind.EXPIRE
        ).aggregate(points=Sum("amount"))["points"]
        self.total = sum(lot.amount for lot in self.own)
        # What has expired was of no use to the member, and is not taken from elsewhere.
        self.left = max(self.total - (expired or 0) - self.root.taken, 0)

    def refund(self, amount: int) -> int:
        """Count a refund of the order; returns the points that it takes back."""
        rows = PointLot.objects.filter(pk=self.root.pk)
        rows.update(refunded=F("refunded") + amount)
        due = lots.amount_to_take_back(
            earned=self.total,
            paid=self.root.paid,
            refunded=self.root.refunded + amount,
            taken=self.root.taken,
        )
        return min(due, self.left)

    def take(self, amount: int, key: str) -> PointEntry:
        """Take back from the own lots, from other usable ones, and owe the rest."""
        holder, earned = self.holder, self.earned
        holder.settle()
        decided = lots.reverse(
            holder.lots,
            [lot.pk for lot in self.own],
            amount,
            holder.day,
            holder.cases,
        )
        entry = holder.add_entry(
            EntryKind.REVERSE,
            amount,
            key,
            rule=earned.rule_id,
            owed=decided.owed,
            of=earned.pk,
        )
        if not amount:
            return entry
        holder.take(entry, decided.uses)
        if decided.owed:
            holder.owe(decided.owed)
        PointLot.objects.filter(pk=self.root.pk).update(taken=F("taken") + amount)
        if earning.counts(earned.key):
            change = earned.account_id, earned.day, -amount
            sums.add_scores(earned.community_id, [change], today=holder.day)
        rule = PointRule.objects.filter(pk=earned.rule_id).first()
        holder.note(
            point_facts.PointsReversed(
                account=earned.account_id,
                points=amount,
                entry=entry.pk,
                rule=rule.key if rule else "",
            )
        )
        holder.record()
        return entry
