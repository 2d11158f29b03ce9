from __future__ import annotations

import re
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from qunce.core import money

CURRENCIES = st.sampled_from(["CNY", "JPY", "KWD", "EUR"])


@hypothesis.given(st.integers(-money.MAX_AMOUNT, money.MAX_AMOUNT), CURRENCIES)
def test_formatted_amount_parses_to_the_same_units(units: int, currency: str) -> None:
    assert money.to_units(money.format_amount(units, currency), currency) == units


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [
        ("1,234.50", "CNY", 123_450),
        ("1，234.5", "CNY", 123_450),
        (" 12 ", "CNY", 1_200),
        ("-0.01", "CNY", -1),
        ("0.005", "CNY", 0),
        ("0.015", "CNY", 2),
        (0.1 + 0.2, "CNY", 30),
        ("1234", "JPY", 1_234),
        ("1.234", "KWD", 1_234),
        ("1e3", "CNY", 100_000),
    ],
)
def test_amounts_are_parsed_as_people_write_them(
    text: str | float, currency: str, units: int
) -> None:
    assert money.to_units(text, currency) == units


@pytest.mark.parametrize("text", ["", "twelve", "NaN", "Infinity", "1.2.3", "1e40"])
def test_text_that_is_no_amount_is_rejected(text: str) -> None:
    with pytest.raises(money.InvalidMoney):
        money.to_units(text, "CNY")


def test_amount_that_would_be_rounded_is_rejected_by_the_strict_parser() -> None:
    assert money.parse_units("1,234.50", "CNY") == 123_450
    assert money.parse_units("1，234.5", "CNY") == 123_450
    with pytest.raises(money.InvalidMoney, match="2 decimals"):
        money.parse_units("12.345", "CNY")


def test_amounts_are_formatted_with_the_decimal_places_of_the_currency() -> None:
    assert money.format_amount(123_450, "CNY") == "1234.50"
    assert money.format_amount(-5, "CNY") == "-0.05"
    assert money.format_amount(1_234, "JPY") == "1234"
    assert money.format_amount(1_234, "KWD") == "1.234"


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [
        ("12345.5", "CNY", "CNY 123.455"),
        (10_000, "CNY", "CNY 100.00"),
        (10_000, "JPY", "JPY 10,000"),
        ("1e30", "CNY", f"CNY {10**28:,}.00"),
        (10**40 + 1, "CNY", f"CNY {10**38:,}.01"),
        ("1e-30", "CNY", f"CNY 0.{'0' * 31}1"),
    ],
)
def test_exact_amount_keeps_all_its_digits(
    units: str | int, currency: str, text: str
) -> None:
    assert money.format_exactly(units, currency) == text


CODE_BEHIND = [
    r"\|(money|amount):[\w.]+ *\}\}\s*(<[^>]*>)?\s*\{\{[^}]*currency",
    r"format_amount\([^)]*\)[^\n]*\} *\{[^}]*currency",
    r"%\((amount|cost|spent|n)\)s %\(currency\)s",
]
"""An amount followed by its currency, in templates, in Python and in sentences."""


def test_the_currency_stands_before_each_amount() -> None:
    assert money.format_with_currency(8_800, "CNY") == "CNY 88.00"
    package = Path(money.__file__).parents[1]
    files = [*package.rglob("*.html"), *package.rglob("*.py")]
    found = [
        f"{path.name}: {match.group()}"
        for path in files
        for pattern in CODE_BEHIND
        for match in re.finditer(pattern, path.read_text())
    ]
    assert len(files) > 1_000
    assert found == []
