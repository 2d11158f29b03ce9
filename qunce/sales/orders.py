"""Orders: what members paid and what was refunded to them.

An order is identified by its source and its key, so a webhook, an import row or a retry
that arrives twice is recorded once, and two shops may use the same number. The row holds
the current state of the order and the fact log its history; the facts of an order always
add up to its row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    db,
    errors,
    exchange_rates,
    money,
    permissions,
    text_validation,
    timestamps,
)
from qunce.core.facts import facts, interned_names
from qunce.sets import fact_withdrawals

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

WRITE = permissions.declare(
    "orders.write", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
"""For staff and programs; importing files needs the permission to import instead."""


class Order(models.Model):
    """`amount` and `refunded_amount` are in the currency's smallest unit.

    The row has integers instead of foreign keys, as there are millions of orders.
    `items` is a JSON list of {category, name, quantity, amount} as far as known, and
    `details` a JSON object with the further columns of an imported file. `refunds` is a
    JSON list of [microseconds, amount], whose sum is `refunded_amount`. A cancellation of
    an unknown order is a row with nothing paid and something refunded; only the importer
    creates such rows. `source_id` is the name of the shop or program, 0 for none.
    """

    community_id = models.IntegerField()
    key = models.TextField()
    source_id = models.IntegerField(default=0)
    account_id = models.BigIntegerField(null=True)
    paid_at = timestamps.TimestampField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    items = models.TextField(null=True)  # noqa: DJ001 - null means unknown
    details = models.TextField(null=True)  # noqa: DJ001 - null means none
    refunded_at = timestamps.TimestampField(null=True)
    refunded_amount = models.BigIntegerField(default=0)
    refunds = models.TextField(null=True)  # noqa: DJ001 - null means none

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "key", "source_id"],
                name="one_order_per_source_and_key",
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="orders_by_account"),
            # Covers `totals`, which then need not read the orders themselves.
            models.Index(
                fields=[
                    "community_id",
                    "paid_at",
                    "currency",
                    "amount",
                    "refunded_amount",
                ],
                name="order_sums_by_time",
            ),
            models.Index(
                fields=["community_id", "paid_at"],
                name="refunded_orders_by_time",
                condition=models.Q(refunded_amount__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.key


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderPaid(facts.FactKind):
    """`order` is the key; `categories` are the distinct ones of the items, sorted."""

    kind = "order.paid"
    label = gettext_lazy("paid an order")
    money = ("amount",)
    order: str
    amount: int
    currency: str
    categories: Sequence[str] = ()


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderRefunded(facts.FactKind):
    """`amount` is that of this refund, not the sum of all refunds.

    `paid_at` is the microsecond of the payment, whose exchange rate holds for refunds.
    """

    kind = "order.refunded"
    label = gettext_lazy("was refunded for an order")
    money = ("amount",)
    order: str
    amount: int
    currency: str
    paid_at: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderAmended(facts.FactKind):
    """The amount paid was corrected; `amount` is the difference.

    `happened_at` is the time of payment, so that the sums of past days become right.
    """

    kind = "order.amended"
    label = gettext_lazy("had an order amount corrected")
    money = ("amount",)
    instead = gettext_lazy(
        "Report order.paid again with the right amount, or import the orders."
    )
    order: str
    amount: int
    currency: str


SPEND = {OrderPaid.kind: 1, OrderAmended.kind: 1, OrderRefunded.kind: -1}
"""What a member spent is the sum of `amount` over these facts, with these signs."""


# States, and the facts that lead from one to another


@dataclass(frozen=True, kw_only=True)
class OrderState:
    """What the facts of an order add up to; times are in microseconds.

    `refunds` are pairs of time and amount.
    """

    account: int | None
    paid_at: int
    amount: int
    refunds: tuple[tuple[int, int], ...] = ()

    @property
    def refunded(self) -> int:
        return sum(amount for _at, amount in self.refunds)

    @property
    def is_paid(self) -> bool:
        """Whether there was a payment: not for the cancellation of an unknown order."""
        return self.amount >= self.refunded

    @property
    def moments(self) -> set[int]:
        """When the facts of this state happened."""
        return {self.paid_at, *(at for at, _amount in self.refunds)}


@dataclass(frozen=True)
class OrderLabel:
    """What all facts of an order name."""

    key: str
    currency: str
    categories: Sequence[str] = ()


Event = tuple[facts.FactKind, int]
"""A fact and the microsecond when it happened."""


def list_facts(label: OrderLabel, state: OrderState) -> list[Event]:
    """Return all facts of an order that is new."""
    events: list[Event] = []
    if state.is_paid:
        payment = OrderPaid(
            account=state.account,
            order=label.key,
            amount=state.amount,
            currency=label.currency,
            categories=label.categories,
        )
        events.append((payment, state.paid_at))
    return events + list_refund_facts(label, state)


def list_refund_facts(label: OrderLabel, state: OrderState) -> list[Event]:
    return [_refund_fact(label, state, refund) for refund in state.refunds]


def list_corrections(
    label: OrderLabel, before: OrderState, after: OrderState
) -> list[Event]:
    """Return the facts that lead from one state to another of the same member and time."""
    if not before.is_paid:
        events = list_facts(label, replace(after, refunds=()))
    elif after.amount != before.amount:
        event = OrderAmended(
            account=after.account,
            order=label.key,
            amount=after.amount - before.amount,
            currency=label.currency,
        )
        events = [(event, after.paid_at)]
    else:
        events = []
    known = list(before.refunds)
    for refund in after.refunds:
        if refund in known:
            known.remove(refund)
        else:
            events.append(_refund_fact(label, after, refund))
    return events


def moves(before: OrderState, after: OrderState) -> bool:
    """Whether the member or the time changes, so that the facts are recorded again."""
    return (before.account, before.paid_at) != (after.account, after.paid_at)


def _refund_fact(
    label: OrderLabel, state: OrderState, refund: tuple[int, int]
) -> Event:
    at, amount = refund
    event = OrderRefunded(
        account=state.account,
        order=label.key,
        amount=amount,
        currency=label.currency,
        paid_at=state.paid_at,
    )
    return event, at


def state_of(order: Order) -> OrderState:
    return OrderState(
        account=order.account_id,
        paid_at=timestamps.to_micros(order.paid_at),
        amount=order.amount,
        refunds=load_refunds(order.refunds),
    )


def load_refunds(text: str | None) -> tuple[tuple[int, int], ...]:
    return tuple((at, amount) for at, amount in json.loads(text or "[]"))


def dump_refunds(refunds: Sequence[tuple[int, int]]) -> str | None:
    """Return refunds as JSON in the order of time, None without any."""
    if not refunds:
        return None
    return json.dumps(sorted(refunds), separators=(",", ":"))


class InvalidOrder(errors.Invalid):
    """An order needs a key, a currency of three letters and an amount of 0 or more."""


class RefundTooLarge(errors.Refused):
    """The refund is more than what was paid."""


class OrderNotFound(errors.NotFound):
    """There is no such order."""


class AmbiguousOrder(errors.Invalid):
    """Several sources have an order of this number."""


def check_order(*, key: str, amount: int, currency: str) -> None:
    if not key.strip() or not text_validation.is_valid(key):
        raise InvalidOrder(_("An order needs a key."))
    if amount < 0:
        raise InvalidOrder(
            _("Order %(key)s: the amount is below zero. Record it as a refund.")
            % {"key": key}
        )
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise InvalidOrder(
            _("Order %(key)s: “%(currency)s” is not a currency; write it like USD.")
            % {"key": key, "currency": currency}
        )


def check_currency(order: Order, currency: str) -> None:
    if order.currency != currency:
        raise InvalidOrder(
            _("Order %(key)s was paid in %(known)s, not in %(currency)s.")
            % {"key": order.key, "known": order.currency, "currency": currency}
        )


def check_refund(order: Order, amount: int) -> None:
    if amount <= 0:
        raise InvalidOrder(_("A refund must be more than zero."))
    left = order.amount - order.refunded_amount
    if amount > left:
        raise RefundTooLarge(
            _("Order %(key)s: only %(left)s can still be refunded.")
            % {
                "key": order.key,
                "left": money.format_amount(max(left, 0), order.currency),
            }
        )


def may_refund(order: Order, amount: int) -> bool:
    try:
        check_refund(order, amount)
    except errors.QunceError:
        return False
    return True


PAID, PARTLY_REFUNDED, REFUNDED = "paid", "partly_refunded", "refunded"
STATUSES = (PAID, PARTLY_REFUNDED, REFUNDED)


def status_of(order: Order) -> str:
    """Return which of STATUSES the amounts of an order amount to."""
    if not order.refunded_amount:
        return PAID
    return PARTLY_REFUNDED if order.refunded_amount < order.amount else REFUNDED


def list_categories(items: Sequence[dict[str, Any]] | None) -> list[str]:
    """Return the distinct categories of an order's items, sorted."""
    return sorted({item["category"] for item in items or () if item.get("category")})


