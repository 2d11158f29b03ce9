"""Statuses of orders as shops write them."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.importing.plan import questions
from tests import factories
from tests.importing.order_files.order_texts import HEAD, Files, amounts, spent


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("交易成功", {"S1": (10_000, 0)}),
        ("买家已付款，等待卖家发货", {"S1": (10_000, 0)}),
        ("wc-completed", {"S1": (10_000, 0)}),
        ("等待买家付款", {}),
        ("交易关闭", {}),
        ("Cancelled", {}),
        ("退款成功", {"S1": (10_000, 10_000)}),
        ("refunded", {"S1": (10_000, 10_000)}),
    ],
)
def test_status_decides_whether_an_order_is_a_sale(
    shop: Community, files: Files, word: str, expected: dict[str, Any]
) -> None:
    counts = files.counts(f"{HEAD},订单状态\nS1,M1,2024-03-05,100,{word}\n")
    assert amounts() == expected
    assert counts["skipped"] == (not expected)
    # Who has not bought anything does not become a member by it.
    assert factories.matching_keys(shop, {"all": []}) == ["M1"] * bool(expected)


def test_unknown_status_is_asked_and_answered(files: Files) -> None:
    text = f"{HEAD},status\nS1,M1,2024-03-05,100,in limbo\n"
    with pytest.raises(questions.AnswerNeeded, match="in limbo"):
        files.run(text)
    assert amounts() == {}
    files.run(text, answers={"status:in limbo": "cancelled"})
    assert amounts() == {}
    sold = text.replace("S1", "S2")
    files.run(sold, answers={"status:in limbo": "sale"})
    assert amounts() == {"S2": (10_000, 0)}


def test_order_without_a_status_is_asked_about_and_answered(files: Files) -> None:
    text = f"{HEAD},status\nS1,M1,2024-03-05,100,paid\nS2,M2,2024-03-05,50,\n"
    with pytest.raises(questions.AnswerNeeded, match=r"1 order has no status .*S2"):
        files.run(text)
    assert amounts() == {}
    files.run(text, answers={"no_status:status": "unpaid"})
    assert amounts() == {"S1": (10_000, 0)}
    sold = text.replace("S", "T")
    files.run(sold, answers={"no_status:status": "sale"})
    assert amounts() == {"S1": (10_000, 0), "T1": (10_000, 0), "T2": (5_000, 0)}


def test_status_on_the_first_line_of_an_order_is_that_of_its_other_lines(
    files: Files,
) -> None:
    files.run(
        "order_key,member_key,paid_at,item,line_amount,status\n"
        "S1,M1,2024-03-05,tea,60,paid\nS1,M1,2024-03-05,pot,40,\n"
    )
    assert amounts() == {"S1": (10_000, 0)}


def test_stored_order_that_is_cancelled_is_refunded(
    shop: Community, files: Files
) -> None:
    head = f"{HEAD},status\n"
    files.run(f"{head}S1,M1,2024-03-05,100,paid\n")
    assert files.counts(f"{head}S1,M1,2024-03-05,100,pending\n")["known"] == 1
    cancelled = f"{head}S1,M1,2024-03-05,100,cancelled\n"
    assert files.counts(cancelled)["amended"] == 1
    assert amounts() == {"S1": (10_000, 10_000)}
    assert spent(shop) == 0
    assert files.counts(cancelled)["known"] == 1


def test_unpaid_orders_need_no_time_of_payment(files: Files) -> None:
    text = (
        "订单编号,订单状态,付款时间,实付金额\n"
        "1,交易成功,2024-03-05,10\n2,等待买家付款,,20\n3,交易成功,,30\n"
    )
    (problem,) = files.problems(text)
    assert (problem.row, problem.field) == (4, "付款时间")
    assert amounts() == {"1": (1_000, 0)}


def test_status_of_refunds_is_read_or_asked_about(files: Files) -> None:
    head = f"{HEAD},退款状态"
    files.run(f"{head}\nR1,M1,2024-03-05,10,退款成功\nR2,M1,2024-03-05,20,无退款\n")
    assert amounts() == {"R1": (1_000, 1_000), "R2": (2_000, 0)}
    text = f"{head},订单状态\nR3,M1,2024-03-05,10,退款成功,交易成功\n"
    with pytest.raises(questions.AnswerNeeded, match="refund_status:退款状态"):
        files.run(text)
    files.run(text, answers={"refund_status:退款状态": "ignore"})
    assert amounts()["R3"] == (1_000, 0)
