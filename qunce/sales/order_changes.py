"""What a file with orders changes in the orders that are stored: a pure decision.

`merge` takes what is stored of an order and what the file says, and returns the new
state. What contradicts the stored order raises Contradiction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from django.utils.translation import gettext as _

from qunce.core import money
from qunce.sales import order_statuses
from qunce.sales.order_states import OrderState
from qunce.sales.reconciliation.lines import Contradiction

Refunds = tuple[tuple[int, int], ...]
MICROS_PER_DAY = 86_400_000_000
UNDATED = -(2**62)
"""In place of the time of a refund that the file does not give."""
TOTAL, EACH = "total", "each"
"""A refund column holds what was refunded in all, or one refund."""


class ReportedOrder(NamedTuple):
    """One order as a file reports it; amounts are in the smallest unit of its currency.

    `amount` is None for refunds of an order that the file lacks, and for orders that are
    no sale. `events` are refunds that are rows of their own. `refunds` come from columns
    and may be running totals. `refunds_all` means that all that is left was refunded.
    """

    currency: str
    paid_at: int
    meaning: str = order_statuses.SALE
    account: int | None = None
    amount: int | None = None
    events: Refunds = ()
    refunds: Refunds = ()
    refunds_all: bool = False
    refunded_at: int | None = None
    is_midnight: bool = False
    """The file has a day only, in place of a time."""


def find_closing(order: ReportedOrder, known: int | None) -> int | None:
    """Return when an order was closed, UNDATED without a time, None if it is open.

    `known` is what an earlier file said.
    """
    if known is not None or order.meaning != order_statuses.CANCELLED:
        return known
    return UNDATED if order.refunded_at is None else order.refunded_at


def close(state: OrderState, closed_at: int) -> OrderState:
    """Return the state with all that is left refunded."""
    left = state.amount - state.refunded
    if left <= 0:
        return state
    moment = state.paid_at if closed_at == UNDATED else closed_at
    return replace(state, refunds=tuple(sorted((*state.refunds, (moment, left)))))


def create(
    order: ReportedOrder, account: int | None, closed_at: int | None = None
) -> OrderState | None:
    """Return the state of a new order of a member, None if it is no sale."""
    if order.meaning in order_statuses.NO_SALE:
        return None
    state = _create(order, account)
    return state if closed_at is None else close(state, closed_at)


def _create(order: ReportedOrder, account: int | None) -> OrderState:
    if not (order.events or order.refunds or order.refunds_all):
        return OrderState(
            account=account, paid_at=order.paid_at, amount=order.amount or 0
        )
    at = order.paid_at if order.refunded_at is None else order.refunded_at
    refunds = order.events + tuple(
        (at if moment == UNDATED else moment, n) for moment, n in order.refunds
    )
    if order.refunds_all and order.amount:
        refunds = ((at, order.amount),)
    return OrderState(
        account=account,
        paid_at=order.paid_at,
        amount=order.amount or 0,
        refunds=tuple(sorted(refunds)),
    )


def merge(
    stored: OrderState,
    currency: str,
    order: ReportedOrder,
    reading: str = "",
    closed_at: int | None = None,
) -> OrderState:
    """Return the state of a stored order after a file.

    `reading` is TOTAL or EACH where staff have answered what refund columns hold.
    `closed_at` is what `find_closing` returns: of a closed order all is refunded that no
    other refund explains, whichever file comes first.
    """
    if order.currency != currency:
        raise Contradiction(
            "currency",
            _("This order was paid in %(known)s, not in %(currency)s.")
            % {"known": currency, "currency": order.currency},
        )
    if order.meaning == order_statuses.UNPAID:
        # A file from before the payment; it does not take the payment back.
        return stored
    if closed_at is None:
        return _merge_open(stored, currency, order, reading)
    if order.meaning == order_statuses.CANCELLED:
        return close(stored, closed_at)
    # What closing the order refunded is decided anew, as the file may know the refunds.
    is_rest = {closed_at, stored.paid_at}
    kept = tuple(each for each in stored.refunds if each[0] not in is_rest)
    after = _merge_open(replace(stored, refunds=kept), currency, order, reading)
    after = close(after, closed_at)
    if after.moments == stored.moments and after.refunded == stored.refunded:
        return replace(after, refunds=stored.refunds)
    return after


def _merge_open(
    stored: OrderState, currency: str, order: ReportedOrder, reading: str
) -> OrderState:
    at = order.paid_at if order.refunded_at is None else order.refunded_at
    account = stored.account if order.account is None else order.account
    paid_at = order.paid_at
    if order.is_midnight and 0 <= stored.paid_at - paid_at < MICROS_PER_DAY:
        # The same day, of which the time is known already.
        paid_at = stored.paid_at
    after = replace(stored, account=account, paid_at=paid_at)
    if order.amount is None:
        after = replace(stored, account=after.account)
        return _add(after, _new(after.refunds, order.events), currency)
    refunds = _new(stored.refunds, order.events)
    refunds += _missing(stored, order, at, currency, reading)
    after = _with_amount(after, order.amount, refunds, currency)
    left = after.amount - after.refunded
    if order.refunds_all and left > 0:
        after = replace(after, refunds=(*after.refunds, (at, left)))
    return after


def _with_amount(
    after: OrderState, amount: int, refunds: Refunds, currency: str
) -> OrderState:
    """Return the state with an amount and further refunds, which must fit together."""
    refunded = after.refunded + sum(units for _at, units in refunds)
    if amount < refunded:
        # Files from after a refund often have what is left; nothing new is paid then.
        if amount == after.amount - refunded:
            amount = after.amount
        else:
            raise Contradiction(
                "amount",
                _(
                    "%(amount)s is less than the %(refunded)s that was refunded. Give "
                    "the amount before refunds."
                )
                % {
                    "amount": money.format_amount(amount, currency),
                    "refunded": money.format_amount(refunded, currency),
                },
            )
    return replace(
        after, amount=amount, refunds=tuple(sorted((*after.refunds, *refunds)))
    )


def _add(after: OrderState, refunds: Refunds, currency: str) -> OrderState:
    left = after.amount - after.refunded
    more = sum(units for _at, units in refunds)
    if more > left and after.is_paid:
        raise Contradiction(
            "amount",
            _("%(refund)s cannot be refunded: only %(left)s of the order is left.")
            % {
                "refund": money.format_amount(more, currency),
                "left": money.format_amount(max(left, 0), currency),
            },
        )
    return replace(after, refunds=tuple(sorted((*after.refunds, *refunds))))


def _new(known: Refunds, reported: Refunds) -> Refunds:
    """Return the reported refunds that are not known: those of another time or amount."""
    rest = list(known)
    new = []
    for refund in reported:
        if refund in rest:
            rest.remove(refund)
        else:
            new.append(refund)
    return tuple(new)


def _missing(
    stored: OrderState, order: ReportedOrder, at: int, currency: str, reading: str
) -> Refunds:
    """Return the refunds of columns that are not stored yet.

    Without times a column holds running totals. With times, refunds of other times are
    further ones, unless the file leaves out one that is stored: then it may hold totals
    as well, which is for a person to say.
    """
    if not order.refunds:
        return ()
    known = tuple(refund for refund in stored.refunds if refund not in order.events)
    total = sum(units for _at, units in order.refunds)
    known_total = sum(units for _at, units in known)
    has_times = all(moment != UNDATED for moment, _units in order.refunds)
    new = _new(known, order.refunds)
    is_complete = not known or not _new(order.refunds, known)
    if has_times and (is_complete or reading == EACH):
        return new
    if not has_times or reading == TOTAL or total == known_total:
        if total <= known_total:
            return ()
        # What the running total has more than before, as one refund of its last time.
        moment = max(moment for moment, _units in order.refunds)
        return ((at if moment == UNDATED else moment, total - known_total),)
    if not new:
        return ()
    raise Contradiction(
        "refunded_amount",
        _(
            "%(known)s was refunded before, and this file has %(new)s of another time. "
            "If that is the total of all refunds, answer with --answer refunds=total; "
            "if it is one more refund, with --answer refunds=each."
        )
        % {
            "known": money.format_amount(known_total, currency),
            "new": money.format_amount(total, currency),
        },
    )
