"""What a person has: usable points, what is owed, and what becomes usable or expires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Sum

from qunce.activities.points import holders, lot_rows
from qunce.activities.points.models import (
    EntryKind,
    PointAccount,
    PointEntry,
    PointLot,
    PointRule,
    PointUse,
)
from qunce.core import community_days, db, lots
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

SIGNS = {
    EntryKind.EARN: 1,
    EntryKind.SPEND: -1,
    EntryKind.RESTORE: 1,
    EntryKind.REVERSE: -1,
    EntryKind.EXPIRE: -1,
    EntryKind.PAY: 0,
}
"""Whether an entry adds to a balance; what pays a debt was counted when it was owed."""
MAX_LISTED = 200


@dataclass(frozen=True)
class Expiry:
    last_day: date
    points: int


@dataclass(frozen=True)
class Balance:
    """`pending` is earned and not usable yet. `next_expiry` is None if nothing expires."""

    usable: int
    owed: int
    pending: int
    next_expiry: Expiry | None


@dataclass(frozen=True)
class ListedLot:
    """A lot that has something left; `last_day` is None if it never expires."""

    id: int
    source: str
    amount: int
    left: int
    usable_from: date
    last_day: date | None
    is_held: bool


@dataclass(frozen=True)
class ListedEntry:
    """An entry of the history; `points` has the sign by which it changes the balance."""

    id: int
    kind: EntryKind
    points: int
    rule: str
    key: str
    reason: str
    at: datetime


def balance(*, account_id: int, at: datetime) -> Balance:
    """The balance of the account's person, judged by the day of `at`."""
    community = holders.get_account(account_id).community
    own = account_queries.account_ids_of_person(account_id)
    held, day = lot_rows.load(own), community.day(at)
    # Few people ever have a case, and none matters while nothing expires.
    cases = lot_rows.load_cases(community, own) if held else []
    owed = db.rows(
        "SELECT COALESCE(SUM(owed), 0) FROM point_account"  # noqa: S608 - ids only
        f" WHERE account_id {db.among_ids(own)}"
    )[0][0]
    usable = [lot for lot in held if lots.is_usable(lot, day, cases)]
    total = sum(lot.left for lot in usable)
    last_days = [
        (last, lot.left)
        for lot in usable
        if (last := lots.held_until(lot.last_day, cases)) < lots.NEVER
    ]
    soonest = min((last for last, _left in last_days), default=None)
    return Balance(
        usable=max(total - int(owed), 0),
        owed=max(int(owed) - total, 0),
        pending=sum(lot.left for lot in held if lot.usable_from > day),
        next_expiry=None
        if soonest is None
        else Expiry(
            community_days.to_date(soonest),
            sum(left for last, left in last_days if last == soonest),
        ),
    )


def get(*, account_id: int, by: Staff, at: datetime) -> Balance:
    """The balance of a member whom `by` sees; raises MemberNotFound."""
    visibility.check_visible(by=by, accounts=[account_id], at=at)
    return balance(account_id=account_id, at=at)


def list_lots(*, account_id: int, by: Staff, at: datetime) -> list[ListedLot]:
    """What is left of the lots of a member, soonest last day first."""
    visibility.check_visible(by=by, accounts=[account_id], at=at)
    community = by.community
    own, day = account_queries.account_ids_of_person(account_id), community.day(at)
    cases = lot_rows.load_cases(community, own)
    alive = [
        lot for lot in lot_rows.load(own) if lots.held_until(lot.last_day, cases) >= day
    ]
    sources = _list_sources([lot.id for lot in alive])
    return [
        ListedLot(
            id=lot.id,
            source=sources[lot.id],
            amount=lot.amount,
            left=lot.left,
            usable_from=community_days.to_date(lot.usable_from),
            last_day=None
            if lot.last_day == lots.NEVER
            else community_days.to_date(lot.last_day),
            is_held=lots.held_until(lot.last_day, cases) > lot.last_day,
        )
        for lot in sorted(alive, key=lambda each: (each.last_day, each.id))
    ]


