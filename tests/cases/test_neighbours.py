"""Small files of the same kinds as the 46 cases.

Where an input has one plain meaning, the meaning is asserted. `REFUSED` stands for
inputs that nobody can understand, and `ASKED` for those that people read in two ways.
Some may either be read or be refused, but they are never read as something else.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cases.terminal import Rows, Terminal

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = "refused"
ASKED = "asked"


def check(
    shop: Terminal, file: str, target: str, got: Any, *expected: Any, cell: str = ""
) -> None:
    """Import a file; `got()` is one of `expected` then, or it is refused if that may be."""
    before = shop.stored()
    result = shop.import_file(file, target)
    assert "Traceback" not in result.errors, result.errors
    if result.code:
        assert {REFUSED, ASKED} & set(map(str, expected)), result.errors
        assert shop.stored() == before
        # The sentence shows what could not be read.
        assert cell in result.errors, result.errors
        return
    answer = got()
    assert answer in [each for each in expected if each not in (REFUSED, ASKED)]


# Keys

KEYS = {
    "tab guard": ("\t2034567890123456789", "2034567890123456789"),
    "formula guard of 19 digits": ('="2034567890123456789"', "2034567890123456789"),
    "apostrophe and 19 digits": ("'2034567890123456789", "2034567890123456789"),
    "float of a short number": ("17850.0", "17850"),
    "two decimals are no float": ("12.50", "12.50"),
    "leading zeros": ("007", "007"),
    "no-break spaces": ("\u00a0M001\u00a0", "M001"),
    "soft hyphen": ("M\u00ad001", "M001"),
    "right-to-left mark": ("\u200fM001\u200f", "M001"),
    "full-width letters and digits": ("Ｍ００１", "M001"),
    "letters keep their case": ("m001", "m001"),
    "letter E between digits": ("12E4", "12E4"),
    "rounded to three digits": ("2.03E+18", REFUSED),
    "rounded by a program": ("2.034567890123457e+18", REFUSED),
    "rounded with a comma": ("2,03457E+18", REFUSED),
}


@pytest.mark.parametrize(("cell", "key"), KEYS.values(), ids=[*KEYS])
def test_key_of_a_member(terminal: Terminal, cell: str, key: str) -> None:
    file = terminal.write_table("m.csv", [["会员号", "昵称"], [cell, "林"]])
    check(terminal, file, "members", lambda: [*terminal.members()], [key], key)


@pytest.mark.parametrize(
    "cell",
    [
        *("null", "(null)", "None", "NaN", "N/A", "#N/A", "#REF!", "#VALUE!"),
        *("undefined", "\\N", "--", "—", "未知", "暂无", "没有", "0"),
    ],
)
def test_placeholder_of_an_order_is_nobody(terminal: Terminal, cell: str) -> None:
    rows = [
        ["订单号", "会员号", "付款时间", "实付金额"],
        ["A1", cell, "2024-03-05", "10"],
    ]
    terminal.imports(terminal.write_table("o.csv", rows), "orders")
    assert terminal.orders()["A1"]["member_key"] is None
    assert terminal.members() == {}


NUMBER_CELLS = {
    "phone as number": (13800138001, "13800138001"),
    "15 digits": (123456789012345, "123456789012345"),
    "16 digits": (1234567890123456, REFUSED),
    "19 digits": (2034567890123456789, REFUSED),
}


@pytest.mark.parametrize(("cell", "key"), NUMBER_CELLS.values(), ids=[*NUMBER_CELLS])
def test_key_stored_as_a_number(terminal: Terminal, cell: int, key: str) -> None:
    file = terminal.write_workbook("m.xlsx", m=[["会员号", "昵称"], [cell, "林"]])
    check(terminal, file, "members", lambda: [*terminal.members()], [key], key)


def test_long_numbers_in_json_are_exact(terminal: Terminal) -> None:
    order = '{"order_id": %d, "customer_id": "M1", "order_date": "2024-03-05", "total": 9.9}'
    text = "\n".join(order % (2034567890123456789 + index) for index in range(2))
    terminal.imports(terminal.write("o.ndjson", text), "orders")
    assert terminal.amounts() == {
        "2034567890123456789": ("9.90", "0.00"),
        "2034567890123456790": ("9.90", "0.00"),
    }


# Phones and e-mail addresses

PHONES = {
    "float": ("13800138001.0", "13800138001"),
    "tab guard": ("\t13800138001", "13800138001"),
    "American number": ("+1 (415) 555-2671", "+14155552671"),
    "British number with 00": ("0044 20 7946 0958", "+442079460958"),
    "two in one cell": ("13800138001、13900139001", REFUSED),
    "with a name": ("13800138001(妈妈)", REFUSED),
    "too short": ("138001380", REFUSED),
    "too long": ("138001380010", REFUSED),
    "rounded": ("1.38E+10", REFUSED),
    "masked": ("138****8001", REFUSED),
}


@pytest.mark.parametrize(("cell", "phone"), PHONES.values(), ids=[*PHONES])
def test_phone(terminal: Terminal, cell: str, phone: str) -> None:
    file = terminal.write_table("m.csv", [["会员号", "手机号"], ["M1", cell]])
    check(terminal, file, "members", terminal.phones, {phone}, phone)


@pytest.mark.parametrize("cell", ["", "无", "NULL", "-", "0", "N/A", "00000000000"])
def test_no_phone_joins_nobody(terminal: Terminal, cell: str) -> None:
    rows = [["会员号", "手机号"], ["M1", cell], ["M2", cell], ["M3", "13800138003"]]
    file = terminal.write_table("m.csv", rows)
    check(terminal, file, "members", lambda: len(terminal.members()), 3, REFUSED)


EMAILS = {
    "capitals": ("Ann@EXAMPLE.com", "ann@example.com"),
    "spaces": (" ann@example.com\u00a0", "ann@example.com"),
    "full-width": ("ａｎｎ＠example.com", "ann@example.com"),
    "two in one cell": ("ann@example.com;bob@example.com", REFUSED),
    "no domain": ("ann@", REFUSED),
    "no at sign": ("ann.example.com", REFUSED),
}


@pytest.mark.parametrize(("cell", "email"), EMAILS.values(), ids=[*EMAILS])
def test_email(terminal: Terminal, cell: str, email: str) -> None:
    file = terminal.write_table("m.csv", [["email", "name"], [cell, "Ann"]])
    check(terminal, file, "members", lambda: [*terminal.members()], [email], email)


# Amounts

ORDER = ["order_id", "customer_id", "order_date", "total"]


def orders_of(totals: list[Any]) -> Rows:
    rows = [
        [f"X{index}", "M1", "2024-03-05", cell] for index, cell in enumerate(totals)
    ]
    return [ORDER, *rows]


AMOUNTS: dict[str, tuple[list[str], Any]] = {
    "thousands and cents": (["1,299.00", "88.5"], ["1299.00", "88.50"]),
    "German": (["1.299,00", "88,50"], ["1299.00", "88.50"]),
    "Swiss": (["1'299.00", "88.50"], ["1299.00", "88.50"]),
    "French": (["1 299,00", "88,50"], ["1299.00", "88.50"]),
    "narrow no-break spaces": (["1\u202f299,00", "88,50"], ["1299.00", "88.50"]),
    "full-width": (["１，２９９．００", "88.50"], ["1299.00", "88.50"]),
    "yuan behind": (["1,299.00元", "88.50元"], ["1299.00", "88.50"]),
    "zero is an amount": (["0", "88.50"], ["0.00", "88.50"]),
    "two styles in one column": (["1.299,00", "2,450.00"], REFUSED),
    "a sum": (["100+20", "88.50"], REFUSED),
    "a word": (["免费", "88.50"], REFUSED),
    "about": (["约100", "88.50"], REFUSED),
    "empty": (["", "88.50"], REFUSED),
    "an error of the spreadsheet": (["#REF!", "88.50"], REFUSED),
    "infinite": (["inf", "88.50"], REFUSED),
}


@pytest.mark.parametrize(("cells", "amounts"), AMOUNTS.values(), ids=[*AMOUNTS])
def test_amount(terminal: Terminal, cells: list[str], amounts: Any) -> None:
    file = terminal.write_table("o.csv", orders_of([*cells]))
    check(terminal, file, "orders", lambda: paid(terminal), amounts)


def paid(shop: Terminal) -> list[str]:
    return [amount for amount, _refunded in shop.amounts().values()]


NEVER_WRONG: dict[str, tuple[list[str], list[str]]] = {
    # Both readings are possible, so a guess needs evidence or an answer.
    "three digits behind a point": (["1.299", "2.450"], ["1299.00", "2450.00"]),
    "three digits behind a comma": (["1,299", "2,450"], ["1299.00", "2450.00"]),
    "ten thousands": (["1.2万", "3万"], ["12000.00", "30000.00"]),
    "thousands by a letter": (["1.5k", "2k"], ["1500.00", "2000.00"]),
    "with an exponent": (["1.5E+03", "2E+03"], ["1500.00", "2000.00"]),
}


@pytest.mark.parametrize(("cells", "amounts"), NEVER_WRONG.values(), ids=[*NEVER_WRONG])
def test_amount_is_read_right_or_asked(
    terminal: Terminal, cells: list[str], amounts: list[str]
) -> None:
    file = terminal.write_table("o.csv", orders_of([*cells]))
    check(terminal, file, "orders", lambda: paid(terminal), amounts, ASKED)


CURRENCIES = {
    "code behind": ("25 USD", "USD", "25.00"),
    "code before": ("USD 25.00", "USD", "25.00"),
    "Chinese word": ("25美元", "USD", "25.00"),
    "euro word": ("25欧元", "EUR", "25.00"),
    "pound": ("£9.99", "GBP", "9.99"),
    "won": ("₩12,000", "KRW", "12000"),
    "yen word": ("2,100円", "JPY", "2100"),
    "Japanese sign": ("JP¥2,100", "JPY", "2100"),
    "Taiwan dollar": ("NT$300", "TWD", "300.00"),
    "Singapore dollar": ("S$20", "SGD", "20.00"),
    "full-width sign": ("￥1,234.50", "CNY", "1234.50"),
    "yuan": ("25块", "CNY", "25.00"),
    "renminbi": ("RMB 25", "CNY", "25.00"),
    "US dollar written out": ("25 US dollars", "USD", "25.00"),
    "bare dollar": ("$25", "USD", "25.00"),
}


@pytest.mark.parametrize(
    ("cell", "currency", "amount"), CURRENCIES.values(), ids=[*CURRENCIES]
)
def test_currency_in_the_cell(
    terminal: Terminal, cell: str, currency: str, amount: str
) -> None:
    file = terminal.write_table("o.csv", orders_of([cell]))

    def got() -> tuple[str, str]:
        (order,) = terminal.order_list()
        return order["currency"], order["amount"]

    check(terminal, file, "orders", got, (currency, amount), REFUSED)


def test_sign_that_contradicts_the_column_is_refused(terminal: Terminal) -> None:
    rows = [[*ORDER, "currency"], ["X1", "M1", "2024-03-05", "US$25.00", "CNY"]]
    terminal.refuses(
        terminal.write_table("o.csv", rows), "orders", naming=("US$", "CNY")
    )


@pytest.mark.parametrize(
    "cell", ["-30.00", "(30.00)", "30.00-", "−30.00", "-¥30", "¥-30"]
)
def test_negative_row_is_a_refund_of_the_order(terminal: Terminal, cell: str) -> None:
    rows = [
        ORDER,
        ["N1", "M1", "2024-03-05", "100.00"],
        ["N1", "M1", "2024-03-09", cell],
    ]
    terminal.imports(terminal.write_table("o.csv", rows), "orders")
    assert terminal.amounts() == {"N1": ("100.00", "30.00")}


# Statuses

STATUSES = {
    **dict.fromkeys(
        [
            *("交易成功", "已完成", "已发货", "待发货", "已付款", "已签收", "待收货"),
            *("买家已付款,等待卖家发货", "卖家已发货，等待买家确认", "交易完成"),
            *("paid", "Completed", "PROCESSING", "shipped", "fulfilled", "delivered"),
        ],
        "100.00",
    ),
    **dict.fromkeys(
        [
            *("待付款", "未付款", "等待买家付款", "已取消", "已关闭", "交易关闭"),
            *("Pending payment", "unpaid", "on-hold", "failed", "voided"),
            *("Cancelled", "canceled", "expired", "draft"),
        ],
        "0.00",
    ),
    # Paid, and all of it given back.
    **dict.fromkeys(["已退款", "退款成功", "Refunded"], "0.00"),
}


@pytest.mark.parametrize(("word", "sales"), STATUSES.items())
def test_status_decides_whether_it_is_a_sale(
    terminal: Terminal, word: str, sales: str
) -> None:
    rows = [
        ["订单编号", "会员号", "订单状态", "付款时间", "实付金额"],
        ["T1", "M1", word, "2024-03-05 10:00", "100.00"],
    ]
    file = terminal.write_table("o.csv", rows)
    check(terminal, file, "orders", lambda: terminal.status()["sales"], sales)
    assert terminal.buyers() == (
        ["M1"] if sales != "0.00" or "退" in word or "efund" in word else []
    )


@pytest.mark.parametrize("word", ["审核中", "xyz", "7"])
def test_unknown_status_is_asked_about(terminal: Terminal, word: str) -> None:
    rows = [
        ["订单编号", "会员号", "订单状态", "付款时间", "实付金额"],
        ["T1", "M1", word, "2024-03-05 10:00", "100.00"],
        ["T2", "M1", "交易成功", "2024-03-05 10:00", "50.00"],
    ]
    file = terminal.write_table("o.csv", rows)
    terminal.refuses(file, "orders", naming=(word, "--answer"))


# Dates

DATES: dict[str, tuple[list[str], Any]] = {
    "slashes, year first": (["2024/3/5", "2024/12/31"], ["2024-03-05", "2024-12-31"]),
    "points, year first": (["2024.3.5", "2024.12.31"], ["2024-03-05", "2024-12-31"]),
    "eight digits": (["20240305", "20241231"], ["2024-03-05", "2024-12-31"]),
    "day first by evidence": (["5.3.2024", "31.12.2024"], ["2024-03-05", "2024-12-31"]),
    "month first by evidence": (
        ["3/5/2024", "12/31/2024"],
        ["2024-03-05", "2024-12-31"],
    ),
    "Chinese": (["2024年3月5日", "2024年12月31日"], ["2024-03-05", "2024-12-31"]),
    "month by name": (["5-Mar-2024", "31-Dec-2024"], ["2024-03-05", "2024-12-31"]),
    "month by name, first": (
        ["Mar 5, 2024", "Dec 31, 2024"],
        ["2024-03-05", "2024-12-31"],
    ),
    "with a zone": (
        ["2024-03-05T23:30:00Z", "2024-12-31T00:00:00+08:00"],
        ["2024-03-06", "2024-12-31"],
    ),
    "seconds since 1970": (["1709604000", "1735603200"], ["2024-03-05", "2024-12-31"]),
    "milliseconds": (["1709604000000", "1735603200000"], ["2024-03-05", "2024-12-31"]),
    "evidence for both orders": (["13/5/2024", "5/13/2024"], REFUSED),
    "no such day": (["2024-02-30", "2024-03-01"], REFUSED),
    "zero date of a database": (["0000-00-00", "2024-03-01"], REFUSED),
    "a word": (["昨天", "2024-03-01"], REFUSED),
    "ahead of time": (["2204-03-05", "2024-03-01"], REFUSED),
}


@pytest.mark.parametrize(("cells", "days"), DATES.values(), ids=[*DATES])
def test_date(terminal: Terminal, cells: list[str], days: Any) -> None:
    rows = [[f"X{index}", "M1", cell, "10"] for index, cell in enumerate(cells)]
    file = terminal.write_table("o.csv", [ORDER, *rows])
    check(terminal, file, "orders", lambda: days_of(terminal), days)


def days_of(shop: Terminal) -> list[str]:
    return [each["paid_at"][:10] for _key, each in sorted(shop.orders().items())]


ASKED_DATES: dict[str, tuple[list[str], list[str]]] = {
    "day or month": (["3/5/2024", "4/6/2024"], []),
    "two digits thrice": (["03-05-06", "04-06-07"], []),
    "day of a spreadsheet as text": (["45356", "45657"], ["2024-03-05", "2024-12-31"]),
    "Republic of China": (["113/03/05", "113/12/31"], ["2024-03-05", "2024-12-31"]),
    "two digits with a long year first": (
        ["24.03.05", "24.12.31"],
        ["2024-03-05", "2024-12-31"],
    ),
    "midnight of the next day": (
        ["2024-03-05 24:00", "2024-12-31"],
        ["2024-03-06", "2024-12-31"],
    ),
    "noon at night": (
        ["2024-03-05 凌晨12:05", "2024-12-31"],
        ["2024-03-05", "2024-12-31"],
    ),
}


@pytest.mark.parametrize(("cells", "days"), ASKED_DATES.values(), ids=[*ASKED_DATES])
def test_date_is_read_right_or_asked(
    terminal: Terminal, cells: list[str], days: list[str]
) -> None:
    rows = [[f"X{index}", "M1", cell, "10"] for index, cell in enumerate(cells)]
    file = terminal.write_table("o.csv", [ORDER, *rows])
    check(terminal, file, "orders", lambda: days_of(terminal), days, ASKED)


# Types of attributes

TYPES: dict[str, list[str]] = {
    "versions": ["1.10", "1.9"],
    "rooms": ["3-2", "12-1"],
    "classes": ["1/2", "3/4"],
    "seats": ["1E5", "2E3"],
    "one letter": ["T", "F"],
    "yes and no by letter": ["Y", "N"],
    "countries": ["NO", "SE"],
    "leading zeros": ["007", "010"],
    "leading zero in one row": ["7", "010"],
    "identity cards": ["110101199003070011", "11010119900307001X"],
    "long numbers": ["12345678901234567890", "12345678901234567891"],
    "post codes": ["100080", "100090"],
    "with a sign in front": ["+8", "-3"],
    "a word among numbers": ["90", "优"],
    "a word among dates": ["2024-03-05", "春天"],
    "months": ["2024-03", "2024-04"],
    "sentences": ["慢；差", "好"],
    "addresses": ["西安, 雁塔区", "兰州"],
}


@pytest.mark.parametrize("cells", TYPES.values(), ids=[*TYPES])
def test_attribute_stays_as_it_is_written(terminal: Terminal, cells: list[str]) -> None:
    rows = [[f"m{index}", cell] for index, cell in enumerate(cells)]
    file = terminal.write_table("m.csv", [["key", "note7"], *rows])
    terminal.imports(file, "members")
    values = [terminal.attribute(f"m{i}", "note7") for i in range(len(cells))]
    assert values == cells


LATER_CELLS = {
    "word after numbers": (["90", "85"], "优"),
    "zero in front after numbers": (["90", "85"], "085"),
    "word after yes and no": (["是", "否"], "不清楚"),
    "word after dates": (["2024-03-05", "2024-03-06"], "春天"),
    "number after one number": (["5", ""], "5A"),
}


@pytest.mark.parametrize(("cells", "later"), LATER_CELLS.values(), ids=[*LATER_CELLS])
def test_later_file_breaks_no_earlier_reading(
    terminal: Terminal, cells: list[str], later: str
) -> None:
    first = [[f"m{index}", cell] for index, cell in enumerate(cells)]
    terminal.imports(
        terminal.write_table("a.csv", [["key", "note7"], *first]), "members"
    )
    earlier = terminal.attribute("m0", "note7")
    second = terminal.write_table("b.csv", [["key", "note7"], ["n1", later]])
    check(
        terminal,
        second,
        "members",
        lambda: terminal.attribute("n1", "note7"),
        later,
        REFUSED,
    )
    assert terminal.attribute("m0", "note7") == earlier


# Containers

PEOPLE = "key,name,city\nk1,{0},{1}\nk2,{2},{3}\n"
ENCODED = {
    "utf-8-sig": ("小林", "兰州", "小陈", "西安"),
    "utf-16": ("小林", "兰州", "小陈", "西安"),
    "utf-16-le": ("小林", "兰州", "小陈", "西安"),
    "gb18030": ("林小美", "兰州", "陈大文", "西安"),
    "big5": ("陳大文", "臺北", "林小美", "高雄"),
    "shift_jis": ("田中花子", "東京", "鈴木さくら", "大阪"),
    "cp1252": ("Jürgen Müller", "Köln", "García", "Málaga"),
    "euc_kr": ("김철수", "서울", "이영희", "부산"),
}


@pytest.mark.parametrize(("encoding", "texts"), ENCODED.items())
def test_encoding_is_found_or_asked(
    terminal: Terminal, encoding: str, texts: tuple[str, ...]
) -> None:
    file = terminal.write("m.csv", PEOPLE.format(*texts), encoding)

    def names() -> list[str]:
        return [*terminal.names().values()]

    check(terminal, file, "members", names, [texts[0], texts[2]], ASKED)


@pytest.mark.parametrize("encoding", ["big5", "shift_jis", "cp1252", "gb18030"])
def test_encoding_is_chosen(terminal: Terminal, encoding: str) -> None:
    texts = ENCODED[encoding]
    file = terminal.write("m.csv", PEOPLE.format(*texts), encoding)
    terminal.imports(file, "members", "--encoding", encoding)
    assert [*terminal.names().values()] == [texts[0], texts[2]]


def test_damaged_utf8_is_not_taken_for_another_encoding(terminal: Terminal) -> None:
    text = PEOPLE.format("小林", "兰州", "小陈", "西安").encode()
    (terminal.folder / "m.csv").write_bytes(
        text.replace("陈".encode(), "陈".encode()[:2])
    )
    terminal.refuses("m.csv", "members", naming=("UTF-8",))


MEMBERS = ["会员号", "昵称", "城市"]
LIN, CHEN = ["M1", "小林", "兰州"], ["M2", "小陈", "西安"]
SHAPES: dict[str, Rows] = {
    "title row": [["2024年会员名单", "", ""], MEMBERS, LIN, CHEN],
    "title and date": [
        ["会员名单", "", ""],
        ["导出时间：2024-03-05", "", ""],
        MEMBERS,
        LIN,
        CHEN,
    ],
    "blank row first": [["", "", ""], MEMBERS, LIN, CHEN],
    "headings again": [MEMBERS, LIN, MEMBERS, CHEN],
    "total behind": [MEMBERS, LIN, CHEN, ["总计", "", "2人"]],
    "total in English": [MEMBERS, LIN, CHEN, ["Total", "", "2"]],
    "total in the second column": [MEMBERS, LIN, CHEN, ["", "合计", "2"]],
    "blank rows behind": [MEMBERS, LIN, CHEN, ["", "", ""], ["", "", ""]],
    "blank column": [["", *MEMBERS], ["", *LIN], ["", *CHEN]],
}


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("rows", SHAPES.values(), ids=[*SHAPES])
def test_rows_around_the_table_are_nobody(
    terminal: Terminal, rows: Rows, suffix: str
) -> None:
    if suffix == "csv":
        file = terminal.write_table("m.csv", rows)
    else:
        file = terminal.write_workbook("m.xlsx", m=rows)
    terminal.imports(file, "members")
    assert terminal.names() == {"M1": "小林", "M2": "小陈"}


@pytest.mark.parametrize("word", ["合计", "总计", "Total", "Grand Total", "本页小计"])
def test_total_of_orders_is_no_order(terminal: Terminal, word: str) -> None:
    rows = [*orders_of(["100", "50"]), [word, "", "", "150"]]
    terminal.imports(terminal.write_table("o.csv", rows), "orders")
    assert terminal.status()["sales"] == "150.00"
    assert [*terminal.orders()] == ["X0", "X1"] or sorted(terminal.orders()) == [
        "X0",
        "X1",
    ]


def test_footer_is_nobody(terminal: Terminal) -> None:
    rows = [MEMBERS, LIN, CHEN, ["制表人：王", "", ""]]
    file = terminal.write_table("m.csv", rows)
    check(terminal, file, "members", lambda: [*terminal.names()], ["M1", "M2"], REFUSED)


def test_unclosed_quote_is_refused_with_its_line(terminal: Terminal) -> None:
    text = 'key,name,city\na1,"Ann,X\na2,Bob,Y\na3,Cyd,Z\n'
    terminal.refuses(terminal.write("m.csv", text), "members", naming=("2",))


def test_row_with_a_field_too_many_is_refused(terminal: Terminal) -> None:
    text = "key,name,city\na1,Ann,X\na2,Bob,Y,Z\n"
    terminal.refuses(terminal.write("m.csv", text), "members", naming=("row 3",))


def test_second_column_of_one_heading_is_named_as_such(terminal: Terminal) -> None:
    text = "会员号,手机号,手机号\nM1,13800138001,13900139001\n"
    result = terminal.import_file(terminal.write("m.csv", text), "members")
    assert "手机号 (2)" in result.errors
    assert terminal.phones() in (set(), {"13800138001"})


def test_file_without_headings_is_refused(terminal: Terminal) -> None:
    text = "M1,小林,13800138001\nM2,小陈,13800138002\n"
    terminal.refuses(terminal.write("m.csv", text), "members", naming=("M1",))


CONTAINERS = {
    "workbook named csv": ("m.csv", b"PK\x03\x04 rest of it"),
    "zip": ("m.csv", b"PK\x05\x06" + bytes(18)),
    "web page": ("m.xls", b"<html><p>Please sign in again.</p></html>"),
    "XML of Excel 2003": ("m.xls", b'<?xml version="1.0"?><Workbook></Workbook>'),
    "picture": ("m.csv", b"\x89PNG\r\n\x1a\n" + bytes(40)),
    "PDF": ("m.csv", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj"),
    "empty": ("m.csv", b""),
    "blank": ("m.csv", b"\n\n\n"),
}


@pytest.mark.parametrize(("name", "content"), CONTAINERS.values(), ids=[*CONTAINERS])
def test_what_is_no_table_is_named(
    terminal: Terminal, name: str, content: bytes
) -> None:
    (terminal.folder / name).write_bytes(content)
    told = terminal.refuses(name, "members", naming=("error",))
    # Nobody can map a column of a picture.
    assert "mapped" not in told


def test_hidden_sheet_is_read_if_it_is_named(terminal: Terminal) -> None:
    file = terminal.write_workbook("m.xlsx", hidden=[MEMBERS, LIN], m=[MEMBERS, CHEN])
    terminal.imports(file, "members")
    assert [*terminal.names()] == ["M2"]
    terminal.imports(file, "members", "--sheet", "hidden")
    assert [*terminal.names()] == ["M1", "M2"]


def test_empty_sheets_are_not_asked_about(terminal: Terminal) -> None:
    file = terminal.write_workbook("m.xlsx", m=[MEMBERS, LIN], Sheet2=[], Sheet3=[])
    result = terminal.import_file(file, "members")
    assert result.code == 0, result.errors
    assert "Sheet2" not in result.errors


# Tags

SEPARATED = {
    "semicolon": "vip;新客",
    "wide semicolon": "vip；新客",
    "enumeration comma": "vip、新客",
    "wide comma": "vip，新客",
    "comma": "vip,新客",
    "bar": "vip|新客",
    "JSON": '["vip", "新客"]',
    "spaces around": "vip ; 新客 ;",
}


@pytest.mark.parametrize("target", ["members", "tags"])
@pytest.mark.parametrize("cell", SEPARATED.values(), ids=[*SEPARATED])
def test_tags_in_a_cell_are_split_or_asked(
    terminal: Terminal, cell: str, target: str
) -> None:
    file = terminal.write_table("m.csv", [["key", "tags"], ["t1", cell], ["t2", "vip"]])
    if target == "tags":
        terminal.imports(terminal.write("k.csv", "key\nt1\nt2\n"), "members")

    def tags() -> list[str]:
        return sorted(terminal.member("t1")["tags"])

    check(terminal, file, target, tags, ["vip", "新客"], ASKED)


AMBIGUOUS = {"slash": ["vip/新客", "茶/咖啡"], "space": ["vip 新客", "茶 咖啡"]}


@pytest.mark.parametrize("cells", AMBIGUOUS.values(), ids=[*AMBIGUOUS])
def test_tags_by_a_doubtful_sign_are_shown_first(
    terminal: Terminal, cells: list[str]
) -> None:
    rows = [["key", "tags"], ["t1", cells[0]], ["t2", cells[1]]]
    file = terminal.write_table("m.csv", rows)

    def tags() -> list[str]:
        return sorted(terminal.member("t1")["tags"])

    check(terminal, file, "members", tags, ["vip", "新客"], [cells[0]], ASKED)


# Opt-outs

OPT_OUTS = {
    "Opted out: yes": ("Opted out", "yes", True),
    "Opted out: 1": ("Opted out", "1", True),
    "Opted out: no": ("Opted out", "no", False),
    "Opted out: empty": ("Opted out", "", False),
    "退订: 是": ("退订", "是", True),
    "退订: 否": ("退订", "否", False),
    "Unsubscribed: TRUE": ("Unsubscribed", "TRUE", True),
    # A consent is the opposite of an opt-out.
    "Accepts Marketing: yes": ("Accepts Marketing", "yes", False),
    "Accepts Email Marketing: yes": ("Accepts Email Marketing", "yes", False),
}


@pytest.mark.parametrize(("heading", "cell", "out"), OPT_OUTS.values(), ids=[*OPT_OUTS])
def test_opt_out(terminal: Terminal, heading: str, cell: str, out: bool) -> None:
    rows = [["email", heading], ["ann@example.com", cell]]
    file = terminal.write_table("m.csv", rows)

    def opted_out() -> list[str]:
        return terminal.audience({"opted_out": {"of": "messages"}})

    check(
        terminal,
        file,
        "members",
        opted_out,
        ["ann@example.com"] if out else [],
        REFUSED,
    )


# Facts


def fact(
    kind: str = "class.booked", at: Any = "2024-03-05T10:00:00+08:00", **more: Any
) -> str:
    line = {"kind": kind, "member_key": "M1", "happened_at": at, **more}
    return json.dumps(line, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    "kind",
    ["order.paid", "member.erased", "staff.joined", "tag.added", "import.started"],
)
def test_own_kind_of_fact_is_refused_or_takes_effect(
    terminal: Terminal, kind: str
) -> None:
    payload = {"order": "Z1", "amount": 1000, "currency": "CNY"}
    file = terminal.write("f.ndjson", fact(kind, payload=payload))
    result = terminal.import_file(file, "facts")
    if result.code:
        assert kind in result.errors
        return
    assert kind == "order.paid"
    assert terminal.amounts() == {"Z1": ("10.00", "0.00")}


TIMES: dict[str, tuple[Any, str]] = {
    "nine digits": (978307200, "2001-01-01"),
    "ten digits": (1709604000, "2024-03-05"),
    "milliseconds": (1709604000000, "2024-03-05"),
    "microseconds": (1709604000000000, "2024-03-05"),
    "before 2000": ("1901-03-05T10:00:00+08:00", REFUSED),
    "in the future": ("2099-03-05T10:00:00+08:00", REFUSED),
    "zero": (0, REFUSED),
}


@pytest.mark.parametrize(("at", "day"), TIMES.values(), ids=[*TIMES])
def test_time_of_a_fact(terminal: Terminal, at: Any, day: str) -> None:
    file = terminal.write("f.ndjson", fact(at=at))

    def happened() -> list[str]:
        facts = terminal.member("M1")["facts"]
        return [
            each["happened_at"][:10] for each in facts if each["kind"] == "class.booked"
        ]

    check(terminal, file, "facts", happened, [day], day)


def test_decimals_of_a_payload_count_exactly(terminal: Terminal) -> None:
    text = "".join(
        fact(key=str(index), payload={"minutes": value})
        for index, value in enumerate([0.1, 0.2, "12.50"])
    )
    terminal.imports(terminal.write("f.ndjson", text), "facts")

    def booked(**limits: Any) -> list[str]:
        summed = {"field": "minutes", **limits}
        return terminal.audience({"did": {"kind": "class.booked", "sum": summed}})

    assert booked(gte=12.8) == ["M1"]
    assert booked(gt=12.8) == []


def test_field_that_no_fact_has_is_an_error(terminal: Terminal) -> None:
    terminal.imports(terminal.write("f.ndjson", fact(payload={"minutes": 10})), "facts")
    rule = {"did": {"kind": "class.booked", "sum": {"field": "minuts", "gte": 1}}}
    result = terminal.run("audience", "list", json.dumps(rule), "--json")
    assert result.code != 0
    assert "minutes" in result.errors


def test_field_with_a_chinese_name_counts(terminal: Terminal) -> None:
    terminal.imports(terminal.write("f.ndjson", fact(payload={"时长": 10})), "facts")
    rule = {"did": {"kind": "class.booked", "sum": {"field": "时长", "gte": 10}}}
    assert terminal.audience(rule) == ["M1"]
