"""Small stories of several files about orders, of the kinds of the 46 cases."""

from __future__ import annotations

import pytest

from tests.cases.story_files import MEMBERS, ORDER, bring
from tests.cases.terminal import Rows, Terminal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    """A terminal of a shop that knows two members."""
    bring(terminal, "members", MEMBERS)
    return terminal


# One truth of an order


def test_same_number_from_two_sources_is_two_orders(terminal: Terminal) -> None:
    bring(
        terminal,
        "orders",
        [ORDER, ["1001", "M1", "2024-03-05", "100"]],
        "--source",
        "taobao",
    )
    bring(
        terminal,
        "orders",
        [ORDER, ["1001", "M2", "2024-03-06", "50"]],
        "--source",
        "youzan",
    )
    assert len(terminal.order_list()) == 2
    assert terminal.status()["sales"] == "150.00"


def test_same_number_from_two_shops_of_a_file_is_two_orders(terminal: Terminal) -> None:
    rows = [
        ["店铺名称", "订单号", "会员号", "付款时间", "实付金额"],
        ["一店", "1001", "M1", "2024-03-05", "100"],
        ["二店", "1001", "M2", "2024-03-06", "50"],
    ]
    bring(terminal, "orders", rows)
    assert len(terminal.order_list()) == 2
    assert terminal.status()["sales"] == "150.00"
    assert terminal.buyers() == ["M1", "M2"]


STATUS = [*ORDER, "Order Status"]


def test_order_that_is_paid_later_is_a_sale_then(terminal: Terminal) -> None:
    bring(terminal, "orders", [STATUS, ["1", "M1", "2024-03-05", "100", "pending"]])
    assert terminal.status()["sales"] == "0.00"
    bring(terminal, "orders", [STATUS, ["1", "M1", "2024-03-05", "100", "completed"]])
    assert terminal.status()["sales"] == "100.00"
    assert terminal.buyers() == ["M1"]


@pytest.mark.parametrize("word", ["cancelled", "refunded"])
def test_order_that_is_cancelled_later_is_no_sale_any_more(
    terminal: Terminal, word: str
) -> None:
    bring(terminal, "orders", [STATUS, ["1", "M1", "2024-03-05", "100", "completed"]])
    bring(terminal, "orders", [STATUS, ["1", "M1", "2024-03-05", "100", word]])
    assert terminal.status()["sales"] == "0.00"


def test_refund_row_is_taken_once(terminal: Terminal) -> None:
    bring(terminal, "orders", [ORDER, ["1", "M1", "2024-03-05", "100"]])
    refund = ["1", "M1", "2024-03-09 10:00", "-30"]
    bring(terminal, "orders", [ORDER, refund])
    bring(terminal, "orders", [ORDER, refund, ["2", "M1", "2024-03-10", "5"]])
    assert terminal.amounts() == {"1": ("100.00", "30.00"), "2": ("5.00", "0.00")}


def test_full_refund_as_a_row(terminal: Terminal) -> None:
    rows = [ORDER, ["1", "M1", "2024-03-05", "100"], ["1", "M1", "2024-03-09", "-100"]]
    bring(terminal, "orders", rows)
    assert terminal.amounts() == {"1": ("100.00", "100.00")}


def test_two_refunds_in_two_files(terminal: Terminal) -> None:
    bring(terminal, "orders", [ORDER, ["1", "M1", "2024-03-05", "100"]])
    bring(terminal, "orders", [ORDER, ["1", "M1", "2024-03-09", "-30"]])
    bring(terminal, "orders", [ORDER, ["1", "M1", "2024-03-10", "-20"]])
    assert terminal.amounts() == {"1": ("100.00", "50.00")}


def test_refund_written_as_a_negative_number(terminal: Terminal) -> None:
    bring(
        terminal,
        "orders",
        [[*ORDER, "refund_amount"], ["1", "M1", "2024-03-05", "100", "-30"]],
    )
    assert terminal.amounts() == {"1": ("100.00", "30.00")}


def test_refund_above_the_payment_is_a_net_amount_or_refused(
    terminal: Terminal,
) -> None:
    rows = [[*ORDER, "refund_amount"], ["1", "M1", "2024-03-05", "20", "80"]]
    result = terminal.import_file(terminal.write_table("o.csv", rows), "orders")
    if result.code:
        assert "80" in result.errors
        assert terminal.orders() == {}
    else:
        assert terminal.amounts() == {"1": ("100.00", "80.00")}