# Verbs


@transaction.atomic
def record_payment(
    *,
    community: Community,
    key: str,
    account: int | None,
    amount: int,
    by: Staff | None,
    at: datetime,
    currency: str,
    paid_at: datetime | None = None,
    items: Sequence[dict[str, Any]] | None = None,
    source: str | None = None,
) -> Order:
    """Create a paid order; an existing one is amended where it differs.

    An order without `paid_at` was paid now; without it an existing one keeps its time,
    and without an account its member.
    """
    check_order(key=key, amount=amount, currency=currency)
    # Two webhooks of one order may arrive at the same time; the unique key decides.
    order, is_new = Order.objects.get_or_create(
        community_id=community.pk,
        key=key,
        source_id=ensure_source(community, source),
        defaults={
            "account_id": account,
            "paid_at": paid_at or at,
            "amount": amount,
            "currency": currency,
            "items": dump_items(items),
        },
    )
    # After the row is there: of two payments with one key, the second is checked
    # against the first.
    check_currency(order, currency)
    if is_new:
        _record(list_facts(_label(order), state_of(order)), community, order, by, at)
        return order
    # The same payment may be reported again, with corrections.
    return amend(
        community=community,
        order=order,
        amount=amount,
        account=account,
        paid_at=paid_at,
        by=by,
        at=at,
    )


