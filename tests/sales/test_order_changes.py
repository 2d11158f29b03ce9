"""What a file changes in a stored order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.sales import order_changes, order_facts, order_states
from qunce.sales.order_changes import UNDATED, ReportedOrder
from qunce.sales.order_states import OrderState
from qunce.sales.reconciliation.lines import Contradiction

PAID_AT = 10**15


def stored(amount: int = 10_000, *refunds: tuple[int, int]) -> OrderState:
    return OrderState(account=7, paid_at=PAID_AT, amount=amount, refunds=refunds)


def reported(amount: int | None = 10_000, **fields: Any) -> ReportedOrder:
    return ReportedOrder(
        **{"currency": "CNY", "paid_at": PAID_AT, "amount": amount, **fields}
    )


def merge(old: OrderState, new: ReportedOrder, reading: str = "") -> OrderState:
    closed_at = order_changes.find_closing(new, None)
    return order_changes.merge(old, "CNY", new, reading, closed_at)


def test_same_order_changes_nothing() -> None:
    assert merge(stored(), reported()) == stored()
    assert merge(stored(), reported(account=7)) == stored()


def test_amount_member_and_time_are_corrected() -> None:
    after = merge(stored(), reported(9_000, account=8, paid_at=PAID_AT + 5))
    assert (after.amount, after.account, after.paid_at) == (9_000, 8, PAID_AT + 5)


def test_a_day_does_not_replace_a_known_time() -> None:
    day = reported(paid_at=PAID_AT - 3_600_000_000, is_midnight=True)
    assert merge(stored(), day) == stored()
    other = reported(paid_at=PAID_AT - 90_000_000_000, is_midnight=True)
    assert merge(stored(), other).paid_at == other.paid_at


def test_other_currency_is_refused() -> None:
    with pytest.raises(Contradiction, match="paid in CNY, not in JPY"):
        merge(stored(), reported(currency="JPY"))


def test_refund_rows_are_taken_once() -> None:
    refund = reported(None, events=((PAID_AT + 9, 3_000),))
    once = merge(stored(), refund)
    assert (once.amount, once.refunds) == (10_000, ((PAID_AT + 9, 3_000),))
    assert merge(once, refund) == once
    with pytest.raises(Contradiction, match=r"only 70\.00"):
        merge(once, reported(None, events=((PAID_AT + 10, 7_001),)))


def test_undated_refunds_are_running_totals() -> None:
    once = merge(stored(), reported(refunds=((UNDATED, 3_000),)))
    more = merge(once, reported(refunds=((UNDATED, 5_000),)))
    assert (once.refunded, more.refunded) == (3_000, 5_000)
    assert merge(more, reported(refunds=((UNDATED, 3_000),))) == more


def test_refund_of_another_time_is_asked_about() -> None:
    old, new = stored(10_000, (8, 2_000)), reported(refunds=((9, 5_000),))
    with pytest.raises(Contradiction, match="refunds=total"):
        merge(old, new)
    assert merge(old, new, order_changes.TOTAL).refunded == 5_000
    assert merge(old, new, order_changes.EACH).refunded == 7_000
    both = reported(refunds=((8, 2_000), (9, 5_000)))
    assert merge(old, both).refunded == 7_000


def test_net_amount_after_a_refund_is_no_new_payment() -> None:
    old = stored(10_000, (8, 10_000))
    assert merge(old, reported(0)) == old
    with pytest.raises(Contradiction, match="less than the"):
        merge(old, reported(5_000))


def test_cancelled_order_is_refunded_and_an_unpaid_one_is_older() -> None:
    after = merge(stored(10_000, (8, 1_000)), reported(None, meaning="cancelled"))
    assert after.refunded == after.amount == 10_000
    assert merge(after, reported(None, meaning="cancelled")) == after
    assert merge(stored(), reported(None, meaning="unpaid")) == stored()
    assert order_changes.create(reported(None, meaning="cancelled"), 7) is None


def test_payment_that_comes_after_its_refund_is_paid() -> None:
    alone = order_changes.create(reported(None, events=((PAID_AT, 3_000),)), 7)
    assert alone is not None
    assert not alone.is_paid
    assert merge(alone, reported(10_000)).is_paid


CLOSED = reported(None, meaning="cancelled")
UNPAID = reported(None, meaning="unpaid")
REFUNDS = [
    reported(refunds=((UNDATED, 3_000),)),
    reported(refunds=((PAID_AT + 5, 3_000),)),
    reported(None, events=((PAID_AT + 5, 3_000),)),
]


def state_after(files: Sequence[ReportedOrder]) -> OrderState | None:
    """Return the state after the files of one order, in the order of their import."""
    state, closed_at = None, None
    for file in files:
        closed_at = order_changes.find_closing(file, closed_at)
        if state is None:
            state = order_changes.create(file, 7, closed_at)
        else:
            state = order_changes.merge(state, "CNY", file, "", closed_at)
    return state


@pytest.mark.parametrize("refund", [None, *REFUNDS])
@pytest.mark.parametrize(
    "closed",
    [None, CLOSED, reported(None, meaning="cancelled", refunded_at=PAID_AT + 9)],
)
def test_state_does_not_depend_on_the_order_of_files(
    refund: ReportedOrder | None, closed: ReportedOrder | None
) -> None:
    life = [UNPAID, reported(), reported(), refund, closed]
    files = [file for file in life if file is not None]
    refunded = 10_000 if closed else 3_000 if refund else 0
    for order in itertools.permutations(files):
        state = state_after(order)
        assert state is not None
        assert (state.amount, state.refunded) == (10_000, refunded), order
        assert state_after([*order, *order]) == state


def test_order_that_was_only_closed_is_no_sale() -> None:
    for order in itertools.permutations([UNPAID, CLOSED, CLOSED]):
        assert state_after(order) is None


MOMENTS = st.integers(1, 4)
STATES = st.builds(
    lambda amount, account, paid_at, parts: OrderState(
        account=account,
        paid_at=paid_at,
        amount=amount + sum(units for _at, units in parts),
        refunds=tuple(sorted(parts)),
    ),
    st.integers(0, 9),
    st.sampled_from([None, 1, 2]),
    MOMENTS,
    st.lists(st.tuples(MOMENTS, st.integers(1, 9)), max_size=3),
)


@given(STATES, st.lists(st.tuples(MOMENTS, st.integers(1, 9)), max_size=2), STATES)
def test_facts_add_up_to_the_state(
    before: OrderState, more: list[tuple[int, int]], other: OrderState
) -> None:
    """Of an order that is amended and refunded, and of one that moves."""
    label = order_states.OrderLabel("A", "CNY")

    def spent(events: list[order_states.Event]) -> int:
        return sum(order_facts.SPEND[e.kind] * e.amount for e, _at in events)  # type: ignore[attr-defined]

    def net(state: OrderState) -> int:
        return state.amount - state.refunded

    first = order_states.list_facts(label, before)
    assert spent(first) == net(before)
    grown = OrderState(
        account=before.account,
        paid_at=before.paid_at,
        amount=other.amount + before.refunded + sum(n for _at, n in more),
        refunds=tuple(sorted((*before.refunds, *more))),
    )
    corrections = order_states.list_corrections(label, before, grown)
    assert spent(first) + spent(corrections) == net(grown)
    assert all(e.account == before.account for e, _at in corrections)