def test_same_file_again_changes_nothing(terminal: Terminal) -> None:
    rows = [
        [*ORDER, "refund_amount", "product", "qty", "unit_price"],
        ["1", "M1", "2024-03-05", "170", "30", "茶", "1", "120"],
        ["1", "M1", "2024-03-05", "170", "30", "杯", "2", "30"],
        ["2", "M2", "2024-03-06", "60", "", "茶", "1", "60"],
    ]
    first = bring(terminal, "orders", rows)
    facts = terminal.status()["facts"]
    again = bring(terminal, "orders", rows, "--source", "import")
    assert (first["orders"], again["orders"], again["known"]) == (2, 0, 3)
    assert terminal.amounts() == {"1": ("170.00", "30.00"), "2": ("60.00", "0.00")}
    # The second import is recorded; the orders are not.
    assert terminal.status()["facts"] - facts <= 1


def test_later_file_sets_amount_member_and_time_right(terminal: Terminal) -> None:
    bring(terminal, "orders", [ORDER, ["1", "M1", "2024-03-05", "100"]])
    bring(terminal, "orders", [ORDER, ["1", "M2", "2024-03-06", "120"]])
    (order,) = terminal.order_list()
    assert (order["member_key"], order["amount"]) == ("M2", "120.00")
    assert order["paid_at"].startswith("2024-03-06")
    assert terminal.buyers() == ["M2"]
    spent = {"did": {"kind": "order.paid", "sum": {"field": "amount", "gte": 12000}}}
    assert terminal.audience(spent) == ["M2"]


LINES = [*ORDER, "product", "qty", "unit_price", "discount", "shipping"]
"""Of one order of two goods; the last two are the order's on each of its lines."""


def lines(total: str, discount: str, shipping: str) -> Rows:
    head = ["1", "M1", "2024-03-05", total]
    return [
        LINES,
        [*head, "茶", "1", "120", discount, shipping],
        [*head, "杯", "2", "30", discount, shipping],
    ]


def test_total_that_lines_discount_and_shipping_add_up_to(terminal: Terminal) -> None:
    bring(terminal, "orders", lines("170", "20", "10"))
    assert terminal.amounts() == {"1": ("170.00", "0.00")}


def test_amounts_of_lines_that_add_up_to_no_total_are_refused(
    terminal: Terminal,
) -> None:
    rows = [
        ["order_id", "customer_id", "order_date", "product", "实付金额", "total"],
        ["1", "M1", "2024-03-05", "茶", "50", "100"],
        ["1", "M1", "2024-03-05", "杯", "30", "100"],
    ]
    file = terminal.write_table("o.csv", rows)
    terminal.refuses(
        file, "orders", naming=("row 2", "50.00 + 30.00 = 80.00", "100.00")
    )


def test_equal_amounts_of_lines_are_the_order_s(terminal: Terminal) -> None:
    rows = [
        [*ORDER, "product"],
        ["1", "M1", "2024-03-05", "80", "茶"],
        ["1", "M1", "2024-03-05", "80", "杯"],
    ]
    bring(terminal, "orders", rows)
    assert terminal.amounts() == {"1": ("80.00", "0.00")}


def test_equal_amounts_at_two_times_are_refused(terminal: Terminal) -> None:
    rows = [ORDER, ["1", "M1", "2024-03-05", "50"], ["1", "M1", "2024-04-05", "50"]]
    file = terminal.write_table("o.csv", rows)
    terminal.refuses(file, "orders", naming=("row 2", "different times"))


def test_equal_line_amounts_are_summed(terminal: Terminal) -> None:
    rows = [
        ["order_id", "customer_id", "order_date", "product", "小计"],
        ["1", "M1", "2024-03-05", "茶", "40"],
        ["1", "M1", "2024-03-05", "茶", "40"],
    ]
    bring(terminal, "orders", rows)
    assert terminal.amounts() == {"1": ("80.00", "0.00")}


def test_lines_of_one_order_apart_in_the_file_are_one_order(terminal: Terminal) -> None:
    rows = [
        ["order_id", "customer_id", "order_date", "product", "小计"],
        ["1", "M1", "2024-03-05", "茶", "50"],
        ["2", "M2", "2024-03-05", "茶", "50"],
        ["1", "M1", "2024-03-05", "杯", "30"],
    ]
    bring(terminal, "orders", rows)
    assert terminal.amounts() == {"1": ("80.00", "0.00"), "2": ("50.00", "0.00")}


def test_lines_of_one_order_with_two_members_are_refused(terminal: Terminal) -> None:
    rows = [
        ["order_id", "customer_id", "order_date", "product", "小计"],
        ["1", "M1", "2024-03-05", "茶", "50"],
        ["1", "M2", "2024-03-05", "杯", "30"],
    ]
    terminal.refuses(terminal.write_table("o.csv", rows), "orders", naming=("1",))


