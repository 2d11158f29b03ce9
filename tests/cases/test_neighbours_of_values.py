"""Dates, and types of attributes of the same kinds as the 46 cases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.readings import ASKED, ORDER, REFUSED, check
from tests.cases.terminal import Terminal

pytestmark = pytest.mark.django_db(transaction=True)

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
