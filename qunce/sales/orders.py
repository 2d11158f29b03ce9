"""Orders: what members paid and what was refunded to them.

An order is identified by its source and its key, so a webhook, an import row or a retry
that arrives twice is recorded once, and two shops may use the same number. The row holds
the current state of the order and the fact log its history; the facts of an order always
add up to its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import (
    errors,
    money,
    permissions,
    text_validation,
    timestamps,
)
from qunce.core.facts import interned_names
from qunce.members.people import visibility
from qunce.sales import (
    closed_orders,
    order_changes,
    order_facts,
    order_items,
    order_states,
)
from qunce.sales.models import Order
from qunce.sales.order_states import OrderState
from qunce.sets import fact_withdrawals

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

WRITE = permissions.declare(
    "orders.write",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("record orders and refunds"),
)
"""For staff and programs; importing files needs the permission to import instead."""


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
STATUSES: dict[str, StrOrPromise] = {
    PAID: gettext_lazy("paid"),
    PARTLY_REFUNDED: gettext_lazy("partly refunded"),
    REFUNDED: gettext_lazy("refunded"),
}
"""Labels of the statuses."""


def status_of(order: Order) -> str:
    """Return which of STATUSES the amounts of an order amount to."""
    if not order.refunded_amount:
        return PAID
    return PARTLY_REFUNDED if order.refunded_amount < order.amount else REFUNDED


def check_visible(order: Order, *, by: Staff | None, at: datetime) -> None:
    """Raise OrderNotFound if `by` does not see the member of this order."""
    if not _is_visible(order, by, at):
        raise OrderNotFound(_("There is no such order."))


def _is_visible(order: Order, by: Staff | None, at: datetime) -> bool:
    if by is None:
        return True
    if by.community_id != order.community_id:
        return False
    return by.scope is None or (
        order.account_id is not None
        and bool(visibility.filter_visible(by=by, accounts=[order.account_id], at=at))
    )


def check_may_write(by: Staff | None, account: int | None, at: datetime) -> None:
    """Raise NotAllowed, or MemberNotFound for a member whom `by` does not see.

    Without `by` the system acts.
    """
    if by is None:
        return
    permissions.check_may(by, WRITE)
    if account is not None:
        visibility.check_visible(by=by, accounts=[account], at=at)


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
    and without an account its member. Staff with a scope amend orders of members whom
    they see, and create none.
    """
    check_may_write(by, account, at)
    check_order(key=key, amount=amount, currency=currency)
    if by is not None and by.scope is not None:
        _check_known(community, key, source, by, at)
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
            "items": order_items.dump_items(items),
        },
    )
    # After the row is there: of two payments with one key, the second is checked
    # against the first.
    check_currency(order, currency)
    if is_new:
        events = order_states.list_facts(
            order_states.label_of(order), order_states.state_of(order)
        )
        order_states.record(events, community=community, order=order, by=by, at=at)
        return _close_again(community, order, by, at)
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


def _close_again(
    community: Community, order: Order, by: Staff | None, at: datetime
) -> Order:
    """Refund a payment that is reported after its order was closed."""
    closed_at = closed_orders.find(community.pk, [order.key]).get(
        (order.key, order.source_id)
    )
    if closed_at is None:
        return order
    before = order_states.state_of(order)
    after = order_changes.close(before, closed_at)
    return (
        order if after == before else _change(community, order, before, after, by, at)
    )


def _check_known(
    community: Community, key: str, source: str | None, by: Staff, at: datetime
) -> None:
    """Raise OrderNotFound unless `by` sees an order of this number.

    An order of a member whom they do not see may have the number that they give. Whether
    it does must not show, so that they are refused in either case.
    """
    known = Order.objects.filter(
        community_id=community.pk,
        key=key,
        source_id=find_source(community, source or ""),
    )
    try:
        check_visible(known.get(), by=by, at=at)
    except (Order.DoesNotExist, OrderNotFound):
        raise OrderNotFound(
            _(
                "There is no order “%(key)s” of a member whom you see. Only staff who see"
                " the whole community can record new orders."
            )
            % {"key": key}
        ) from None


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
    check_may_write(by, account, at)
    check_visible(order, by=by, at=at)
    order = _lock(order)
    before = order_states.state_of(order)
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
        order=_get_visible(community, key, source, by, at),
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
    check_may_write(by, None, at)
    check_visible(order, by=by, at=at)
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
    check_may_write(by, None, at)
    order = _lock(_get_visible(community, key, source, by, at))
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
    before = order_states.state_of(order)
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
    order_states.save(order, after)
    label = order_states.label_of(order)
    if order_states.moves(before, after):
        # The old facts are taken out of the log, as counts of them cannot be negative.
        fact_withdrawals.withdraw(
            fact_withdrawals.find_ids(
                community,
                order_facts.SPEND,
                [(order.key, before.account, before.moments)],
            )
        )
        events = order_states.list_facts(label, after)
    else:
        events = order_states.list_corrections(label, before, after)
    order_states.record(events, community=community, order=order, by=by, at=at)
    return order


def unlink_members(*, community: Community, accounts: Sequence[int]) -> int:
    """Keep the orders of erased members without an account; returns how many.

    Receivers, phones and addresses are among the details, which are deleted.
    """
    orders = Order.objects.filter(community_id=community.pk, account_id__in=accounts)
    # The sums of past days stay right, which they would not without the orders.
    return orders.update(account_id=None, details=None)


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
        raise _unknown(key)
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


def _get_visible(
    community: Community, key: str, source: str | None, by: Staff | None, at: datetime
) -> Order:
    """Return the order of this number; a hidden one is like one that does not exist."""
    order = get(community, key, source)
    if not _is_visible(order, by, at):
        raise _unknown(key)
    return order


def _unknown(key: str) -> OrderNotFound:
    return OrderNotFound(_("There is no order “%(key)s”.") % {"key": key})


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


def _lock(order: Order) -> Order:
    """Return the current row, locked until the commit, so that refunds queue up."""
    return Order.objects.select_for_update().get(pk=order.pk)
