"""Random people and orders, and the random dialects that shops write them in.

A world is what happened; a dialect is how somebody writes it down. `members_table` and
`orders_table` write a world in a dialect, and `write` makes a file of the table.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import xlsxwriter
from hypothesis import strategies as st

Table = list[list[Any]]
SHANGHAI = timezone(timedelta(hours=8))

# Worlds


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    phone: str
    email: str
    joined: datetime


@dataclass(frozen=True)
class Line:
    item: str
    quantity: int
    price: int
    """In the smallest unit, as all amounts."""

    @property
    def amount(self) -> int:
        return self.quantity * self.price


@dataclass(frozen=True)
class Sale:
    key: str
    person: Person | None
    paid_at: datetime
    currency: str
    lines: tuple[Line, ...]
    shipping: int
    discount: int
    refunds: tuple[tuple[int, int], ...]
    """Days after the payment, and amounts."""
    status: str

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines) + self.shipping - self.discount

    @property
    def refunded(self) -> int:
        return sum(amount for _days, amount in self.refunds)


@dataclass(frozen=True)
class World:
    people: tuple[Person, ...]
    sales: tuple[Sale, ...]


NAMES = ["小林", "陈大文", "林小美", "王芳", "欧阳娜娜", "Ann Lee", "Bob", "O'Brien"]
ITEMS = ["乌龙", "茶杯", "白茶 100克", "Dark roast, 500 g", 'Cup 6"', "礼盒"]
DIGITS = {"CNY": 2, "USD": 2, "EUR": 2, "JPY": 0}
MOMENTS = st.datetimes(
    datetime(2023, 1, 1),  # noqa: DTZ001 - the zone is added
    datetime(2025, 12, 1),  # noqa: DTZ001
    timezones=st.just(SHANGHAI),
).map(lambda at: at.replace(second=0, microsecond=0))


@st.composite
def people(draw: st.DrawFn) -> tuple[Person, ...]:
    numbers = draw(st.lists(st.integers(1, 9999), min_size=1, max_size=5, unique=True))
    prefix = draw(st.sampled_from(["M", "VIP", "0", "10"]))
    return tuple(
        Person(
            key=f"{prefix}{number:04}",
            name=draw(st.sampled_from(NAMES)),
            phone=f"138{number:08}",
            email=f"a{number}@example.com",
            joined=draw(MOMENTS),
        )
        for number in numbers
    )


@st.composite
def sales(draw: st.DrawFn, key: str, known: tuple[Person, ...], currency: str) -> Sale:
    scale = 10 ** DIGITS[currency]
    price = st.one_of(
        st.integers(1, 300_000), st.integers(1, 3_000).map(lambda n: n * scale)
    )
    line = st.builds(Line, st.sampled_from(ITEMS), st.integers(1, 3), price)
    sale = Sale(
        key=key,
        person=draw(st.one_of(st.none(), st.sampled_from(known))),
        paid_at=draw(MOMENTS),
        currency=currency,
        lines=tuple(
            draw(st.lists(line, min_size=1, max_size=3, unique_by=lambda x: x.item))
        ),
        shipping=draw(st.sampled_from([0, 0, 10 * scale])),
        discount=0,
        refunds=(),
        status="paid",
    )
    discount = draw(st.sampled_from([0, 0, 1])) and draw(
        st.integers(0, sale.total // 2)
    )
    sale = replace(sale, discount=discount)
    if draw(st.booleans()):
        return replace(
            sale, status=draw(st.sampled_from(["paid", "unpaid", "cancelled"]))
        )
    parts = draw(st.integers(0, 2))
    left = sale.total
    refunds = []
    for part in range(parts):
        amount = draw(st.integers(1, left)) if left else 0
        if amount:
            refunds.append((3 + 4 * part, amount))
            left -= amount
    return replace(sale, refunds=tuple(refunds))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    known = draw(people())
    count = draw(st.integers(1, 5))
    currencies = draw(st.sampled_from([["CNY"], ["EUR"], ["CNY", "USD", "JPY"]]))
    prefix = draw(st.sampled_from(["A", "2024", "20345678901234567", "#"]))
    return World(
        known,
        tuple(
            draw(sales(f"{prefix}{index:02}", known, draw(st.sampled_from(currencies))))
            for index in range(count)
        ),
    )


# Dialects

HEADINGS: dict[str, dict[str, list[str]]] = {
    "zh": {
        "key": ["会员号", "会员编号"],
        "name": ["昵称", "姓名"],
        "phone": ["手机号"],
        "email": ["邮箱"],
        "joined": ["注册时间", "加入时间"],
        "order": ["订单号", "订单编号"],
        "buyer_key": ["会员号", "买家ID"],
        "buyer_phone": ["手机号", "买家手机号"],
        "buyer_email": ["邮箱", "买家邮箱"],
        "paid_at": ["付款时间", "订单付款时间"],
        "total": ["实付金额", "订单金额"],
        "currency": ["币种"],
        "status": ["订单状态"],
        "refunded": ["退款金额"],
        "item": ["商品名称", "商品标题"],
        "quantity": ["数量", "购买数量"],
        "price": ["单价", "商品单价"],
        "line": ["小计"],
        "shipping": ["运费"],
        "discount": ["优惠金额"],
        "note": ["备注", "买家留言"],
    },
    "en": {
        "key": ["member_id", "Customer ID"],
        "name": ["name", "Nickname"],
        "phone": ["Phone", "mobile"],
        "email": ["Email"],
        "joined": ["joined_at", "Registered at"],
        "order": ["Order ID", "order_number"],
        "buyer_key": ["Customer ID", "member_id"],
        "buyer_phone": ["Phone"],
        "buyer_email": ["Email"],
        "paid_at": ["Paid at", "order_date"],
        "total": ["Total", "order_total"],
        "currency": ["Currency"],
        "status": ["Order Status", "Financial Status"],
        "refunded": ["refund_amount"],
        "item": ["Product Name", "Lineitem name"],
        "quantity": ["qty", "Lineitem quantity"],
        "price": ["unit_price", "Lineitem price"],
        "line": ["line_total"],
        "shipping": ["Shipping"],
        "discount": ["Discount Amount"],
        "note": ["Notes", "remark"],
    },
}
STATUS_WORDS = {
    "zh": {
        "paid": ["交易成功", "已完成", "已发货"],
        "unpaid": ["待付款", "等待买家付款"],
        "cancelled": ["交易关闭", "已取消"],
    },
    "en": {
        "paid": ["completed", "Paid", "shipped"],
        "unpaid": ["pending payment", "unpaid"],
        "cancelled": ["Cancelled", "canceled"],
    },
}
FIXED_DATES: dict[str, Callable[[datetime], str]] = {
    "iso": lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
    "iso with a zone": lambda at: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "slashes": lambda at: f"{at.year}/{at.month}/{at.day} {at.hour}:{at.minute:02}",
    "points": lambda at: at.strftime("%Y.%m.%d %H:%M"),
    "Chinese": lambda at: f"{at.year}年{at.month}月{at.day}日 {at.hour}:{at.minute:02}",
    "compact": lambda at: at.strftime("%Y%m%d%H%M%S"),
    "seconds since 1970": lambda at: str(int(at.timestamp())),
    "milliseconds since 1970": lambda at: str(int(at.timestamp()) * 1000),
}
ORDERED_DATES: dict[str, tuple[str, Callable[[datetime], str]]] = {
    "day.month.year": ("dmy", lambda at: at.strftime("%d.%m.%Y %H:%M")),
    "day/month/year": (
        "dmy",
        lambda at: f"{at.day}/{at.month}/{at.year} {at.hour}:{at.minute:02}",
    ),
    "month/day/year": (
        "mdy",
        lambda at: f"{at.month}/{at.day}/{at.year} {at.hour}:{at.minute:02}",
    ),
    "month/day/yy": ("mdy", lambda at: at.strftime("%m/%d/%y %H:%M")),
    "yy-month-day": ("ymd", lambda at: at.strftime("%y-%m-%d %H:%M")),
}
NUMBERS: dict[str, tuple[str, str, str]] = {
    # Sign of thousands, sign of decimals, and the decimal sign as the option names it.
    "plain": ("", ".", "point"),
    "thousands": (",", ".", "point"),
    "Swiss": ("'", ".", "point"),
    "German": (".", ",", "comma"),
    "German, plain": ("", ",", "comma"),
    "French": ("\u202f", ",", "comma"),
}
SIGNS: dict[str, list[str]] = {
    "CNY": ["¥{}", "￥{}", "{}元", "CNY {}"],
    "USD": ["US${}", "{} USD"],
    "EUR": ["€{}", "{} €", "EUR {}"],
    "JPY": ["JP¥{}", "{}円", "{} JPY"],
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030", "big5", "shift_jis", "cp1252"]
NOTES = ["", "好", "a;b", "a, b | c", "第一行\n第二行", '6" tall', "12", "=1+1", "'x"]
PHONES: dict[str, Callable[[str], str]] = {
    "plain": lambda phone: phone,
    "country code": lambda phone: f"+86 {phone}",
    "groups": lambda phone: f"{phone[:3]}-{phone[3:7]}-{phone[7:]}",
    "float": lambda phone: f"{phone}.0",
    "tab guard": lambda phone: f"\t{phone}",
    "formula guard": lambda phone: f'="{phone}"',
}


@dataclass(frozen=True)
class Dialect:
    container: str
    delimiter: str
    encoding: str
    newline: str
    quoting: int
    language: str
    heading: int
    """Which of the headings of a field is taken."""
    dates: str
    numbers: str
    is_trimmed: bool
    """Whether zeros at the end of decimals are left out."""
    money: str
    """Where the currency stands: `column`, `cell` or `option`."""
    sign: int
    layout: str
    refunds: str
    reference: str
    phones: str
    guest: str
    has_title: bool
    has_total: bool
    has_second_heading: bool
    has_other_sheet: bool
    has_notes: bool
    """Whether there is a column of free text with all kinds of signs."""
    has_types: bool
    """Whether a workbook or JSON has numbers and a workbook dates, and not texts only."""
    order: int
    """Seed of the order of the columns."""
    is_answered: bool
    """Whether the operator says how dates, decimals and the encoding are written."""

    @property
    def order_of_dates(self) -> str:
        return ORDERED_DATES[self.dates][0] if self.dates in ORDERED_DATES else ""

    @property
    def decimal(self) -> str:
        return NUMBERS[self.numbers][2]


DIALECTS = st.builds(
    Dialect,
    container=st.sampled_from(["csv", "csv", "csv", "xlsx", "ndjson", "json"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(ENCODINGS),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    language=st.sampled_from(["zh", "en"]),
    heading=st.integers(0, 1),
    dates=st.sampled_from([*FIXED_DATES, *ORDERED_DATES]),
    numbers=st.sampled_from([*NUMBERS]),
    is_trimmed=st.booleans(),
    money=st.sampled_from(["column", "cell", "option"]),
    sign=st.integers(0, 11),
    layout=st.sampled_from(
        ["orders", "lines", "total on the first line", "line amounts"]
    ),
    refunds=st.sampled_from(["column", "rows"]),
    reference=st.sampled_from(["key", "phone", "email"]),
    phones=st.sampled_from([*PHONES]),
    guest=st.sampled_from(["", "NULL", "-", "无", "N/A"]),
    has_title=st.booleans(),
    has_total=st.booleans(),
    has_second_heading=st.booleans(),
    has_other_sheet=st.booleans(),
    has_notes=st.booleans(),
    has_types=st.booleans(),
    order=st.integers(0, 1000),
    is_answered=st.booleans(),
)


# Cells


def format_time(at: datetime, dialect: Dialect) -> Any:
    if dialect.has_types and dialect.container == "xlsx":
        return at.replace(tzinfo=None)
    if dialect.dates in FIXED_DATES:
        return FIXED_DATES[dialect.dates](at)
    return ORDERED_DATES[dialect.dates][1](at)


def format_number(number: int, digits: int, dialect: Dialect) -> str:
    group, point, _name = NUMBERS[dialect.numbers]
    whole, rest = divmod(abs(number), 10**digits)
    text = f"{whole:,}".replace(",", group)
    fraction = f"{rest:0{digits}}" if digits else ""
    if dialect.is_trimmed:
        fraction = fraction.rstrip("0")
    return ("-" if number < 0 else "") + text + (point + fraction if fraction else "")


def format_money(amount: int, currency: str, dialect: Dialect) -> Any:
    is_typed = dialect.has_types and dialect.container in ("xlsx", "json", "ndjson")
    if is_typed and dialect.money != "cell":
        return amount / 10 ** DIGITS[currency]
    text = format_number(amount, DIGITS[currency], dialect)
    if dialect.money != "cell":
        return text
    signs = SIGNS[currency]
    return signs[dialect.sign % len(signs)].format(text)


# Tables


def members_table(world: World, dialect: Dialect) -> list[dict[str, Any]]:
    return [
        {
            "key": person.key,
            "name": person.name,
            "phone": PHONES[dialect.phones](person.phone),
            "email": person.email.upper() if dialect.sign % 2 else person.email,
            "joined": format_time(person.joined, dialect),
        }
        for person in world.people
    ]


def orders_table(world: World, dialect: Dialect) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for sale in world.sales:
        rows += _rows_of(sale, dialect)
    return rows


def _rows_of(sale: Sale, dialect: Dialect) -> list[dict[str, Any]]:
    def money(amount: int) -> Any:
        return format_money(amount, sale.currency, dialect)

    head = _head_of(sale, dialect)
    whole = {"total": money(sale.total), "shipping": money(sale.shipping)}
    whole["discount"] = money(sale.discount)
    refunded = {"refunded": money(sale.refunded) if sale.refunded else ""}
    if dialect.refunds == "column":
        whole |= refunded
    if dialect.layout == "orders":
        return [head | whole, *_refund_rows(sale, dialect, head)]
    rows = []
    for index, line in enumerate(sale.lines):
        row = head | {
            "item": line.item,
            "quantity": str(line.quantity),
            "price": money(line.price),
        }
        if dialect.layout == "line amounts":
            row |= {"line": money(line.amount)}
            row |= {name: text for name, text in whole.items() if name != "total"}
        elif dialect.layout == "lines" or index == 0:
            row |= whole
        else:
            row |= dict.fromkeys(whole, "")
        rows.append(row)
    return [*rows, *_refund_rows(sale, dialect, head)]


def _head_of(sale: Sale, dialect: Dialect) -> dict[str, Any]:
    words = STATUS_WORDS[dialect.language][sale.status]
    head = {
        "order": sale.key,
        "paid_at": format_time(sale.paid_at, dialect),
        "status": words[dialect.sign % len(words)],
    }
    reference = f"buyer_{dialect.reference}"
    if sale.person is None:
        head[reference] = dialect.guest
    elif dialect.reference == "phone":
        head[reference] = PHONES[dialect.phones](sale.person.phone)
    elif dialect.reference == "email":
        head[reference] = sale.person.email.title()
    else:
        head[reference] = sale.person.key
    if dialect.money == "column":
        head["currency"] = sale.currency
    return head


def _refund_rows(
    sale: Sale, dialect: Dialect, head: dict[str, Any]
) -> list[dict[str, Any]]:
    if dialect.refunds != "rows":
        return []
    amount = "line" if dialect.layout == "line amounts" else "total"
    return [
        head
        | {
            "paid_at": format_time(sale.paid_at + timedelta(days=days), dialect),
            amount: format_money(-refund, sale.currency, dialect),
        }
        for days, refund in sale.refunds
    ]


def arranged(rows: list[dict[str, Any]], dialect: Dialect) -> Table:
    """Return the rows under headings, with what people put around them."""
    if dialect.has_notes:
        for index, row in enumerate(rows):
            row["note"] = NOTES[(dialect.order + index) % len(NOTES)]
    fields = [*dict.fromkeys(name for row in rows for name in row)]
    step = dialect.order % len(fields)
    fields = fields[step:] + fields[:step]
    words = HEADINGS[dialect.language]
    headings = [words[name][dialect.heading % len(words[name])] for name in fields]
    table = [headings, *([row.get(name, "") for name in fields] for row in rows)]
    if dialect.container in ("json", "ndjson"):
        return table
    blank = [""] * len(fields)
    if dialect.has_second_heading:
        table.insert(1 + len(rows) // 2, headings)
    if dialect.has_title:
        title = "导出的列表" if dialect.language == "zh" else "Exported list"
        table.insert(0, [title, *blank[1:]])
    if dialect.has_total:
        first = "合计" if dialect.language == "zh" else "Total"
        table.append([first, *(_sum(rows, name) for name in fields[1:])])
    return table


def _sum(rows: list[dict[str, Any]], name: str) -> Any:
    """The sum of a column of numbers, as spreadsheets put it under the column."""
    numbers = [row.get(name) for row in rows]
    return (
        sum(n for n in numbers if n)
        if all(isinstance(n, float) for n in numbers)
        else ""
    )


# Files


def write(table: Table, dialect: Dialect, folder: Path) -> Path:
    path = folder / f"file.{dialect.container}"
    if dialect.container == "xlsx":
        _write_workbook(table, dialect, path)
    elif dialect.container == "csv":
        text = io.StringIO(newline="")
        csv.writer(
            text,
            delimiter=dialect.delimiter,
            # The writer quotes no line break that is not its own.
            quoting=csv.QUOTE_ALL if dialect.newline == "\r" else dialect.quoting,  # type: ignore[arg-type]
            lineterminator=dialect.newline,
        ).writerows(table)
        path.write_bytes(text.getvalue().encode(encoding_of(table, dialect)))
    else:
        headings, *rows = table
        objects = [dict(zip(headings, row, strict=True)) for row in rows]
        lines = [json.dumps(each, ensure_ascii=False) for each in objects]
        listed = "[" + ",\n".join(lines) + "]"
        path.write_text("\n".join(lines) if dialect.container == "ndjson" else listed)
    return path


def encoding_of(table: Table, dialect: Dialect) -> str:
    """The dialect's encoding if it has all letters of the table, else UTF-8."""
    try:
        "".join(str(cell) for row in table for cell in row).encode(dialect.encoding)
    except UnicodeEncodeError:
        return "utf-8"
    return dialect.encoding


def _write_workbook(table: Table, dialect: Dialect, path: Path) -> None:
    options = {"strings_to_formulas": False, "default_date_format": "yyyy-mm-dd hh:mm"}
    with xlsxwriter.Workbook(path, options) as book:
        if dialect.has_other_sheet:
            other = book.add_worksheet("old")
            other.write_row(0, 0, table[0])
            other.hide()
        sheet = book.add_worksheet("list")
        sheet.activate()
        sheet.set_first_sheet()
        for index, row in enumerate(table):
            sheet.write_row(index, 0, row)


# What must come out


@dataclass(frozen=True)
class Stored:
    """An order as it must be stored."""

    currency: str
    amount: int
    refunded: int
    paid_at: datetime
    member: str | None


def expected_orders(world: World) -> dict[str, Stored]:
    """What the orders that are sales must be stored as."""
    return {
        sale.key: Stored(
            sale.currency,
            sale.total,
            sale.refunded,
            sale.paid_at.astimezone(UTC),
            sale.person.key if sale.person else None,
        )
        for sale in world.sales
        if sale.status == "paid"
    }


def day_of(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
