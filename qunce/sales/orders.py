"""Orders: what members paid, and what they were given back.

An order is known by its key, unique in its community, so the same webhook, import row
or retry is taken once. Its row says how it stands now; the fact log says how it came
to that, and the facts of an order always add up to its row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, money, permissions, text_validation, timestamps
from qunce.core.facts import facts, interned_names

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

RECORD = permissions.declare(
    "orders.write", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
"""For people and programs; files are let in by the permission to import."""


class Order(models.Model):
    """`amount` and `refunded_amount` are in the currency's smallest unit.

    Integers without foreign keys and one short text, as orders come by the million.
    `items` is a JSON list of what was in it, each {category, name, quantity, amount} as
    far as known; `details` a JSON object of a file's further columns. A cancellation
    whose order nobody knows is a row that was paid nothing and refunded something: only
    the importer makes such rows.
    """

    community_id = models.IntegerField()
    key = models.TextField()
    account_id = models.BigIntegerField(null=True)
    paid_at = timestamps.TimestampField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    items = models.TextField(null=True)  # noqa: DJ001 - null is "nobody told us"
    details = models.TextField(null=True)  # noqa: DJ001 - null is "nothing else"
    refunded_at = timestamps.TimestampField(null=True)
    refunded_amount = models.BigIntegerField(default=0)
    source_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "key"], name="one_order_a_key"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="orders_of_an_account"),
            # Holds what `totals` adds up: it need not read the orders themselves.
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
    """`order` is its key, `categories` the distinct ones of its items, sorted."""

    kind = "order.paid"
    label = gettext_lazy("paid an order")
    order: str
    amount: int
    currency: str
    categories: Sequence[str] = ()


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderRefunded(facts.FactKind):
    """`amount` is this refund's, not the sum of all."""

    kind = "order.refunded"
    label = gettext_lazy("was refunded for an order")
    order: str
    amount: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderAmended(facts.FactKind):
    """Its source says now that another amount was paid; `amount` is the difference.

    It happened when the order was paid, so that every day's sum comes right.
    """

    kind = "order.amended"
    label = gettext_lazy("had an order amount corrected")
    order: str
    amount: int


SPEND = {OrderPaid.kind: 1, OrderAmended.kind: 1, OrderRefunded.kind: -1}
"""What a member spent: the signed sum of `amount` over these kinds of facts."""


class InvalidOrder(errors.Invalid):
    """An order needs a key, a currency of three letters and no negative amount."""


class RefundTooLarge(errors.Refused):
    """More would be given back than was paid."""


class UnknownOrder(errors.NotFound):
    """There is no such order."""


def check_order(*, key: str, amount: int, currency: str) -> None:
    if not key.strip() or not text_validation.is_text(key):
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
            % {"key": order.key, "left": money.show(max(left, 0), order.currency)}
        )


def may_refund(order: Order, amount: int) -> bool:
    try:
        check_refund(order, amount)
    except errors.QunceError:
        return False
    return True


def categories(items: Sequence[dict[str, Any]] | None) -> list[str]:
    """Distinct categories of an order's items, sorted."""
    return sorted({item["category"] for item in items or () if item.get("category")})


@transaction.atomic
def pay(
    *,
    community: Community,
    key: str,
    account: int | None,
    amount: int,
    paid_at: datetime,
    by: Staff | None,
    at: datetime,
    currency: str,
    items: Sequence[dict[str, Any]] | None = None,
    source: str | None = None,
) -> Order:
    """Take an order; one that is known is amended where its amount differs."""
    check_order(key=key, amount=amount, currency=currency)
    order, is_new = _taken(
        community,
        key,
        account_id=account,
        paid_at=paid_at,
        amount=amount,
        currency=currency,
        items=dump_items(items),
        source_id=_source_id(community, source),
    )
    if is_new:
        _record(_paid(order, items), community, paid_at, by, at)
    else:
        amend(community=community, order=order, amount=amount, by=by, at=at)
    return order


def _taken(community: Community, key: str, **about: Any) -> tuple[Order, bool]:
    known = Order.objects.filter(community_id=community.pk)
    about["community_id"] = community.pk
    order, is_new = known.get_or_create(key=key, defaults=about)
    check_currency(order, about["currency"])
    return order, is_new


