"""Amounts of orders as files have them: refunds, shops, currencies, lines and totals."""

from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.importing import pipeline
from qunce.importing.plan import questions
from qunce.sales.models import Order
from tests import factories
from tests.importing import helpers
from tests.importing.order_files.order_texts import HEAD, Files, amounts, spent


def test_refund_rows_of_a_later_file_are_taken_once(
    shop: Community, files: Files
) -> None:
    files.run(f"{HEAD}\nN1,M1,2024-03-05 10:00,100.00\n")
    later = f"{HEAD}\nN1,M1,2024-03-09 10:00,-30.00\n"
    assert files.counts(later)["amended"] == 1
    assert files.counts(later)["known"] == 1
    assert amounts() == {"N1": (10_000, 3_000)}
    assert spent(shop) == 7_000
    too_much = f"{HEAD}\nN1,M1,2024-03-10 10:00,-80.00\n"
    assert "only 70.00" in files.remedy(too_much)
    assert amounts() == {"N1": (10_000, 3_000)}


def test_payment_after_its_refund_is_one_order(shop: Community, files: Files) -> None:
    files.run(f"{HEAD}\nN1,M1,2024-03-09 10:00,-30.00\n")
    files.run(f"{HEAD}\nN1,M1,2024-03-05 10:00,100.00\n")
    assert amounts() == {"N1": (10_000, 3_000)}
    assert spent(shop) == 7_000
    assert len(factories.recorded_facts(shop, "order.paid")) == 1


def test_total_of_zero_after_a_full_refund_is_no_new_amount(
    shop: Community, files: Files
) -> None:
    head = f"{HEAD},refund_amount\n"
    files.run(f"{head}Z1,M1,2024-03-05,100,\n")
    files.run(f"{head}Z1,M1,2024-03-05,0,100\n")
    assert amounts() == {"Z1": (10_000, 10_000)}
    assert files.counts(f"{HEAD}\nZ1,M1,2024-03-05,0\n")["known"] == 1
    assert spent(shop) == 0


def test_net_amounts_become_gross_ones(shop: Community, files: Files) -> None:
    text = f"{HEAD},refund_amount\nT1,M1,2024-03-05,0,100\nT2,M1,2024-03-06,70,30\n"
    assert files.counts(text)["net_amounts"] == 2
    assert amounts() == {"T1": (10_000, 10_000), "T2": (10_000, 3_000)}
    assert spent(shop) == 7_000


def test_refund_above_a_gross_amount_is_refused(files: Files) -> None:
    # T1 shows that amounts are before refunds, so T2 cannot be.
    text = f"{HEAD},refund_amount\nT1,M1,2024-03-05,100,100\nT2,M1,2024-03-06,70,90\n"
    (problem,) = files.problems(text)
    assert (problem.row, "more than the 70.00" in problem.remedy) == (3, True)
    assert amounts() == {"T1": (10_000, 10_000)}


def test_orders_of_two_shops_are_two(files: Files) -> None:
    text = f"{HEAD},店铺名称\n1,M1,2024-03-05,10,北京店\n1,M2,2024-03-05,20,上海店\n"
    assert files.counts(text)["orders"] == 2
    assert files.counts(text)["known"] == 2
    assert files.counts(f"{HEAD}\n1,M1,2024-03-05,30\n", source="web")["orders"] == 1
    assert sorted(Order.objects.values_list("amount", flat=True)) == [1000, 2000, 3000]


def test_currency_is_that_of_the_cell_or_the_column(files: Files) -> None:
    text = (
        f"{HEAD},currency\n"
        "1,M1,2024-03-05,$25.00,USD\n2,M1,2024-03-05,¥900,JPY\n"
        "3,M1,2024-03-05,5 USD,\n4,M1,2024-03-05,8,人民币\n5,M1,2024-03-05,€5,USD\n"
    )
    (problem,) = files.problems(text)
    assert problem.row == 6
    assert "two currencies" in problem.remedy
    rows = Order.objects.order_by("key").values_list("key", "amount", "currency")
    assert list(rows) == [
        ("1", 2500, "USD"),
        ("2", 900, "JPY"),
        ("3", 500, "USD"),
        ("4", 800, "CNY"),
    ]


def test_lines_in_two_currencies_are_refused(files: Files) -> None:
    text = f"{HEAD},product\n1,M1,2024-03-05,$5,tea\n1,M1,2024-03-05,€5,cup\n"
    first, second = files.problems(text)
    assert "different currencies" in first.remedy
    assert (first.row, second.row) == (2, 3)
    # The column in which the currencies are.
    assert first.field == HEAD.split(",")[-1]
    assert amounts() == {}


