"""Which rows of an attribute's column meet a condition."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days, lunar_dates
from qunce.members.attributes.attributes import AttributeType
from qunce.members.clauses.attribute_conditions import (
    MAX_NUMBER,
    TEXTS,
    Condition,
    Day,
    Required,
)
from qunce.sets.rules.relative_days import RelativeDay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from qunce.sets.bitmaps.attribute_columns import Column
    from qunce.sets.rules.snapshots import Snapshot

    Mask = NDArray[np.bool_]


def mask(snap: Snapshot, type_: str, column: Column, condition: Condition) -> Mask:
    """Which rows of the column compare as required; those of `eq` for `ne`."""
    comparison, required = condition.comparison, condition.required
    if type_ in TEXTS:
        texts = [value for value in required if isinstance(value, str)]
        # The column has the code of a text: compare each text once, not each row.
        codes = [
            code
            for code, text in enumerate(column.texts)
            if _text_matches(text, comparison, texts)
        ]
        return np.isin(column.numbers, codes)
    if comparison == "anniversary":
        days = days_of_anniversary(condition, snap.today)
        if type_ == AttributeType.LUNAR:
            codes = _kept_on_lunar_days(column.texts, *days)
            return np.isin(column.numbers, codes)
        return _has_anniversary(column.numbers, *days)
    if condition.span and condition.span.hours:
        after, until = condition.span.exact_range(snap.at)
        return (column.numbers > after) & (column.numbers <= until)
    if condition.span:
        first, last = condition.span.range(snap.today)
        return _is_in_days(snap, type_, column.numbers, first, last)
    if comparison in ("in", "eq", "ne"):
        whole = [n for n in required if isinstance(n, Fraction)]
        result = _compare(column.numbers, "in", whole)
        for day in [_day_number(snap, n) for n in required]:
            if day is not None:
                result |= _is_in_days(snap, type_, column.numbers, day, day)
        return result
    (bound,) = required
    day = _day_number(snap, bound)
    if day is not None:
        bounds: tuple[int | None, int | None] = {
            "gte": (day, None),
            "gt": (day + 1, None),
            "lte": (None, day),
            "lt": (None, day - 1),
        }[comparison]
        return _is_in_days(snap, type_, column.numbers, *bounds)
    assert isinstance(bound, Fraction)  # noqa: S101 - the others are days
    return _compare(column.numbers, comparison, [bound])


def _day_number(snap: Snapshot, value: Required) -> int | None:
    if isinstance(value, RelativeDay):
        return snap.today + value.offset
    return value.number if isinstance(value, Day) else None


def _is_in_days(
    snap: Snapshot,
    type_: str,
    numbers: NDArray[np.int64],
    first: int | None,
    last: int | None,
) -> Mask:
    """Which days, or which times, are in a span of community days; None is no bound."""
    clock = snap.community.timezone, snap.community.day_start
    is_inside = np.ones(len(numbers), dtype=bool)
    is_date = type_ == AttributeType.DATE
    if first is not None:
        start = first if is_date else community_days.start_of(*clock, first)
        is_inside &= numbers >= start
    if last is not None:
        end = last + 1 if is_date else community_days.start_of(*clock, last + 1)
        is_inside &= numbers < end
    return is_inside


def _text_matches(text: str, comparison: str, required: list[str]) -> bool:
    """`contains` and `starts` ignore case; equality is exact."""
    folded = text.casefold()
    if comparison == "contains":
        return any(part.casefold() in folded for part in required)
    if comparison == "starts":
        return any(folded.startswith(part.casefold()) for part in required)
    return text in required


def _compare(
    numbers: NDArray[np.int64], comparison: str, required: list[Fraction]
) -> Mask:
    """Compare whole numbers with exact fractions."""
    if comparison == "in":
        whole = [
            int(n)
            for n in required
            if n.denominator == 1 and -MAX_NUMBER < n < MAX_NUMBER
        ]
        return np.isin(numbers, np.array(whole, dtype=np.int64))
    # A bound between two whole numbers is rounded to the one that is inside.
    bound = required[0]
    if comparison == "gte":
        return numbers >= _clip(math.ceil(bound))
    if comparison == "gt":
        return numbers > _clip(math.floor(bound))
    if comparison == "lte":
        return numbers <= _clip(math.floor(bound))
    return numbers < _clip(math.ceil(bound))


def _clip(number: int) -> int:
    # NumPy raises OverflowError when it compares with an integer beyond 64 bits.
    return max(-MAX_NUMBER, min(MAX_NUMBER, number))


def days_of_anniversary(condition: Condition, today: int) -> tuple[int, int]:
    """The first and last day on which the anniversary has to be."""
    if condition.span:
        return condition.span.range(today)
    first = last = today
    for bound in condition.bounds:
        (day,) = bound.required
        assert isinstance(day, RelativeDay)  # noqa: S101 - checked when parsed
        number = today + day.offset
        if bound.comparison in ("gte", "gt", "eq"):
            first = number + (bound.comparison == "gt")
        if bound.comparison in ("lte", "lt", "eq"):
            last = number - (bound.comparison == "lt")
    return first, last


def _kept_on_lunar_days(texts: Sequence[str], first: int, last: int) -> list[int]:
    """The codes of the lunar birthdays that are kept on one of these days."""
    # Within so many days, every lunar birthday is kept.
    last = min(last, first + lunar_dates.MAX_DAYS_BETWEEN)
    kept = {
        birthday
        for number in range(first, last + 1)
        for birthday in lunar_dates.kept_on(community_days.to_date(number))
    }
    days = (lunar_dates.stored(text) for text in texts)
    return [
        code
        for code, day in enumerate(days)
        if (day.month, day.day, day.is_leap) in kept
    ]


def _has_anniversary(numbers: NDArray[np.int64], first: int, last: int) -> Mask:
    """Which dates have an anniversary on one of these days, both included.

    29 February has its anniversary on the 28th in common years.
    """
    anniversaries = set()
    # Within 366 days every date has its anniversary.
    for number in range(first, min(last, first + 365) + 1):
        day = community_days.to_date(number)
        anniversaries.add((day.month, day.day))
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            anniversaries.add((2, 29))
    # By NumPy's calendar, instead of a Python date per row.
    dates = numbers.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    in_month = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    return np.isin(
        months * 100 + in_month, [month * 100 + day for month, day in anniversaries]
    )
