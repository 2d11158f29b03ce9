"""The random dialects in which shops write what happened."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from tests.importing.worlds import DIGITS

Table = list[list[Any]]

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