def test_currency_option_must_be_a_currency(files: Files) -> None:
    with pytest.raises(questions.InvalidAnswer, match="YUAN"):
        files.run(f"{HEAD}\n1,M1,2024-03-05,5\n", currency="YUAN")
    files.run(f"{HEAD}\n1,M1,2024-03-05,5\n", currency="EUR")
    assert Order.objects.get().currency == "EUR"


def test_order_with_a_broken_line_is_refused_as_a_whole(files: Files) -> None:
    text = (
        f"{HEAD},product\n1,M1,2024-03-05,5,tea\n1,M1,2024-03-05,many,cup\n"
        "2,M1,2024-03-05,7,tea\n"
    )
    problems = files.problems(text)
    assert [problem.row for problem in problems] == [2, 3]
    assert amounts() == {"2": (700, 0)}


def test_totals_that_do_not_add_up_show_the_arithmetic(files: Files) -> None:
    head = "order_id,order_date,product,price,qty,discount,shipping,total\n"
    good = "1,2024-03-05,tea,120,1,20,10,170\n1,2024-03-05,cup,30,2,,,\n"
    bad = "2,2024-03-05,tea,120,1,20,10,190\n"
    (problem,) = files.problems(head + good + bad)
    assert "120.00 − 20.00 + 10.00 = 110.00" in problem.remedy
    assert amounts() == {"1": (17_000, 0)}


def test_counts_of_rows_add_up(files: Files) -> None:
    head = f"{HEAD},product,status\n"
    files.run(f"{head}1,M1,2024-03-05,5,tea,paid\n2,M1,2024-03-05,5,tea,paid\n")
    result = files.run(
        f"{head}1,M1,2024-03-05,5,tea,paid\n2,M1,2024-03-05,6,tea,paid\n"
        "3,M1,2024-03-05,1,tea,paid\n3,M1,2024-03-05,2,cup,paid\n"
        "4,M1,2024-03-05,9,tea,cancelled\n5,M1,never,9,tea,paid\n"
    )
    counts = result.job.counts
    rows = sum(count for name, count in counts.items() if name.startswith("rows_"))
    assert result.job.rows_read == rows + result.job.rows_broken == 6
    assert (counts["paid_millionths:CNY"], counts["net_millionths:CNY"]) == (
        14_000_000,
        14_000_000,
    )


def test_sign_of_several_currencies_is_asked_about(tmp_path: Path, db: None) -> None:
    files = Files(factories.community("abroad", currency="EUR"), tmp_path)
    text = f"{HEAD}\n1,M1,2024-03-05,¥900\n"
    with pytest.raises(questions.AnswerNeeded, match="¥"):
        files.run(text)
    files.run(text, answers={"sign:¥": "JPY"})
    assert list(Order.objects.values_list("amount", "currency")) == [(900, "JPY")]
    files.run(f"{HEAD}\n2,M1,2024-03-05,$9\n")
    assert Order.objects.get(key="2").currency == "USD"


CURRENCY_NOTE = "Amounts without a currency of their own are in CNY."


@pytest.mark.parametrize(
    ("rows", "is_noted"),
    [
        (["¥5,", "$6,"], False),
        (["5,CNY", "6,USD"], False),
        (["¥5,", "6,"], True),
        (["5,CNY", "6,"], True),
        (["5,", "6,"], True),
    ],
)
def test_currency_of_the_community_is_noted_where_it_was_used(
    shop: Community, tmp_path: Path, rows: list[str], is_noted: bool
) -> None:
    lines = [f"{key},a,2026-01-01,{row}" for key, row in enumerate(rows, 1)]
    # Totals are left out, so their amounts need no currency.
    text = "\n".join([f"{HEAD},currency", *lines, "合计,,,11,"])
    plan = helpers.plan(shop, helpers.write(tmp_path, text), "orders")
    preview = pipeline.preview(plan)
    assert len(preview.rows) == 2
    assert (CURRENCY_NOTE in plan.notes) == is_noted
    plan = helpers.plan(shop, helpers.write(tmp_path, text), "orders")
    assert pipeline.run(plan).job.counts["orders"] == 2
    assert (CURRENCY_NOTE in pipeline.list_row_notes(plan)) == is_noted