@transaction.atomic
def amend(
    *,
    community: Community,
    order: Order,
    amount: int,
    by: Staff | None,
    at: datetime,
) -> None:
    """Set right what was paid; the same amount again changes nothing."""
    order = _locked(order)
    difference = amount - order.amount
    if not difference:
        return
    check_order(key=order.key, amount=amount, currency=order.currency)
    if amount < order.refunded_amount:
        raise RefundTooLarge(
            _("Order %(key)s: %(amount)s is less than what was already refunded.")
            % {"key": order.key, "amount": money.show(amount, order.currency)}
        )
    Order.objects.filter(pk=order.pk).update(amount=amount)
    event = OrderAmended(account=order.account_id, order=order.key, amount=difference)
    _record(event, community, order.paid_at, by, at)


@transaction.atomic
def refund(
    *,
    community: Community,
    key: str,
    refunded_at: datetime,
    by: Staff | None,
    at: datetime,
    amount: int | None = None,
) -> Order:
    """Give back `amount` more, or all that is left; never more than was paid."""
    order = _locked(get(community, key))
    amount = order.amount - order.refunded_amount if amount is None else amount
    check_refund(order, amount)
    return _give_back(community, order, amount, refunded_at, by, at)


@transaction.atomic
def refund_to(
    *,
    community: Community,
    key: str,
    total: int,
    refunded_at: datetime,
    by: Staff | None,
    at: datetime,
) -> Order:
    """Give back until `total` is refunded, for sources that repeat themselves."""
    order = _locked(get(community, key))
    missing = total - order.refunded_amount
    if missing <= 0:
        return order
    check_refund(order, missing)
    return _give_back(community, order, missing, refunded_at, by, at)


def _give_back(
    community: Community,
    order: Order,
    amount: int,
    refunded_at: datetime,
    by: Staff | None,
    at: datetime,
) -> Order:
    order.refunded_amount += amount
    order.refunded_at = refunded_at
    order.save(update_fields=["refunded_amount", "refunded_at"])
    event = OrderRefunded(account=order.account_id, order=order.key, amount=amount)
    _record(event, community, refunded_at, by, at)
    return order


def disown(*, community: Community, accounts: Sequence[int]) -> int:
    """Orders of erased people stay as money without a person; returns how many."""
    theirs = Order.objects.filter(community_id=community.pk, account_id__in=accounts)
    return theirs.update(account_id=None)


def disown_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """A reaction: the orders of who is erased are nobody's."""
    gone = [fact.account for fact in facts if fact.account is not None]
    disown(community=community, accounts=gone)


def get(community: Community, key: str) -> Order:
    try:
        return Order.objects.get(community_id=community.pk, key=key)
    except Order.DoesNotExist:
        raise UnknownOrder(_("There is no order “%(key)s”.") % {"key": key}) from None


@dataclass(frozen=True)
class Totals:
    """How a community's orders stand: `paid` before refunds, in `currency`'s units."""

    orders: int
    paid: int
    refunded: int
    currency: str


TOTALS = """
SELECT currency, COUNT(*), SUM(amount), SUM(refunded_amount) FROM sales_order
WHERE community_id = %s GROUP BY currency ORDER BY COUNT(*) DESC, currency
"""


def totals(community: Community) -> list[Totals]:
    """One a currency, the most frequent first; money of two currencies is never added."""
    return [
        Totals(int(count), int(paid), int(refunded), currency)
        for currency, count, paid, refunded in db.rows(TOTALS, [community.pk])
    ]


def _locked(order: Order) -> Order:
    """The row as it is now, held until the commit: two refunds wait for each other."""
    return Order.objects.select_for_update().get(pk=order.pk)


def _record(
    event: facts.FactKind,
    community: Community,
    happened: datetime,
    by: Staff | None,
    at: datetime,
) -> None:
    facts.record_many([event], community=community, by=by, at=at, happened=[happened])


def dump_items(items: Sequence[dict[str, Any]] | None) -> str | None:
    if not items:
        return None
    text = json.dumps(list(items), ensure_ascii=False, separators=(",", ":"))
    if not text_validation.is_text(text):
        raise InvalidOrder(_("This contains characters that cannot be stored."))
    return text


def _source_id(community: Community, source: str | None) -> int | None:
    return (
        interned_names.ensure("source", community.pk, [source])[source]
        if source
        else None
    )


def _paid(order: Order, items: Sequence[dict[str, Any]] | None) -> OrderPaid:
    return OrderPaid(
        account=order.account_id,
        order=order.key,
        amount=order.amount,
        currency=order.currency,
        categories=categories(items),
    )