def _list_sources(entries: Sequence[int]) -> dict[int, str]:
    """The name of the rule of each entry, or else its reason."""
    rows = PointEntry.objects.filter(pk__in=entries).values_list(
        "pk", "rule_id", "reason__text"
    )
    found = list(rows)
    names = dict(
        PointRule.objects.filter(
            pk__in={rule for _pk, rule, _text in found}
        ).values_list("pk", "name")
    )
    return {pk: names.get(rule, text or "") for pk, rule, text in found}


def history(
    *,
    account_id: int,
    by: Staff,
    at: datetime,
    before: int | None = None,
    limit: int = MAX_LISTED,
) -> list[ListedEntry]:
    """The entries of a member, the newest first; `before` is the id of the last one seen."""
    visibility.check_visible(by=by, accounts=[account_id], at=at)
    own = account_queries.account_ids_of_person(account_id)
    return history_of(own, before=before, limit=limit)


def history_of(
    accounts: Sequence[int], *, before: int | None = None, limit: int = MAX_LISTED
) -> list[ListedEntry]:
    """The entries of these accounts, the newest first; who may ask was checked before."""
    rows = PointEntry.objects.filter(account_id__in=accounts, amount__gt=0)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(
        rows.select_related("reason").order_by("-pk")[: min(limit, MAX_LISTED)]
    )
    if not found:
        return []
    names = dict(
        PointRule.objects.filter(pk__in={row.rule_id for row in found}).values_list(
            "pk", "name"
        )
    )
    return [
        ListedEntry(
            id=row.pk,
            kind=EntryKind(row.kind),
            points=SIGNS[EntryKind(row.kind)] * row.amount,
            rule=names.get(row.rule_id, ""),
            key=row.key,
            reason=row.reason.text if hasattr(row, "reason") else "",
            at=row.at,
        )
        for row in found
    ]


def recount(*, account_id: int, by: Staff, at: datetime) -> list[str]:
    """Compare the lots of a member with their entries; returns what differs, if anything.

    Of each lot, what was earned is what was used, less what was given back, and what is left.
    """
    visibility.check_visible(by=by, accounts=[account_id], at=at)
    own = account_queries.account_ids_of_person(account_id)
    used = {
        lot: -amount
        for lot, amount in PointUse.objects.filter(
            lot__account_id__in=own, entry__kind=EntryKind.RESTORE
        )
        .values_list("lot")
        .annotate(Sum("amount"))
    }
    taken = PointUse.objects.filter(lot__account_id__in=own).exclude(
        entry__kind=EntryKind.RESTORE
    )
    for lot, amount in taken.values_list("lot").annotate(Sum("amount")):
        used[lot] = used.get(lot, 0) + amount
    problems = [
        f"lot {lot.pk}: {lot.amount} earned, {used.get(lot.pk, 0)} used, {lot.left} left"
        for lot in PointLot.objects.filter(account_id__in=own).order_by("pk")
        if lot.amount != used.get(lot.pk, 0) + lot.left
    ]
    return problems + [
        f"account {account}: {owed} owed, {counted} by its entries"
        for account, owed, counted in _compare_owed(own)
        if owed != counted
    ]


def _compare_owed(accounts: Sequence[int]) -> list[tuple[int, int, int]]:
    stored = dict(
        PointAccount.objects.filter(account_id__in=accounts).values_list(
            "account_id", "owed"
        )
    )
    rows = PointEntry.objects.filter(account_id__in=accounts)
    owed = dict(
        rows.filter(kind=EntryKind.REVERSE)
        .values_list("account_id")
        .annotate(Sum("owed"))
    )
    paid = dict(
        rows.filter(kind=EntryKind.PAY)
        .values_list("account_id")
        .annotate(Sum("amount"))
    )
    return [
        (each, stored.get(each, 0), owed.get(each, 0) - paid.get(each, 0))
        for each in accounts
    ]
