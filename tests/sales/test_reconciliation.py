"""What the lines of an order say, against a slow oracle that knows the order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qunce.sales import reconciliation
from qunce.sales.reconciliation.lines import Columns, Contradiction, Decision, Line

UNIT = Decimal("0.01")
PER_LINE = Columns(amount_is_per_line=True, refund_is_per_line=True)


def money(least: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(least, most).map(lambda cents: Decimal(cents) / 100)


def decide(*lines: Line, columns: Columns = Columns()) -> Decision:  # noqa: B008
    return reconciliation.decide(lines, columns, UNIT)


@dataclass
class Order:
    """The truth: goods with price and quantity, and what came on top."""

    goods: list[tuple[Decimal, int]]
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    refunds: list[tuple[int, Decimal]]

    @property
    def worth(self) -> Decimal:
        return sum((price * n for price, n in self.goods), Decimal(0))

    @property
    def paid(self) -> Decimal:
        return self.worth - self.discount + self.shipping + self.tax


@st.composite
def orders(draw: st.DrawFn) -> Order:
    goods = draw(
        st.lists(st.tuples(money(1, 50_000), st.integers(1, 5)), min_size=1, max_size=6)
    )
    worth = sum((price * n for price, n in goods), Decimal(0))
    shipping, tax = draw(money(0, 5_000)), draw(money(0, 5_000))
    discount = min(draw(money(0, 5_000)), worth)
    order = Order(goods, discount, shipping, tax, [])
    moments = draw(st.lists(st.integers(10, 20), unique=True, max_size=3))
    left = order.paid
    for moment in moments:
        amount = min(draw(money(1, 20_000)), left)
        if amount:
            order.refunds.append((moment, amount))
            left -= amount
    return order


def goods_lines(order: Order, **first: Any) -> list[Line]:
    """One line a product; what is the order's stands on the first one alone."""
    return [
        Line(at=1, goods=price * n, has_goods=True, **(first if index == 0 else {}))
        for index, (price, n) in enumerate(order.goods)
    ]


@given(orders())
def test_prices_with_discount_shipping_and_tax_lead_to_what_was_paid(
    order: Order,
) -> None:
    parts = {"discount": order.discount, "shipping": order.shipping, "tax": order.tax}
    assert decide(*goods_lines(order, **parts)).paid == order.paid
    with_total = goods_lines(order, total=order.paid, **parts)
    assert decide(*with_total).paid == order.paid


@given(orders(), money(500, 9_999))
def test_parts_that_do_not_lead_to_the_total_are_refused(
    order: Order, error: Decimal
) -> None:
    known = {order.discount, order.shipping, order.tax}
    sums = {a + b for a in known | {Decimal(0)} for b in known | {Decimal(0)}}
    if order.discount == order.shipping == order.tax == 0 or any(
        abs(abs(each) - error) <= UNIT * len(order.goods) * 3
        for each in {*known, *sums, *(a - b for a in sums for b in sums)}
    ):
        return
    lines = goods_lines(
        order,
        total=order.paid + error,
        discount=order.discount,
        shipping=order.shipping,
        tax=order.tax,
    )
    with pytest.raises(Contradiction, match="is not the total"):
        decide(*lines)


@given(st.lists(money(1, 50_000), min_size=1, max_size=6))
@example([Decimal("0.01"), Decimal("0.01")])
def test_amounts_of_lines_are_added_up(amounts: list[Decimal]) -> None:
    lines = [Line(at=1, amount=amount, has_goods=True) for amount in amounts]
    assert decide(*lines, columns=PER_LINE).paid == sum(amounts)
    with_total = [
        Line(at=1, amount=amount, total=sum(amounts, Decimal(0)), has_goods=True)
        for amount in amounts
    ]
    assert decide(*with_total).paid == sum(amounts)


@given(money(0, 50_000), st.integers(1, 6))
def test_an_amount_on_each_line_is_the_orders(amount: Decimal, count: int) -> None:
    lines = [Line(at=1, amount=amount, has_goods=True)] * count
    assert decide(*lines).paid == amount


@given(orders(), st.booleans())
def test_refunds_are_rows_or_columns(order: Order, as_rows: bool) -> None:
    lines = [Line(at=1, amount=order.paid)]
    if as_rows:
        lines += [Line(at=at, amount=-amount) for at, amount in order.refunds]
        decision = decide(*lines)
        assert list(decision.events) == sorted(order.refunds)
    else:
        lines = [
            Line(at=1, amount=order.paid, refund=amount, refunded_at=at)
            for at, amount in order.refunds
        ] or lines
        decision = decide(*lines)
        assert list(decision.refunds) == sorted(order.refunds)
    assert decision.paid == order.paid
    assert decision.refunded == sum(amount for _at, amount in order.refunds)


@given(orders())
def test_a_net_amount_becomes_the_gross_one(order: Order) -> None:
    refunded = sum((amount for _at, amount in order.refunds), Decimal(0))
    if not refunded:
        return
    line = Line(at=1, amount=order.paid - refunded, refund=refunded)
    decision = decide(line, columns=Columns(paid_is_net=True))
    assert (decision.paid, decision.refunded) == (order.paid, refunded)


def test_more_refunded_than_paid_is_refused() -> None:
    with pytest.raises(Contradiction, match="more than the 70"):
        decide(Line(amount=Decimal(70), refund=Decimal(100)))
    with pytest.raises(Contradiction, match="more than the 100"):
        decide(Line(at=1, amount=Decimal(100)), Line(at=2, amount=Decimal(-130)))


def test_equal_refunds_on_each_line_are_one() -> None:
    line = Line(amount=Decimal(100), refund=Decimal(20), refunded_at=8, has_goods=True)
    assert decide(line, line).refunded == 20


@pytest.mark.parametrize("status", ["unpaid", "cancelled"])
def test_no_sale_has_no_amount(status: str) -> None:
    decision = decide(Line(amount=Decimal(300), status=status))
    assert (decision.meaning, decision.paid) == (status, None)


def test_closed_lines_are_left_out() -> None:
    decision = decide(
        Line(amount=Decimal(50), has_goods=True, status="sale"),
        Line(amount=Decimal(30), has_goods=True, status="cancelled"),
    )
    assert decision.paid == 50
    with pytest.raises(Contradiction, match="the same amount"):
        decide(
            Line(amount=Decimal(50), has_goods=True, status="sale"),
            Line(amount=Decimal(50), has_goods=True, status="cancelled"),
        )


def test_refunded_status_refunds_everything() -> None:
    assert decide(Line(amount=Decimal(5), status="refunded")).refunds_all
    with pytest.raises(Contradiction, match="amount is missing"):
        decide(Line(amount=Decimal(5), status="partly_refunded"))


def test_different_amounts_at_different_times_are_refused() -> None:
    with pytest.raises(Contradiction, match="different amounts"):
        decide(Line(at=1, amount=Decimal(100)), Line(at=2, amount=Decimal(80)))


def test_refunded_lines_are_refunds_of_their_amounts() -> None:
    decision = decide(
        Line(amount=Decimal(50), has_goods=True, status="sale"),
        Line(amount=Decimal(30), has_goods=True, status="refunded", refunded_at=9),
    )
    assert decision.paid == 80
    assert decision.refunds == ((9, Decimal(30)),)
    with pytest.raises(Contradiction, match="amount is missing"):
        decide(
            Line(amount=Decimal(50), has_goods=True, status="sale"),
            Line(amount=Decimal(50), has_goods=True, status="refunded"),
        )