@transaction.atomic
def amend(
    *,
    community: Community,
    order: Order,
    amount: int | None = None,
    account: int | None = None,
    paid_at: datetime | None = None,
    by: Staff | None,
    at: datetime,
) -> Order:
    """Correct the amount paid, the member or the time; what is None stays.

    Returns the corrected order. The same again changes nothing.
    """
    order = _lock(order)
    before = state_of(order)
    after = replace(
        before,
        amount=before.amount if amount is None else amount,
        account=before.account if account is None else account,
        paid_at=before.paid_at if paid_at is None else timestamps.to_micros(paid_at),
    )
    if after == before:
        return order
    check_order(key=order.key, amount=after.amount, currency=order.currency)
    if after.amount < after.refunded:
        raise RefundTooLarge(
            _("Order %(key)s: %(amount)s is less than what was already refunded.")
            % {
                "key": order.key,
                "amount": money.format_amount(after.amount, order.currency),
            }
        )
    return _change(community, order, before, after, by, at)


def refund(
    *,
    community: Community,
    key: str,
    refunded_at: datetime,
    by: Staff | None,
    at: datetime,
    amount: int | None = None,
    source: str | None = None,
) -> Order:
    """Refund the order of this number, see `refund_order`."""
    return refund_order(
        community=community,
        order=get(community, key, source),
        amount=amount,
        refunded_at=refunded_at,
        by=by,
        at=at,
    )


@transaction.atomic
def refund_order(
    *,
    community: Community,
    order: Order,
    refunded_at: datetime,
    by: Staff | None,
    at: datetime,
    amount: int | None = None,
) -> Order:
    """Refund `amount`, or what is left of the order; never more than was paid."""
    order = _lock(order)
    # After the lock, so that two full refunds cannot both see the whole amount.
    amount = order.amount - order.refunded_amount if amount is None else amount
    return _refund(community, order, amount, refunded_at, by, at)


