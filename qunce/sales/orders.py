"""Orders: what members paid and what was refunded to them.

An order is identified by its key, which is unique in its community, so a webhook, an
import row or a retry that arrives twice is recorded once. The row holds the current
state of the order and the fact log its history; the facts of an order always add up to
its row.
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

WRITE = permissions.declare(
    "orders.write", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
"""For staff and programs; importing files needs the permission to import instead."""


class Order(models.Model):
    """`amount` and `refunded_amount` are in the currency's smallest unit.

    The row has integers instead of foreign keys, as there are millions of orders.
    `items` is a JSON list of {category, name, quantity, amount} as far as known, and
    `details` a JSON object with the further columns of an imported file. A cancellation
    of an unknown order is a row with nothing paid and something refunded; only the
    importer creates such rows.
    """

    community_id = models.IntegerField()
    key = models.TextField()
    account_id = models.BigIntegerField(null=True)
    paid_at = timestamps.TimestampField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    items = models.TextField(null=True)  # noqa: DJ001 - null means unknown
    details = models.TextField(null=True)  # noqa: DJ001 - null means none
    refunded_at = timestamps.TimestampField(null=True)
    refunded_amount = models.BigIntegerField(default=0)
    source_id = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "key"], name="one_order_per_key"
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
    order: str
    amount: int
    currency: str
    categories: Sequence[str] = ()


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderRefunded(facts.FactKind):
    """`amount` is that of this refund, not the sum of all refunds."""

    kind = "order.refunded"
    label = gettext_lazy("was refunded for an order")
    order: str
    amount: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OrderAmended(facts.FactKind):
    """The amount paid was corrected; `amount` is the difference.

    `happened_at` is the time of payment, so that the sums of past days become right.
    """

    kind = "order.amended"
    label = gettext_lazy("had an order amount corrected")
    instead = gettext_lazy(
        "Report order.paid again with the right amount, or import the orders."
    )
    order: str
    amount: int


SPEND = {OrderPaid.kind: 1, OrderAmended.kind: 1, OrderRefunded.kind: -1}
"""What a member spent is the sum of `amount` over these facts, with these signs."""


class InvalidOrder(errors.Invalid):
    """An order needs a key, a currency of three letters and an amount of 0 or more."""


class RefundTooLarge(errors.Refused):
    """The refund is more than what was paid."""


class OrderNotFound(errors.NotFound):
    """There is no such order."""


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
    paid_at: datetime,
    by: Staff | None,
    at: datetime,
    currency: str,
    items: Sequence[dict[str, Any]] | None = None,
    source: str | None = None,
) -> Order:
    """Create a paid order; an existing one is amended if its amount differs."""
    check_order(key=key, amount=amount, currency=currency)
    # Two webhooks of one order may arrive at the same time; the unique key decides.
    order, is_new = Order.objects.get_or_create(
        community_id=community.pk,
        key=key,
        defaults={
            "account_id": account,
            "paid_at": paid_at,
            "amount": amount,
            "currency": currency,
            "items": dump_items(items),
            "source_id": interned_names.ensure("source", community.pk, [source])[source]
            if source
            else None,
        },
    )
    # After the row is there: of two payments with one key, the second is checked
    # against the first.
    check_currency(order, currency)
    if is_new:
        event = OrderPaid(
            account=order.account_id,
            order=order.key,
            amount=order.amount,
            currency=order.currency,
            categories=list_categories(items),
        )
        _record(event, community, paid_at, by, at)
    else:
        # The same payment may be reported again, with a corrected amount.
        amend(community=community, order=order, amount=amount, by=by, at=at)
    return order


@transaction.atomic
def amend(
    *,
    community: Community,
    order: Order,
    amount: int,
    by: Staff | None,
    at: datetime,
) -> None:
    """Correct the amount paid; the same amount again changes nothing."""
    order = _lock(order)
    difference = amount - order.amount
    if not difference:
        return
    check_order(key=order.key, amount=amount, currency=order.currency)
    if amount < order.refunded_amount:
        raise RefundTooLarge(
            _("Order %(key)s: %(amount)s is less than what was already refunded.")
            % {"key": order.key, "amount": money.format_amount(amount, order.currency)}
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
    """Refund `amount`, or what is left of the order; never more than was paid."""
    order = _lock(get(community, key))
    # After the lock, so that two full refunds cannot both see the whole amount.
    amount = order.amount - order.refunded_amount if amount is None else amount
    check_refund(order, amount)
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
) -> Order:
    """Refund what is missing up to `total`, for sources that report running totals."""
    order = _lock(get(community, key))
    missing = total - order.refunded_amount
    if missing <= 0:
        return order
    check_refund(order, missing)
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
    order.refunded_amount += amount
    order.refunded_at = refunded_at
    order.save(update_fields=["refunded_amount", "refunded_at"])
    event = OrderRefunded(account=order.account_id, order=order.key, amount=amount)
    _record(event, community, refunded_at, by, at)
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


def get(community: Community, key: str) -> Order:
    try:
        return Order.objects.get(community_id=community.pk, key=key)
    except Order.DoesNotExist:
        raise OrderNotFound(_("There is no order “%(key)s”.") % {"key": key}) from None


@dataclass(frozen=True)
class Totals:
    """Sums of orders in one currency, in its smallest unit; `paid` is before refunds."""

    orders: int
    paid: int
    refunded: int
    currency: str


SELECT_TOTALS = """
SELECT currency, COUNT(*), SUM(amount), SUM(refunded_amount) FROM sales_order
WHERE community_id = %s GROUP BY currency ORDER BY COUNT(*) DESC, currency
"""


def totals(community: Community) -> list[Totals]:
    """Return one row per currency, the most frequent first."""
    return [
        Totals(int(count), int(paid), int(refunded), currency)
        for currency, count, paid, refunded in db.rows(SELECT_TOTALS, [community.pk])
    ]


def _lock(order: Order) -> Order:
    """Return the current row, locked until the commit, so that refunds queue up."""
    return Order.objects.select_for_update().get(pk=order.pk)


def _record(
    event: facts.FactKind,
    community: Community,
    happened_at: datetime,
    by: Staff | None,
    at: datetime,
) -> None:
    facts.record_many(
        [event], community=community, by=by, at=at, happened_at=[happened_at]
    )


def dump_items(items: Sequence[dict[str, Any]] | None) -> str | None:
    """Return the items as JSON, None without any."""
    if not items:
        return None
    text = json.dumps(list(items), ensure_ascii=False, separators=(",", ":"))
    if not text_validation.is_valid(text):
        raise InvalidOrder(_("This contains characters that cannot be stored."))
    return text
