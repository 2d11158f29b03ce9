"""Spending points, and undoing a purchase that was made with them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.points import holders, lot_rows, point_facts
from qunce.activities.points.holders import Holder
from qunce.activities.points.models import EntryKind, PointEntry
from qunce.core import errors, lots
from qunce.core.communities import Community
from qunce.core.lots import Use
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


class NotEnoughPoints(errors.Refused):
    """The person has fewer usable points than that."""


class SpendNotFound(errors.NotFound):
    """Nothing was spent under this key."""


@transaction.atomic
def spend(
    *,
    account_id: int,
    amount: int,
    key: str,
    by: Staff | None,
    at: datetime,
    reason: str = "",
) -> PointEntry:
    """Spend points of the account's person, once per key; raises NotEnoughPoints.

    Without `by` the system acts for the member. `key` starts with what asks, such as
    `mall/17`. The same key with another amount or member is refused.
    """
    account = holders.get_account(account_id, by)
    holders.check_may_adjust(by, account, at)
    holders.check_amount(amount)
    key, reason = holders.clean_key(key), holders.clean_reason(reason)
    holder = Holder(account.community, account.pk, by, at)
    before = find(community_id=account.community_id, key=key)
    if before is not None:
        if before.amount != amount or before.account_id not in holder.accounts:
            raise holders.KeyUsedAgain(
                _("“%(key)s” was used for another spend. Use a new key.") % {"key": key}
            )
        return before
    holder.settle()
    try:
        uses = lots.spend(holder.lots, amount, holder.day, holder.cases)
    except lots.NotEnough as error:
        raise NotEnoughPoints(
            _("There are %(usable)s points to spend, and %(amount)s are needed.")
            % {"usable": f"{error.usable:,}", "amount": f"{amount:,}"}
        ) from error
    entry = holder.add_entry(EntryKind.SPEND, amount, key, reason=reason)
    holder.take(entry, uses)
    holder.note(
        point_facts.PointsSpent(account=account.pk, points=amount, entry=entry.pk)
    )
    holder.record()
    return entry


@transaction.atomic
def restore(
    *,
    community: Community,
    key: str,
    by: Staff | None,
    at: datetime,
    was_reserved: bool = False,
) -> PointEntry | None:
    """Undo the spend of this key: the same lots have it again. None if that was done before.

    Their last day stays, or is 7 days from now if that is later. Of what `was_reserved`
    only, such as by a bid, it stays in any case: what expired by then expires now.
    """
    spent = find(community_id=community.pk, key=holders.clean_key(key))
    if spent is None:
        raise SpendNotFound(_("Nothing was spent under “%(key)s”.") % {"key": key})
    # Who was erased has no balance any more.
    if by is None and account_queries.find_erased([spent.account_id]):
        return None
    account = holders.get_account(spent.account_id, by)
    holders.check_may_adjust(by, account, at)
    holder = Holder(account.community, account.pk, by, at)
    if PointEntry.objects.filter(of_id=spent.pk, kind=EntryKind.RESTORE).exists():
        return None
    uses = [
        Use(*row) for row in spent.uses.order_by("lot").values_list("lot", "amount")
    ]
    if not was_reserved:
        holder.expire(use.lot for use in uses)
    last_days = {
        pk: lot.last_day
        for pk, lot in lot_rows.get_many(use.lot for use in uses).items()
    }
    entry = holder.add_entry(
        EntryKind.RESTORE, spent.amount, f"restore/{spent.pk}", of=spent.pk
    )
    grace = None if was_reserved else lots.GRACE_DAYS
    holder.give_back(entry, lots.restore(uses, last_days, holder.day, grace_days=grace))
    holder.note(
        point_facts.PointsRestored(
            account=account.pk, points=spent.amount, entry=entry.pk
        )
    )
    if was_reserved:
        # What was left of a lot may have expired before, with an entry of its own.
        holder.expire((use.lot for use in uses), after=entry)
    holder.settle()
    holder.record()
    return entry


def find(*, community_id: int, key: str) -> PointEntry | None:
    """The spend under this key."""
    return PointEntry.objects.filter(
        community_id=community_id, rule_id=0, key=key, kind=EntryKind.SPEND
    ).first()