@transaction.atomic
def refund_up_to(
    *,
    community: Community,
    key: str,
    total: int,
    refunded_at: datetime,
    by: Staff | None,
    at: datetime,
    source: str | None = None,
) -> Order:
    """Refund what is missing up to `total`, for sources that report running totals."""
    order = _lock(get(community, key, source))
    missing = total - order.refunded_amount
    if missing <= 0:
        return order
    return _refund(community, order, missing, refunded_at, by, at)


def _refund(
    community: Community,
    order: Order,
    amount: int,
    refunded_at: datetime,
    by: Staff | None,
    at: datetime,
) -> Order:
    # The row is locked by the caller, so that the sum cannot be lost.
    check_refund(order, amount)
    before = state_of(order)
    refunds = (*before.refunds, (timestamps.to_micros(refunded_at), amount))
    return _change(community, order, before, replace(before, refunds=refunds), by, at)


def _change(
    community: Community,
    order: Order,
    before: OrderState,
    after: OrderState,
    by: Staff | None,
    at: datetime,
) -> Order:
    """Store the state and record what leads to it, of an order that is locked."""
    order.account_id, order.amount = after.account, after.amount
    order.paid_at = timestamps.from_micros(after.paid_at)
    order.refunds, order.refunded_amount = dump_refunds(after.refunds), after.refunded
    last = max((moment for moment, _amount in after.refunds), default=None)
    order.refunded_at = None if last is None else timestamps.from_micros(last)
    order.save()
    label = _label(order)
    if moves(before, after):
        # The old facts are taken out of the log, as counts of them cannot be negative.
        fact_withdrawals.withdraw(
            fact_withdrawals.find_ids(
                community, SPEND, [(order.key, before.account, before.moments)]
            )
        )
        events = list_facts(label, after)
    else:
        events = list_corrections(label, before, after)
    _record(events, community, order, by, at)
    return order


def unlink_members(*, community: Community, accounts: Sequence[int]) -> int:
    """Keep the orders of erased members without an account; returns how many."""
    orders = Order.objects.filter(community_id=community.pk, account_id__in=accounts)
    # The sums of past days stay right, which they would not without the orders.
    return orders.update(account_id=None)


def unlink_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to erased members: unlink their orders."""
    erased = [fact.account for fact in facts if fact.account is not None]
    unlink_members(community=community, accounts=erased)


# Reads


def get(community: Community, key: str, source: str | None = None) -> Order:
    """Return the order of this number; raises AmbiguousOrder if several sources have one."""
    rows = Order.objects.filter(community_id=community.pk, key=key)
    if source is not None:
        rows = rows.filter(source_id=find_source(community, source))
    found = list(rows.order_by("pk")[:MAX_SOURCES_NAMED])
    if not found:
        raise OrderNotFound(_("There is no order “%(key)s”.") % {"key": key})
    if len(found) > 1:
        names = source_names(community)
        raise AmbiguousOrder(
            _("Several sources have an order “%(key)s”: %(sources)s. Give the source.")
            % {
                "key": key,
                "sources": ", ".join(names.get(o.source_id, "") or "–" for o in found),
            }
        )
    return found[0]


MAX_SOURCES_NAMED = 20


def source_names(community: Community) -> dict[int, str]:
    """Return the names of sources by the `source_id` of orders."""
    return interned_names.names_by_id("source", community.pk)


def find_source(community: Community, source: str) -> int:
    """Return the `source_id` of orders, -1 for a source that has none."""
    found = interned_names.find("source", community.pk, source) if source else 0
    return -1 if found is None else found


def ensure_source(community: Community, source: str | None) -> int:
    if not source:
        return 0
    return interned_names.ensure("source", community.pk, [source])[source]


@dataclass(frozen=True)
class Totals:
    """Sums of orders in one currency, in its smallest unit; `paid` is before refunds."""

    orders: int
    paid: int
    refunded: int
    currency: str

    @property
    def net(self) -> int:
        return self.paid - self.refunded


SELECT_TOTALS = """
SELECT currency, COUNT(*), SUM(amount), SUM(refunded_amount) FROM sales_order
WHERE community_id = %s GROUP BY currency ORDER BY COUNT(*) DESC, currency
"""
SELECT_SPAN = """
SELECT COUNT(*), COALESCE(SUM(amount), 0), COALESCE(SUM(refunded_amount), 0)
FROM sales_order WHERE community_id = %s AND currency = %s
    AND paid_at >= %s AND paid_at < %s
