"""Orders in the shapes of real files: refunds, statuses, shops, currencies, corrections."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.importing import pipeline
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan import questions
from qunce.importing.rows.parsing import Problem
from qunce.importing.undo import undos
from qunce.members.accounts.models import Account
from qunce.sales import order_facts, orders
from qunce.sales.models import ClosedOrder, Order
from tests import factories
from tests.importing import helpers

pytestmark = pytest.mark.both_databases
HEAD = "order_id,customer_id,order_date,total"


class Files:
    """Imports texts as files of orders."""

    def __init__(self, shop: Community, folder: Path) -> None:
        self.shop, self.folder = shop, folder

    def run(self, text: str, **options: Any) -> pipeline.ImportResult:
        return helpers.run(
            self.shop, helpers.write(self.folder, text), "orders", **options
        )

    def counts(self, text: str, **options: Any) -> dict[str, int]:
        return self.run(text, **options).job.counts

    def problems(self, text: str, **options: Any) -> list[Problem]:
        return self.run(text, **options).problems

    def remedy(self, text: str, **options: Any) -> str:
        (first, *_others) = self.problems(text, **options)
        return first.remedy


@pytest.fixture
def files(shop: Community, tmp_path: Path) -> Files:
    return Files(shop, tmp_path)


def amounts() -> dict[str, tuple[int, int]]:
    rows = Order.objects.order_by("key").values_list("key", "amount", "refunded_amount")
    return {key: (amount, refunded) for key, amount, refunded in rows}


def undo(job: ImportJob, by: Staff) -> None:
    job.refresh_from_db()
    undos.start(job=job, by=by, at=factories.AT, in_background=False)
    undos.complete(job.pk, at=factories.AT)


def spent(shop: Community) -> int:
    return sum(
        sign * payload["amount"]
        for kind, sign in order_facts.SPEND.items()
        for _account, payload in factories.recorded_facts(shop, kind)
    )


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


def test_other_member_moves_the_facts(shop: Community, files: Files) -> None:
    files.run(f"{HEAD}\n1,M1,2024-03-05,5\n2,M1,2024-03-05,6\n")
    assert files.counts(f"{HEAD}\n1,M2,2024-03-07,5\n")["amended"] == 1
    m1, m2 = factories.account_ids(shop, ("M1", "M2"))
    paid = factories.recorded_facts(shop, "order.paid")
    assert [(account, payload["order"]) for account, payload in paid] == [
        (m1, "2"),
        (m2, "1"),
    ]
    assert facts.Fact.objects.filter(account_id=m2).count() == 2  # joined and paid
    assert spent(shop) == 1_100
    # A file without the member leaves the order to its member.
    files.run(f"{HEAD}\n1,,2024-03-07,5\n")
    assert Order.objects.get(key="1").account_id == m2


def test_receivers_phone_is_not_the_buyers(shop: Community, files: Files) -> None:
    text = (
        "订单号,会员号,收货人手机号,付款时间,实付金额\n1,M1,13800138001,2024-03-05,5\n"
    )
    files.run(text)
    assert factories.matching_keys(shop, {"all": []}) == ["M1"]
    assert "收货人手机号" in (Order.objects.get().details or "")


def test_sign_of_several_currencies_is_asked_about(tmp_path: Path, db: None) -> None:
    files = Files(factories.community("abroad", currency="EUR"), tmp_path)
    text = f"{HEAD}\n1,M1,2024-03-05,¥900\n"
    with pytest.raises(questions.AnswerNeeded, match="¥"):
        files.run(text)
    files.run(text, answers={"sign:¥": "JPY"})
    assert list(Order.objects.values_list("amount", "currency")) == [(900, "JPY")]
    files.run(f"{HEAD}\n2,M1,2024-03-05,$9\n")
    assert Order.objects.get(key="2").currency == "USD"


def test_other_account_of_the_member_is_no_correction(
    shop: Community, files: Files
) -> None:
    files.run(f"{HEAD}\n1,M1,2024-03-05,5\n2,M2,2024-03-05,5\n")
    (m1,) = factories.account_ids(shop, ("M1",))
    factories.merge(shop, "M1", "M2")
    assert files.counts(f"{HEAD}\n1,M2,2024-03-05,5\n")["known"] == 1
    assert Order.objects.get(key="1").account_id == m1


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


def member_names() -> dict[str, str]:
    return dict(Account.objects.values_list("key", "name"))


RECEIVERS = (
    "order_id,customer_id,收货人姓名,order_date,total\n"
    "1,M1,小红,2024-03-05,5\n2,M1,小明,2024-03-06,5\n3,M2,,2024-03-05,5\n"
    "4,M2,阿强,2024-03-07,5\n5,M3,小丽,2024-03-05,5\n"
)


def test_name_of_a_receiver_names_no_member(shop: Community, files: Files) -> None:
    files.run(RECEIVERS)
    assert member_names() == {"M1": "", "M2": "", "M3": ""}
    assert "小红" in (Order.objects.get(key="1").details or "")


def test_mapped_name_is_that_of_new_members_alone(
    shop: Community, files: Files
) -> None:
    factories.member(shop, "M3", name="丽丽")
    factories.member(shop, "M4")
    text = f"{RECEIVERS}6,M4,大刘,2024-03-05,5\n7,,路人,2024-03-05,5\n"
    files.run(text, mapping={"收货人姓名": "member_name"})
    assert member_names() == {"M1": "小红", "M2": "阿强", "M3": "丽丽", "M4": ""}
    assert Order.objects.get(key="1").details is None
    # A later file is about members who are known.
    files.run(RECEIVERS.replace("小红", "别人"), mapping={"收货人姓名": "member_name"})
    assert member_names()["M1"] == "小红"


def test_status_of_refunds_is_read_or_asked_about(files: Files) -> None:
    head = f"{HEAD},退款状态"
    files.run(f"{head}\nR1,M1,2024-03-05,10,退款成功\nR2,M1,2024-03-05,20,无退款\n")
    assert amounts() == {"R1": (1_000, 1_000), "R2": (2_000, 0)}
    text = f"{head},订单状态\nR3,M1,2024-03-05,10,退款成功,交易成功\n"
    with pytest.raises(questions.AnswerNeeded, match="refund_status:退款状态"):
        files.run(text)
    files.run(text, answers={"refund_status:退款状态": "ignore"})
    assert amounts()["R3"] == (1_000, 0)
