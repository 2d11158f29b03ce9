"""The columns of orders in the list of members: net spend, and the last order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import communities, day_texts, exchange_rates, money, timestamps
from qunce.members.accounts import queries as account_queries
from qunce.members.columns import columns
from qunce.members.columns.columns import Cell, Cells, Column, People
from qunce.sales.models import Order
from qunce.sets import person_totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qunce.core.communities import Community
    from qunce.members.columns.columns import Ints

PAID, REFUNDED = "order.paid", "order.refunded"


@dataclass(frozen=True)
class MemberSales:
    """What one person bought; `net` is after refunds, in the community's currency.

    `left_out` are currencies without an exchange rate, whose money is not in `net`.
    """

    orders: int
    net: int
    last_paid_at: datetime
    left_out: tuple[str, ...] = ()


def by_person(
    community: Community, people: Mapping[int, Sequence[int]]
) -> dict[int, MemberSales]:
    """Person → their orders; `people` maps person ids to account ids."""
    person_of = account_queries.invert(people)
    found: dict[int, list[tuple[int, str, int]]] = {}
    for chunk in account_queries.chunks(sorted(person_of)):
        rows = Order.objects.filter(account_id__in=chunk)
        names = ("account_id", "paid_at", "currency", "amount", "refunded_amount")
        for account, paid_at, currency, amount, refunded in rows.values_list(*names):
            micros = timestamps.to_micros(paid_at)
            own = found.setdefault(person_of[account], [])
            own.append((micros, currency, amount - refunded))
    factors = exchange_rates.list_factors(community)
    return {person: _add_up(community, own, factors) for person, own in found.items()}


def _add_up(
    community: Community,
    orders: Sequence[tuple[int, str, int]],
    factors: Sequence[exchange_rates.Factor],
) -> MemberSales:
    parts, left_out = [], set()
    for micros, currency, amount in orders:
        if currency == community.currency:
            parts.append((amount, Decimal(1)))
            continue
        factor = next(
            (
                each.factor
                for each in factors
                if each.currency == currency and each.begin <= micros < each.end
            ),
            None,
        )
        if factor is None:
            left_out.add(currency)
        else:
            parts.append((amount, factor))
    last = timestamps.from_micros(max(micros for micros, _currency, _sum in orders))
    net = exchange_rates.convert(parts)
    return MemberSales(len(orders), net, last, tuple(sorted(left_out)))


class SpendColumn(Column):
    key = "spend"
    label = gettext_lazy("Net spend")
    descends_first = True
    is_number = True
    is_default = True

    def cells(self, people: People) -> Cells:
        currency = people.community.currency
        cells = {}
        for person, sales in by_person(people.community, people.accounts).items():
            exact = money.format_amount(sales.net, currency)
            text = f"{Decimal(exact):,}"
            if sales.left_out:
                text = _("%(sum)s + %(others)s") % {
                    "sum": text,
                    "others": _(", ").join(sales.left_out),
                }
            cells[person] = Cell(text, exact)
        return cells

    def sort_values(self, community: Community, at: datetime) -> Ints:
        kinds = {PAID: 1, REFUNDED: -1}
        return person_totals.sum_amounts(community=community, kinds=kinds, at=at)


class LastOrderColumn(Column):
    key = "last_order"
    label = gettext_lazy("Last order")
    descends_first = True
    is_default = True

    def cells(self, people: People) -> Cells:
        zone = communities.zone(people.community)
        return {
            person: Cell(
                day_texts.moment(sales.last_paid_at, people.at, zone),
                f"{sales.last_paid_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            )
            for person, sales in by_person(people.community, people.accounts).items()
        }

    def sort_values(self, community: Community, at: datetime) -> Ints:
        return person_totals.last_days(community=community, kinds=[PAID], at=at)


@columns.register(20)
def _columns(community: Community) -> Iterable[Column]:
    return [SpendColumn(), LastOrderColumn()]