def test_lines_of_one_order_in_two_currencies_are_refused(terminal: Terminal) -> None:
    rows = [
        ["order_id", "customer_id", "order_date", "product", "小计", "currency"],
        ["1", "M1", "2024-03-05", "茶", "50", "CNY"],
        ["1", "M1", "2024-03-05", "杯", "30", "USD"],
    ]
    terminal.refuses(
        terminal.write_table("o.csv", rows), "orders", naming=("row 2", "currencies")
    )


def test_sum_of_a_rule_does_not_cross_currencies(terminal: Terminal) -> None:
    rows = [
        [*ORDER, "currency"],
        ["1", "A", "2024-03-05", "60", "CNY"],
        ["2", "B", "2024-03-05", "9000", "JPY"],
    ]
    bring(terminal, "orders", rows)
    rule = {"did": {"kind": "order.paid", "sum": {"field": "amount", "gte": 6000}}}
    assert terminal.audience(rule) == ["A"]


# The report adds up

REPORTS: list[tuple[str, Rows]] = [
    ("members", [["key", "name"], ["a", "A"], ["b", "B"], ["b", "B"], ["", "C"]]),
    ("members", [["key", "phone"], ["a", "13800138001"], ["b", "12"], ["M1", ""]]),
    ("tags", [["member_key", "tag"], ["M1", "vip"], ["M1", "vip"], ["zz", "vip"]]),
    ("memberships", [["group", "member_key"], ["g", "M1"], ["g", "M1"], ["g", "zz"]]),
    (
        "facts",
        [
            ["kind", "member_key", "happened_at"],
            ["a.b", "M1", "2024-03-05"],
            ["a.b", "M1", "1901-01-01"],
        ],
    ),
    (
        "orders",
        [
            ORDER,
            ["1", "M1", "2024-03-05", "5"],
            ["2", "M1", "x", "5"],
            ["1", "M1", "2024-03-05", "5"],
        ],
    ),
]


@pytest.mark.parametrize(("target", "rows"), REPORTS)
def test_report_adds_up(shop: Terminal, target: str, rows: Rows) -> None:
    report = bring(shop, target, rows, "--good-rows-only")
    parts = ("new", "changed", "known", "skipped", "broken", "suppressed")
    assert report["rows"] == sum(report[name] for name in parts), report
    again = bring(shop, target, rows, "--good-rows-only")
    assert again["rows"] == sum(again[name] for name in parts), again
    assert again["new"] == 0


# The same number everywhere


def test_money_is_the_same_number_everywhere(terminal: Terminal) -> None:
    rows = [
        [*ORDER, "refund_amount", "Order Status", "currency"],
        ["1", "M1", "2024-03-05", "100", "30", "completed", "CNY"],
        ["2", "M1", "2024-03-06", "80", "", "cancelled", "CNY"],
        ["3", "", "2024-03-06", "50", "50", "refunded", "CNY"],
        ["4", "M2", "2024-03-07", "20.5", "", "completed", "USD"],
    ]
    report = bring(terminal, "orders", rows)
    money = {each["currency"]: each for each in report["money"]}
    assert (money["CNY"]["paid"], money["CNY"]["refunded"]) == ("150.00", "80.00")
    assert (money["CNY"]["net"], money["USD"]["net"]) == ("70.00", "20.50")
    status = terminal.status()
    assert (status["sales"], status["other_sales"]) == ("70.00", {"USD": "20.50"})
    spent = {"did": {"kind": "order.paid", "sum": {"field": "amount", "gte": 10000}}}
    assert terminal.audience(spent) == ["M1"]


# Files of shops


def test_refunds_of_goods_in_a_youzan_export_are_added_up(terminal: Terminal) -> None:
    head = [
        "订单号",
        "订单状态",
        "买家付款时间",
        "订单实付金额",
        "商品名称",
        "商品退款金额",
    ]
    order = ["E1", "交易完成", "2024-03-05 10:00:00", "110.00"]
    bring(terminal, "orders", [head, [*order, "茶", "0"], [*order, "杯", "20.00"]])
    assert terminal.amounts() == {"E1": ("110.00", "20.00")}


def test_single_tag_of_mailchimp_loses_its_quotes(terminal: Terminal) -> None:
    rows = [
        ["Email Address", "TAGS"],
        ["ann@example.com", '"vip","new"'],
        ["bob@example.com", '"vip"'],
    ]
    bring(terminal, "members", rows)
    assert terminal.tagged("vip") == ["ann@example.com", "bob@example.com"]


def test_hints_of_a_template_are_no_part_of_its_headings(terminal: Terminal) -> None:
    rows = [
        ["*会员号", "昵称（必填）", "注册时间(yyyy-mm-dd)"],
        ["M1", "林", "2024-03-05"],
    ]
    bring(terminal, "members", rows)
    member = terminal.member("M1")
    assert (member["name"], member["joined_at"][:10]) == ("林", "2024-03-05")
