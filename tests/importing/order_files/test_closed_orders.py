"""Closed orders come out the same in any order of their files."""

from __future__ import annotations

import itertools

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.sales import orders
from qunce.sales.models import ClosedOrder, Order
from tests import factories
from tests.importing.order_files.order_texts import HEAD, Files, amounts, spent, undo

CLOSED = [
    ("交易成功", "交易关闭"),  # 淘宝, 有赞
    ("已完成", "已关闭"),  # 微店
    ("完成", "(删除)等待出库"),  # 京东
    ("已发货", "已取消"),  # 拼多多
    ("paid", "voided"),  # Shopify
    ("paid", "refunded"),
    ("processing", "cancelled"),  # WooCommerce
    ("completed", "refunded"),
]


@pytest.mark.parametrize("is_closed_first", [False, True])
@pytest.mark.parametrize(("sold", "closed"), CLOSED)
def test_closed_order_that_was_refunded_is_the_same_in_both_orders_of_files(
    shop: Community, files: Files, sold: str, closed: str, is_closed_first: bool
) -> None:
    head = f"{HEAD},status,refund_amount,refund_date\n"
    texts = [
        f"{head}C1,M1,2024-03-05 10:00,100,{sold},0,\n",
        f"{head}C1,M1,2024-03-05 10:00,100,{closed},100,2024-03-07 09:00\n",
    ]
    for text in reversed(texts) if is_closed_first else texts:
        files.run(text)
    order = Order.objects.get(key="C1")
    assert (order.amount, order.refunded_amount) == (10_000, 10_000)
    assert order.refunds is not None
    assert order.account_id == factories.account_ids(shop, ("M1",))[0]
    assert orders.status_of(order) == orders.REFUNDED
    assert len(factories.recorded_facts(shop, "order.refunded")) == 1
    assert spent(shop) == 0
    # Either file again changes nothing.
    assert [files.counts(text)["known"] for text in texts] == [1, 1]


@pytest.mark.parametrize("is_closed_first", [False, True])
def test_refund_of_a_closed_line_is_the_same_in_both_orders_of_files(
    shop: Community, files: Files, is_closed_first: bool
) -> None:
    head = f"{HEAD},product_name,status,refund_amount\n"
    line = "C1,M1,2024-03-05 10:00"
    texts = [
        f"{head}{line},70,tea,交易成功,0\n{line},30,cup,交易成功,0\n",
        f"{head}{line},70,tea,交易成功,0\n{line},30,cup,交易关闭,30\n",
    ]
    for text in reversed(texts) if is_closed_first else texts:
        files.run(text)
    assert amounts() == {"C1": (10_000, 3_000)}
    assert spent(shop) == 7_000


def test_closing_of_an_order_is_the_same_in_all_orders_of_files(
    shop: Community, files: Files, by: Staff
) -> None:
    head = f"{HEAD},status,refund_amount,refund_date\n"
    rows = [
        "2024-03-05 09:00,100,待付款,,",
        "2024-03-05 10:00,100,已发货,,",
        "2024-03-05 10:00,100,已发货,30,2024-03-06 09:00",
        "2024-03-05 10:00,100,交易关闭,0,",
    ]
    lives = list(itertools.permutations(rows))
    # One order for each sequence, so that four files are enough.
    for step in range(len(rows)):
        lines = [f"O{n},M1,{life[step]}" for n, life in enumerate(lives)]
        files.run(head + "\n".join(lines))
    assert set(amounts().values()) == {(10_000, 10_000)}
    assert len(amounts()) == len(lives)
    assert spent(shop) == 0


def test_payment_of_a_closed_order_is_refunded_by_every_way(
    shop: Community, files: Files, by: Staff
) -> None:
    head = f"{HEAD},status\n"
    closed = files.run(f"{head}C1,M1,2024-03-05,100,交易关闭\n").job
    orders.record_payment(
        community=shop,
        key="C1",
        account=None,
        amount=10_000,
        by=by,
        at=factories.AT,
        currency="CNY",
        source=closed.source,
    )
    assert amounts() == {"C1": (10_000, 10_000)}
    assert spent(shop) == 0
    undo(closed, by)
    assert amounts() == {"C1": (10_000, 10_000)}
    assert ClosedOrder.objects.count() == 1


def test_undone_closing_is_none(shop: Community, files: Files, by: Staff) -> None:
    head = f"{HEAD},status\n"
    closed = files.run(f"{head}C1,M1,2024-03-05,100,交易关闭\n").job
    undo(closed, by)
    counts = files.counts(f"{head}C1,M1,2024-03-05,100,已发货\n")
    assert "closed_before" not in counts
    assert amounts() == {"C1": (10_000, 0)}


def test_failed_payment_takes_none_back(files: Files) -> None:
    head = f"{HEAD},status\n"
    texts = [f"{head}C1,M1,2024-03-05,100,{word}\n" for word in ("failed", "paid")]
    for text in [*texts, *reversed(texts)]:
        files.run(text)
    assert amounts() == {"C1": (10_000, 0)}


def test_closed_order_without_a_refund_is_no_sale(
    shop: Community, files: Files
) -> None:
    head = f"{HEAD},status,refund_amount\n"
    text = f"{head}C1,M1,2024-03-05,100,交易关闭,0\nC2,M1,2024-03-05,100,交易关闭,100\n"
    counts = files.counts(text)
    assert (counts["skipped"], counts["orders"]) == (1, 1)
    assert amounts() == {"C2": (10_000, 10_000)}


def test_net_amount_of_a_closed_order_becomes_gross(files: Files) -> None:
    head = f"{HEAD},status,refund_amount\n"
    files.run(f"{head}C1,M1,2024-03-05,0,交易关闭,100\n")
    assert amounts() == {"C1": (10_000, 10_000)}


@pytest.mark.parametrize("is_stored", [False, True])
def test_partial_refund_of_a_closed_order_is_refused(
    files: Files, is_stored: bool
) -> None:
    head = f"{HEAD},status,refund_amount\n"
    if is_stored:
        files.run(f"{head}C1,M1,2024-03-05,100,交易成功,0\n")
    remedy = files.remedy(f"{head}C1,M1,2024-03-05,100,交易关闭,40\n")
    assert "only 40.00 of 100.00" in remedy
    assert amounts() == ({"C1": (10_000, 0)} if is_stored else {})
