"""Which day an occasion is kept, against a slow search through all days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import errors, lunar_dates
from qunce.outreach.care import occasions
from qunce.outreach.care.occasions import Birthday, Joined, PersonDates, Unit

DAYS = st.dates(date(2019, 1, 1), date(2031, 12, 31))


@given(DAYS, st.sampled_from(Unit.values), st.integers(1, 40))
def test_span_before_has_the_days_whose_anniversary_it_is(
    day: date, unit: str, number: int
) -> None:
    """E14: joined n years, months or days ago, by the calendar."""
    near = occasions.add_months(
        day, -number * {"years": 12, "months": 1, "days": 0}[unit]
    )
    near -= timedelta(days=number if unit == "days" else 0)
    around = [near + timedelta(days=n) for n in range(-5, 6)]
    kept = [each for each in around if occasions.add(each, unit, number) == day]
    span = occasions.span_before(day, unit, number)
    assert kept == [] if span is None else (kept[0], kept[-1]) == span


def test_short_months_and_leap_years_follow_the_stated_rule() -> None:
    assert occasions.add(date(2025, 1, 31), "months", 1) == date(2025, 2, 28)
    assert occasions.add(date(2024, 2, 29), "years", 1) == date(2025, 2, 28)
    born = PersonDates({"b": date(2000, 2, 29)})
    assert Birthday(("b",)).next_day(born, date(2025, 2, 1)) == date(2025, 2, 28)
    assert Birthday(("b",)).next_day(born, date(2028, 2, 28)) == date(2028, 2, 29)
    # Leap month 6 of 2025 is there in that year, and month 6 is it in the next one.
    leap = PersonDates({"b": lunar_dates.parse("闰六月初一")})
    assert Birthday(("b",)).next_day(leap, date(2025, 1, 1)) == date(2025, 7, 25)
    assert Birthday(("b",)).next_day(leap, date(2026, 1, 1)) == date(2026, 7, 14)


@given(DAYS, DAYS, st.lists(st.integers(1, 30), max_size=3))
def test_next_anniversary_is_the_first_day_that_matches(
    joined: date, today: date, numbers: list[int]
) -> None:
    occasion = Joined(Unit.MONTHS, tuple(sorted(set(numbers)) or (6,)))
    found = occasion.next_day(PersonDates(joined=joined), today)
    days = (today + timedelta(days=n) for n in range(31 * 32 + 366 * 13))
    slow = (
        day
        for day in days
        if any(occasions.add(joined, "months", n) == day for n in occasion.numbers)
    )
    assert found == next(slow, None)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"on": "easter"}, "Choose an occasion"),
        ({"on": "birthday"}, "Name 1 to 5 attributes"),
        ({"on": "birthday", "attributes": ["b"], "at": 1}, "no field “at”"),
        ({"on": "joined", "unit": "weeks"}, "years, months or days"),
        ({"on": "joined", "unit": "days"}, "such as 100"),
        ({"on": "joined", "numbers": [0]}, "from 1 to 60"),
        ({"on": "festival", "days": {"weekdays": [1]}}, "use a playbook"),
        ({"on": "surprise", "members": 0}, "between 1 and 1000"),
        ({"on": "surprise", "members": 3, "month_day": 31}, "from 1 to 28"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_remedy(
    value: dict[str, object], sentence: str
) -> None:
    with pytest.raises(errors.Invalid, match=sentence):
        occasions.parse(value)
