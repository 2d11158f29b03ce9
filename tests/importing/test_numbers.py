from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.importing.values import numbers, value_parsing

AMOUNTS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False)
SIGNS = st.sampled_from(["", "¥", "$", "€", "£", "￥", "CNY ", "RMB"])


@given(AMOUNTS, SIGNS)
def test_numbers_with_separators_and_currency_signs_are_parsed(
    amount: Decimal, sign: str
) -> None:
    size = f"{abs(amount):,.2f}"
    minus = "-" if amount < 0 else ""
    for text in (
        f"{minus}{sign}{size}",
        f"{sign}{minus}{size}",
        f" {minus}{sign}{size} ",
    ):
        assert numbers.parse(text) == amount
    if amount < 0:
        assert numbers.parse(f"({sign}{size})") == amount


@given(AMOUNTS)
def test_decimal_comma_is_parsed_where_its_column_has_one(amount: Decimal) -> None:
    text = f"{amount:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    assert numbers.fitting_styles([text]) == {numbers.COMMA}
    assert numbers.parse(text, numbers.COMMA) == amount


@given(st.lists(AMOUNTS))
def test_column_is_parsed_like_its_texts_one_by_one(values: list[Decimal]) -> None:
    plain = [str(amount) for amount in values]
    grouped = [f"{amount:,}" for amount in values]
    for texts in (plain, grouped):
        column = value_parsing.parse_amounts(
            pa.array(texts, pa.string()), numbers.POINT
        )
        assert column.values.to_pylist() == values
        assert not column.errors


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", "1234"),
        ("1 234.5", "1234.5"),
        ("1.2万", "12000"),
        ("3亿", "300000000"),
        ("１２３．５", "123.5"),
        ("12.50元", "12.5"),
        ("5-", "-5"),
        ("1e3", "1000"),
        ("2.5500000000000003", "2.55"),
        (".5", "0.5"),
        ("-0.00", "0"),
        ("abc", None),
        ("1,23", None),
        ("1.2.3", None),
        ("--5", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("9999999999999", None),
    ],
)
def test_numbers_in_many_notations(text: str, number: str | None) -> None:
    if number is None:
        with pytest.raises(numbers.InvalidNumber):
            numbers.parse(text)
    else:
        assert numbers.parse(text) == Decimal(number)
