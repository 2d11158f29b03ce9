"""Orders of those who came, within some hours after the start, by currency.

Orders belong to sales, which activities do not know; their facts say all that is needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qunce.activities.live_sessions.models import LiveSession
from qunce.core import money
from qunce.members.accounts import queries as account_queries
from qunce.sets import timelines

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.facts.facts import RecordedFact

PAID, REFUNDED, AMENDED = "order.paid", "order.refunded", "order.amended"
MIN_HOURS, MAX_HOURS = 1, 168
Key = tuple[int, str]


@dataclass(frozen=True, kw_only=True)
class Total:
    """Orders in one currency; amounts are in its smallest unit.

    `paid` is before refunds, `refunded` is what was refunded of these orders until now.
    """

    currency: str
    orders: int
    paid: int
    refunded: int

    @property
    def net(self) -> int:
        return self.paid - self.refunded

    @property
    def paid_text(self) -> str:
        return money.format_with_currency(self.paid, self.currency)

    @property
    def refunded_text(self) -> str:
        return money.format_with_currency(self.refunded, self.currency)

    @property
    def net_text(self) -> str:
        return money.format_with_currency(self.net, self.currency)


@dataclass(frozen=True, kw_only=True)
class Orders:
    """`buyers` counts people; money of two currencies is never added up."""

    buyers: int
    totals: tuple[Total, ...]

    @property
    def count(self) -> int:
        return sum(total.orders for total in self.totals)


NONE = Orders(buyers=0, totals=())


def find(activity: Activity, people: Collection[int], at: datetime) -> Orders:
    """The orders of these people from the start until `order_hours` after it."""
    session = LiveSession.objects.filter(activity=activity).first()  # unique
    hours = activity.settings["order_hours"]
    if session is None or hours is None or not people or at < session.starts_at:
        return NONE
    by_person = account_queries.accounts_by_person(people)
    found = timelines.list_facts_of_kinds(
        community=activity.community,
        kinds=(PAID, AMENDED, REFUNDED),
        since=session.starts_at,
        until=at,
        accounts=sorted(pk for own in by_person.values() for pk in own),
    )
    return add_up(
        found,
        until=session.starts_at + timedelta(hours=hours),
        people=account_queries.invert(by_person),
        currency=activity.community.currency,
    )


def add_up(
    found: Iterable[RecordedFact],
    *,
    until: datetime,
    people: Mapping[int, int],
    currency: str,
) -> Orders:
    """Orders paid until then, with the refunds of them whenever they were.

    `people` maps accounts to people, `currency` is that of facts which name none.
    """
    facts = list(found)
    paid = [fact for fact in facts if fact.kind == PAID and fact.happened_at <= until]
    currency_of = {
        _key(fact): str(fact.payload.get("currency") or currency) for fact in paid
    }
    amounts: dict[str, dict[str, int]] = {}
    for fact in facts:
        code = currency_of.get(_key(fact))
        is_counted = fact.kind == REFUNDED or fact.happened_at <= until
        if code is not None and is_counted:
            own = amounts.setdefault(code, {PAID: 0, REFUNDED: 0, AMENDED: 0})
            own[fact.kind] += int(fact.payload.get("amount") or 0)
    codes = list(currency_of.values())
    totals = [
        Total(
            currency=code,
            orders=codes.count(code),
            paid=own[PAID] + own[AMENDED],
            refunded=own[REFUNDED],
        )
        for code, own in sorted(amounts.items())
    ]
    buyers = {people.get(fact.account or 0) for fact in paid}
    return Orders(buyers=len(buyers), totals=tuple(totals))


def _key(fact: RecordedFact) -> Key:
    """The key of an order: two shops may use the same number."""
    return fact.source or 0, str(fact.payload.get("order", ""))
