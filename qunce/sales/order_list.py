"""Orders as staff may see them, newest first; a scope hides other members' orders."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import exchange_rates, timestamps
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sales import order_totals
from qunce.sales.models import Order
from qunce.sales.order_totals import Sales, Totals
from qunce.sales.orders import PAID, PARTLY_REFUNDED, REFUNDED, OrderNotFound
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

PAGE_SIZE = 50
CHUNK_SIZE = 500
MAX_ROWS_SCANNED = 5_000
"""Rows read for one page; staff with a small scope may get pages with fewer orders."""
MAX_PEOPLE_SUMMED = 20_000
"""People of a scope up to which the orders are added up while somebody waits."""

ANY_REFUND = "any_refund"
"""Stands for orders that are partly or fully refunded."""
Cursor = tuple[int, int]
"""Time of payment in microseconds, and id, of the last order that was read."""


@dataclass(frozen=True, kw_only=True)
class OrderFilters:
    """`state` is a status of orders, or ANY_REFUND.

    `member` is any account of a member, `source` a `source_id`. All but the orders with
    the `ids` are left out, if these are given.
    """

    state: str = ""
    member: int | None = None
    key: str = ""
    source: int | None = None
    ids: tuple[int, ...] | None = None

    @property
    def is_empty(self) -> bool:
        return self == OrderFilters()


@dataclass(frozen=True)
class Page:
    orders: list[Order]
    next: Cursor | None


def get(*, by: Staff, pk: int, at: datetime) -> Order:
    """Return the order; a hidden one raises OrderNotFound like one that does not exist."""
    found = list(Order.objects.filter(community_id=by.community_id, pk=pk))
    for order in _filter_visible(by, found, at):
        return order
    raise OrderNotFound(_("There is no such order."))


def find_ids(
    community: Community, identities: Iterable[tuple[str, int]]
) -> tuple[int, ...]:
    """Return the ids of the orders with these keys and sources that still exist."""
    wanted = set(identities)
    found: list[int] = []
    for chunk in account_queries.chunks(sorted({key for key, _source in wanted})):
        rows = Order.objects.filter(community_id=community.pk, key__in=chunk)
        found += [
            pk
            for pk, key, source in rows.values_list("pk", "key", "source_id")
            if (key, source) in wanted
        ]
    return tuple(sorted(found))


def page(
    *,
    by: Staff,
    at: datetime,
    filters: OrderFilters,
    before: Cursor | None = None,
    limit: int = PAGE_SIZE,
) -> Page:
    """Return up to `limit` orders older than `before`.

    A scope is applied to chunks of rows. The page ends early, with a `next`, after
    MAX_ROWS_SCANNED rows.
    """
    rows = _select(by, filters, at).order_by("-paid_at", "-pk")
    found = list[Order]()
    # One more than the page shows whether there is a next page.
    chunk_size = CHUNK_SIZE if by.scope is not None else limit + 1
    position, scanned = before, 0
    while scanned < MAX_ROWS_SCANNED:
        older = rows
        if position is not None:
            paid_at = timestamps.from_micros(position[0])
            # The first condition bounds the scan of the index, the second one drops
            # rows at its edge.
            older = rows.filter(paid_at__lte=paid_at)
            # Orders paid at the same microsecond are in the order of their ids.
            older = older.exclude(paid_at=paid_at, pk__gte=position[1])
        chunk = list(older[:chunk_size])
        found += _filter_visible(by, chunk, at)
        scanned += len(chunk)
        if len(found) > limit:
            return Page(found[:limit], cursor(found[limit - 1]))
        if len(chunk) < chunk_size:
            return Page(found, None)
        position = cursor(chunk[-1])
    return Page(found, position)


def cursor(order: Order) -> Cursor:
    return timestamps.to_micros(order.paid_at), order.pk


def _select(by: Staff, filters: OrderFilters, at: datetime) -> models.QuerySet[Order]:
    rows = Order.objects.filter(community_id=by.community_id)
    if filters.key:
        rows = rows.filter(key=filters.key)
    if filters.ids is not None:
        rows = rows.filter(pk__in=filters.ids)
    if filters.source is not None:
        rows = rows.filter(source_id=filters.source)
    if filters.member is not None:
        visibility.check_visible(by=by, accounts=[filters.member], at=at)
        rows = rows.filter(
            account_id__in=account_queries.account_ids_of_person(filters.member)
        )
    paid = models.F("amount")
    if filters.state == PAID:
        rows = rows.filter(refunded_amount=0)
    elif filters.state == ANY_REFUND:
        rows = rows.filter(refunded_amount__gt=0)
    elif filters.state == PARTLY_REFUNDED:
        rows = rows.filter(refunded_amount__gt=0, refunded_amount__lt=paid)
    elif filters.state == REFUNDED:
        rows = rows.filter(refunded_amount__gt=0, refunded_amount__gte=paid)
    return rows


def _filter_visible(by: Staff, orders: Sequence[Order], at: datetime) -> list[Order]:
    """Return the orders of visible members; with a scope, none without a member."""
    if by.scope is None:
        return list(orders)
    person_ids = _person_ids(orders)
    visible = visibility.filter_visible(by=by, accounts=person_ids, at=at)
    return [
        order for order in orders if person_ids.get(order.account_id or 0) in visible
    ]


def _person_ids(orders: Iterable[Order]) -> dict[int, int]:
    return account_queries.person_ids(
        order.account_id for order in orders if order.account_id
    )


def find_buyers(orders: Iterable[Order]) -> dict[int, account_models.Account]:
    """Return the first account of each buyer, by the account that an order names."""
    person_ids = _person_ids(orders)
    buyers = account_models.Account.objects.in_bulk(set(person_ids.values()))
    return {
        account: buyers[person_id]
        for account, person_id in person_ids.items()
        if person_id in buyers
    }


SUMS = {
    "orders": models.Count("pk"),
    "paid": models.Sum("amount"),
    "refunded": models.Sum("refunded_amount"),
}


def totals(*, by: Staff, filters: OrderFilters, at: datetime) -> list[Totals] | None:
    """Return one row per currency, the most frequent first.

    Orders of people who work here count only in a list of one person. Returns None where a scope has too many people to add up their orders.
    """
    if by.scope is not None and filters.member is None:
        # Beyond that, adding up takes longer than staff should have to wait.
        people = visibility.visible_people(by=by, at=at)
        if len(people) > MAX_PEOPLE_SUMMED:
            return None
    return _sum_visible(by, filters, at, _select(by, filters, at))


def _sum_visible(
    by: Staff, filters: OrderFilters, at: datetime, rows: models.QuerySet[Order]
) -> list[Totals]:
    if filters.member is not None:
        return _add_up([rows])
    if by.scope is None:
        staff = audiences.uncounted_accounts(community=by.community, at=at)
        return _add_up(
            [rows],
            without=[
                rows.filter(account_id__in=chunk)
                for chunk in account_queries.chunks(staff)
            ],
        )
    visible = visibility.visible_people(by=by, at=at)
    visible -= audiences.uncounted_people(community=by.community, at=at)
    by_person = account_queries.accounts_by_person(visible)
    accounts = sorted(itertools.chain.from_iterable(by_person.values()))
    return _add_up(
        rows.filter(account_id__in=chunk) for chunk in account_queries.chunks(accounts)
    )


def _add_up(
    parts: Iterable[models.QuerySet[Order]],
    *,
    without: Sequence[models.QuerySet[Order]] = (),
) -> list[Totals]:
    """Return the totals of the parts, less those `without`, which are parts of them."""
    sums: dict[str, Totals] = {}
    first, last = models.Min("currency"), models.Max("currency")
    signed = itertools.chain(
        ((part, 1) for part in parts), ((part, -1) for part in without)
    )
    for part, sign in signed:
        rows = part.order_by()
        # GROUP BY takes five times as long as the sums, and there is mostly one currency.
        one = rows.aggregate(first=first, last=last, **SUMS)
        found: Any = [one | {"currency": one["first"]}]
        if one["first"] != one["last"]:
            found = rows.values("currency").annotate(**SUMS)
        for row in found:
            if not row["orders"]:
                continue
            old = sums.get(row["currency"], Totals(0, 0, 0, row["currency"]))
            sums[old.currency] = Totals(
                old.orders + sign * int(row["orders"]),
                old.paid + sign * int(row["paid"]),
                old.refunded + sign * int(row["refunded"]),
                old.currency,
            )
    counted = [total for total in sums.values() if total.orders]
    return sorted(counted, key=lambda row: (-row.orders, row.currency))


def sales(
    *, by: Staff, filters: OrderFilters, at: datetime, totals: Sequence[Totals]
) -> Sales:
    """Return the totals of a list in the community's currency, see `order_totals.convert`.

    `totals` are those that `totals()` has returned for the same filters.
    """
    rows = _select(by, filters, at)

    def sum_span(currency: str, begin: int, end: int) -> tuple[int, int, int]:
        some = rows.filter(
            currency=currency,
            paid_at__gte=timestamps.from_micros(begin),
        )
        if end < exchange_rates.NEVER_ENDS:
            some = some.filter(paid_at__lt=timestamps.from_micros(end))
        found = {total.currency: total for total in _sum_visible(by, filters, at, some)}
        one = found.get(currency, Totals(0, 0, 0, currency))
        return one.orders, one.paid, one.refunded

    return order_totals.convert(by.community, totals, sum_span)
