"""Orders as an operator reads them: the newest first, nobody's outside their scope."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import timestamps
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sales.orders import Order, Totals, UnknownOrder

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

PAGE = 50
CHUNK = 500
LOOKED_AT = 5_000
"""Rows read for one page at most; who sees few people turns pages more often."""
FEW = 20_000
"""People of a scope whose orders are added up at once."""

Cursor = tuple[int, int]
"""Microseconds of payment and number of the last order looked at."""

STATES = ("kept", "refunded", "partly", "wholly")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`state` is one of STATES, `member` any account of a person, `key` a whole key."""

    state: str = ""
    member: int | None = None
    key: str = ""

    @property
    def is_everything(self) -> bool:
        return not self.state and self.member is None and not self.key


@dataclass(frozen=True)
class Page:
    orders: list[Order]
    next: Cursor | None


def get(*, by: Staff, pk: int, at: datetime) -> Order:
    """An order of somebody out of sight is as unknown as one that is not there."""
    found = list(Order.objects.filter(community_id=by.community_id, pk=pk))
    for order in _seen(by, found, at):
        return order
    raise UnknownOrder(_("There is no such order."))


def page(
    *,
    by: Staff,
    at: datetime,
    wanted: Wanted,
    before: Cursor | None = None,
    limit: int = PAGE,
) -> Page:
    """`limit` orders from `before` on; fewer, with more to come, where few are seen."""
    rows, found = _narrowed(by, wanted, at), list[Order]()
    place, looked = before, 0
    while looked < LOOKED_AT:
        some = list(
            _before(rows, place)[: CHUNK if by.scope is not None else limit + 1]
        )
        seen = _seen(by, some, at)
        found += seen
        looked += len(some)
        if len(found) > limit:
            return Page(found[:limit], cursor(found[limit - 1]))
        if len(some) < (CHUNK if by.scope is not None else limit + 1):
            return Page(found, None)
        place = cursor(some[-1])
    return Page(found, place)


def cursor(order: Order) -> Cursor:
    return timestamps.to_micros(order.paid_at), order.pk


def _before(
    rows: models.QuerySet[Order], place: Cursor | None
) -> models.QuerySet[Order]:
    if place is not None:
        moment = timestamps.from_micros(place[0])
        rows = rows.filter(paid_at__lte=moment)
        rows = rows.exclude(paid_at=moment, pk__gte=place[1])
    return rows.order_by("-paid_at", "-pk")


def _narrowed(by: Staff, wanted: Wanted, at: datetime) -> models.QuerySet[Order]:
    rows = Order.objects.filter(community_id=by.community_id)
    if wanted.key:
        rows = rows.filter(key=wanted.key)
    if wanted.member is not None:
        visibility.check_visible(by=by, accounts=[wanted.member], at=at)
        rows = rows.filter(
            account_id__in=account_queries.account_ids_of_person(wanted.member)
        )
    given_back = models.F("amount")
    if wanted.state == "kept":
        rows = rows.filter(refunded_amount=0)
    elif wanted.state == "refunded":
        rows = rows.filter(refunded_amount__gt=0)
    elif wanted.state == "partly":
        rows = rows.filter(refunded_amount__gt=0, refunded_amount__lt=given_back)
    elif wanted.state == "wholly":
        rows = rows.filter(refunded_amount__gt=0, refunded_amount__gte=given_back)
    return rows


def _seen(by: Staff, some: Sequence[Order], at: datetime) -> list[Order]:
    """Who sees a part of the community sees no orders of nobody known."""
    if by.scope is None:
        return list(some)
    heads = account_queries.person_ids(one.account_id for one in some if one.account_id)
    seen = visibility.filter_visible(by=by, accounts=heads, at=at)
    return [one for one in some if heads.get(one.account_id or 0) in seen]


def buyers(some: Iterable[Order]) -> dict[int, account_models.Account]:
    """Account of an order → the first account of whose it is."""
    heads = account_queries.person_ids(one.account_id for one in some if one.account_id)
    known = account_models.Account.objects.in_bulk(set(heads.values()))
    return {account: known[head] for account, head in heads.items() if head in known}


def state(order: Order) -> str:
    if not order.refunded_amount:
        return "kept"
    return "partly" if order.refunded_amount < order.amount else "wholly"


SUMS = {
    "orders": models.Count("pk"),
    "paid": models.Sum("amount"),
    "refunded": models.Sum("refunded_amount"),
}


def totals(*, by: Staff, wanted: Wanted, at: datetime) -> list[Totals] | None:
    """One a currency, the most frequent first; None where a scope is too wide for it."""
    rows = _narrowed(by, wanted, at)
    if by.scope is None or wanted.member is not None:
        return _added([rows])
    seen = visibility.visible_people(by=by, at=at)
    if len(seen) > FEW:
        return None
    families = account_queries.accounts_by_person(seen)
    accounts = sorted(itertools.chain.from_iterable(families.values()))
    return _added(
        rows.filter(account_id__in=some) for some in account_queries.chunks(accounts)
    )


def _added(parts: Iterable[models.QuerySet[Order]]) -> list[Totals]:
    sums: dict[str, Totals] = {}
    for rows in parts:
        for told in _by_currency(rows.order_by()):
            was = sums.get(told["currency"], Totals(0, 0, 0, told["currency"]))
            sums[was.currency] = Totals(
                was.orders + int(told["orders"]),
                was.paid + int(told["paid"]),
                was.refunded + int(told["refunded"]),
                was.currency,
            )
    return sorted(sums.values(), key=lambda one: (-one.orders, one.currency))


def _by_currency(rows: models.QuerySet[Order]) -> list[dict[str, Any]]:
    """Grouping costs five times the adding, and there is mostly one currency."""
    first, last = models.Min("currency"), models.Max("currency")
    whole: dict[str, Any] = rows.aggregate(first=first, last=last, **SUMS)
    if not whole["orders"]:
        return []
    if whole["first"] == whole["last"]:
        return [whole | {"currency": whole["first"]}]
    grouped: Any = rows.values("currency").annotate(**SUMS)
    return list(grouped)
