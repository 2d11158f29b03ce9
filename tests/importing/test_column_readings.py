"""Columns are written in a random style; what is read is the value, or nothing.

A question, or a problem of a row, is right as well. Another value never is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.core import community_days
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.importing.columns import column_traits
from qunce.importing.files import sources
from qunce.importing.plan.options import ImportOptions
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.values import dates, lists, numbers, value_parsing, value_types
from tests.factories import AT
from tests.importing import helpers

random_files = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
GROUPS = {numbers.POINT: [",", " ", "'", ""], numbers.COMMA: [".", " ", "'", ""]}
SIGNS = ["", "¥", "$", "€", "£", " €", " EUR", "元"]
TODAY = AT.date()


def plan_of(
    folder: Path, target: Any, heading: str, cells: Sequence[str], delimiter: str
) -> ImportPlan:
    """The plan of a file with one column, as far as it needs no database."""
    quoted = [f'"{cell}"' for cell in cells]
    text = f"id{delimiter}{heading}\n" + "".join(
        f"X{number}{delimiter}{cell}\n" for number, cell in enumerate(quoted)
    )
    field = target.fields[0].name
    plan = ImportPlan(
        sources.inspect(helpers.write(folder, text)),
        target,
        ImportOptions(target=target.key, mapping={"id": "", heading: field}),
        Community(timezone="Asia/Shanghai"),
        Staff(),
        AT,
    )
    plan.traits = column_traits.detect(plan)
    return plan


class OneField:
    """A target with one field of a type."""

    key = "orders"
    dates_are_past = True

    def __init__(self, field_type: str) -> None:
        self.fields = (_Field(field_type),)

    def known_types(self, _plan: ImportPlan) -> dict[str, str]:
        return {}


class _Field:
    name = "value"

    def __init__(self, field_type: str) -> None:
        self.type = field_type


def read_cells(plan: ImportPlan, field_type: str) -> list[Any] | None:
    """What the cells are read as, None for a problem; None if the column is asked for."""
    if any(question.is_open for question in plan.questions):
        return None
    traits = plan.traits["value"]
    [batch] = list(sources.read_batches(plan.source))
    texts = batch.columns[1]
    if field_type == "amount":
        column = value_parsing.parse_amounts(texts, traits.style)
    elif field_type == "date":
        column = value_parsing.parse_dates(texts, traits.order, plan.latest_day)
    else:
        column = value_parsing.parse_lists(texts, traits.separator, 1_000)
    return list(column.values.to_pylist())


def write_number(number: Decimal, style: str, group: str, places: int) -> str:
    sign = "," if style == numbers.COMMA else "."
    whole, _point, fraction = f"{abs(number):,.{places}f}".partition(".")
    text = whole.replace(",", group) + (f"{sign}{fraction}" if places else "")
    return f"-{text}" if number < 0 else text


@random_files
@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=5),
    st.sampled_from(numbers.STYLES),
    st.data(),
    st.sampled_from(SIGNS),
    st.sampled_from([0, 2]),
    st.sampled_from(",;\t"),
)
def test_amount_is_read_or_asked_for(
    tmp_path: Path,
    cents: list[int],
    style: str,
    data: st.DataObject,
    sign: str,
    places: int,
    delimiter: str,
) -> None:
    group = data.draw(st.sampled_from(GROUPS[style]))
    amounts = [Decimal(number).scaleb(-places) for number in cents]
    cells = [write_number(number, style, group, places) + sign for number in amounts]
    plan = plan_of(tmp_path, OneField("amount"), "amount", cells, delimiter)
    values = read_cells(plan, "amount")
    for amount, value in zip(amounts, values or [None] * len(cells), strict=True):
        assert value in (None, amount)


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        (["1,299", "12.50"], "point"),
        (["1.299", "12,50"], "comma"),
        (["1.299 €", "2.450 €"], "comma"),
        (["1.299", "2.450"], "?"),
        (["1,299.00", "12,50"], "?"),
        (["1,2999.00", "2,450.00"], "point"),
        (["0.500", "1.250"], "point"),
        (["1,299", "2,450"], "point"),
    ],
)
def test_decimal_sign_is_that_of_the_whole_column(
    tmp_path: Path, cells: list[str], style: str
) -> None:
    plan = plan_of(tmp_path, OneField("amount"), "amount", cells, ",")
    is_open = any(question.is_open for question in plan.questions)
    assert (is_open, style) == (style == "?", style)
    if not is_open:
        assert plan.traits["value"].style == style


DAYS = st.dates(TODAY - timedelta(days=90 * 365), TODAY)
STYLES = {
    "dmy": "{d:02}{s}{m:02}{s}{y}",
    "mdy": "{m:02}{s}{d:02}{s}{y}",
    "ymd": "{y}{s}{m:02}{s}{d:02}",
}


@random_files
@given(
    st.lists(DAYS, min_size=1, max_size=5),
    st.sampled_from(sorted(STYLES)),
    st.sampled_from("-/."),
    st.booleans(),
)
def test_date_is_read_or_asked_for(
    tmp_path: Path, days: list[date], order: str, sign: str, is_short: bool
) -> None:
    cells = [
        STYLES[order].format(
            d=day.day,
            m=day.month,
            y=f"{day.year % 100:02}" if is_short else day.year,
            s=sign,
        )
        for day in days
    ]
    plan = plan_of(tmp_path, OneField("date"), "day", cells, ",")
    values = read_cells(plan, "date")
    for day, value in zip(days, values or [None] * len(cells), strict=True):
        assert value is None or community_days.to_date(value) == day


def test_years_that_would_lie_ahead_settle_the_order(tmp_path: Path) -> None:
    cells = ["24-03-05", "23-12-31", "24/01/02"]
    plan = plan_of(tmp_path, OneField("instant"), "paid", cells, ",")
    assert plan.traits["value"].order == dates.YEAR_FIRST
    # An attribute may be of the future, and a birthday of another century.
    assert plan_of(tmp_path, OneField("date"), "born", cells, ",").questions[0].is_open


WORDS = st.text("abcVIP新客老茶 &", min_size=1, max_size=6).filter(
    lambda word: word.strip() == word
)


@random_files
@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=4, unique=True), min_size=1),
    st.sampled_from([*lists.CLEAR, "；", "，"]),
)
def test_list_is_split_or_asked_for(
    tmp_path: Path, entries: list[list[str]], sign: str
) -> None:
    separator = lists.SIGNS.get(sign, sign)[0]
    cells = [separator.join(words) for words in entries]
    plan = plan_of(tmp_path, OneField("list"), "tags", cells, "\t")
    for words, value in zip(
        entries, read_cells(plan, "list") or [None] * len(cells), strict=True
    ):
        assert value is None or lists.parse_joined(value) == words


CODES = st.one_of(
    st.integers(0, 10**9).map(str),
    st.from_regex(r"\A[0-9]{1,7}\Z"),
    st.from_regex(r"\A[0-9]{1,2}\.[0-9]{1,3}\Z"),
    st.sampled_from(
        ["F", "NO", "no", "yes", "1", "0", "true", "12A", "3E5", "+861380"]
    ),
)


@given(st.lists(CODES, min_size=1, max_size=8))
def test_guessed_number_gives_its_text_back(texts: list[str]) -> None:
    evidence = value_types.TypeEvidence()
    evidence.add(list(dict.fromkeys(texts)), len(texts))
    if evidence.guess("points") != "number":
        return
    fractions = {len(text.partition(".")[2]) for text in texts if "." in text}
    for text in texts:
        number = numbers.parse(text)
        places = len(text.partition(".")[2])
        assert f"{number:.{places}f}" == text
        # What is stored loses zeros at the end only where all have as many places.
        is_short = f"{number.normalize():f}" == text
        assert is_short or len(fractions) == 1 or text.endswith(".0")


@pytest.mark.parametrize(
    ("heading", "texts", "expected"),
    [
        ("gender", ["F"], "text"),
        ("国家", ["NO", "SE"], "text"),
        ("member", ["yes", "no"], "bool"),
        ("member", ["no"], "text"),
        ("active", ["1", "0"], "text"),
        ("postcode", ["100080", "100090"], "text"),
        ("room", ["101", "203"], "text"),
        ("版本", ["1.0", "2.0"], "text"),
        ("release", ["1.9", "1.10"], "text"),
        ("student", ["007", "012"], "text"),
        ("score", ["7"], "text"),
        ("score", ["7", "12.5"], "number"),
        ("spending", ["12.50", "3.00"], "number"),
        ("反馈", ["发货慢；包装破；发货慢", "好"], "text"),
        ("likes", ["茶;酒", "茶", "酒;茶"], "multi"),
        ("seat", ["3E5", "4E1"], "text"),
    ],
)
def test_type_is_text_when_in_doubt(
    heading: str, texts: list[str], expected: str
) -> None:
    evidence = value_types.TypeEvidence()
    evidence.add(texts, len(texts))
    assert evidence.guess(heading) == expected