"""


def totals(community: Community) -> list[Totals]:
    """Return one row per currency, the most frequent first."""
    return [
        Totals(int(count), int(paid), int(refunded), currency)
        for currency, count, paid, refunded in db.rows(SELECT_TOTALS, [community.pk])
    ]


@dataclass(frozen=True)
class Sales:
    """Sums of orders in the community's currency, and those without a rate by currency.

    An order counts at the exchange rate of its payment, and so do its refunds.
    """

    total: Totals
    left_out: list[Totals]


def convert(
    community: Community,
    by_currency: Sequence[Totals],
    sum_span: Callable[[str, int, int], tuple[int, int, int]],
) -> Sales:
    """Add up sums of several currencies at their exchange rates.

    `sum_span` returns the count, paid and refunded of a currency from one microsecond to
    another.
    """
    own = next(
        (each for each in by_currency if each.currency == community.currency),
        Totals(0, 0, 0, community.currency),
    )
    factors = exchange_rates.list_factors(community)
    left_out = []
    count, paid, refunded = own.orders, [(own.paid, ONE)], [(own.refunded, ONE)]
    for each in by_currency:
        if each.currency == community.currency:
            continue
        rest = each
        for factor in factors:
            if factor.currency != each.currency:
                continue
            some = sum_span(each.currency, factor.begin, factor.end)
            paid.append((some[1], factor.factor))
            refunded.append((some[2], factor.factor))
            count += some[0]
            rest = Totals(
                rest.orders - some[0],
                rest.paid - some[1],
                rest.refunded - some[2],
                rest.currency,
            )
        if rest.orders:
            left_out.append(rest)
    total = Totals(
        count,
        exchange_rates.convert(paid),
        exchange_rates.convert(refunded),
        community.currency,
    )
    return Sales(total, left_out)


ONE = Decimal(1)


def sales(community: Community) -> Sales:
    """Return what was paid and refunded in the community's currency."""

    def sum_span(currency: str, begin: int, end: int) -> tuple[int, int, int]:
        ((count, paid, refunded),) = db.rows(
            SELECT_SPAN, [community.pk, currency, begin, end]
        )
        return int(count), int(paid), int(refunded)

    return convert(community, totals(community), sum_span)


def _lock(order: Order) -> Order:
    """Return the current row, locked until the commit, so that refunds queue up."""
    return Order.objects.select_for_update().get(pk=order.pk)


def _label(order: Order) -> OrderLabel:
    categories = list_categories(load_items(order.items))
    return OrderLabel(order.key, order.currency, categories)


def _record(
    events: Sequence[Event],
    community: Community,
    order: Order,
    by: Staff | None,
    at: datetime,
) -> None:
    facts.record_many(
        [event for event, _moment in events],
        community=community,
        by=by,
        at=at,
        happened_at=[timestamps.from_micros(moment) for _event, moment in events],
        source=order.source_id or None,
    )


def load_items(text: str | None) -> Sequence[dict[str, Any]]:
    items = json.loads(text) if text else ()
    return [item for item in items if isinstance(item, dict)]


def item_amount(item: dict[str, Any], currency: str) -> int | None:
    """Return the amount of an item in the smallest unit, None if it is unknown.

    Programs give whole numbers of that unit, files decimals as text.
    """
    amount = item.get("amount")
    if isinstance(amount, int) and not isinstance(amount, bool):
        return amount
    if not isinstance(amount, str | float):
        return None
    try:
        return money.to_units(amount, currency)
    except money.InvalidMoney:
        return None


def dump_items(items: Sequence[dict[str, Any]] | None) -> str | None:
    """Return the items as JSON, None without any."""
    if not items:
        return None
    text = json.dumps(list(items), ensure_ascii=False, separators=(",", ":"))
    if not text_validation.is_valid(text):
        raise InvalidOrder(_("This contains characters that cannot be stored."))
    return text
