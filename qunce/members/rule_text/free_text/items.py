"""Tokens put together: time spans, amounts and counts, each with its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from qunce.members.rule_text.free_text.tokens import Token
from qunce.members.rule_text.free_text.words import DAYS_OF
from qunce.sets.rules.calendar_periods import PAST_PERIODS
from qunce.sets.rules.time_windows import MAX_DAYS, MAX_YEAR, MIN_YEAR


@dataclass(frozen=True)
class Measure:
    """A number of something; `sign` is None where only the number was said.

    `unit` is `times`, `days`, `weeks`, `days_in_a_row`, `weeks_in_a_row`, `money`,
    `percent` or empty. `days` is how long it is if it may be a time span, too. With
    `maximum`, it is a range, whose sign is “from … to”.
    """

    unit: str
    number: Decimal
    sign: str | None = None
    days: int = 0
    maximum: Decimal | None = None


@dataclass(frozen=True)
class Span:
    """When: `window` as facts have it, `span` as dates of attributes have it.

    A span in the future has no window. `is_bare` if nothing but its length was said.
    """

    window: dict[str, Any] = field(default_factory=dict)
    span: dict[str, Any] = field(default_factory=dict)
    is_bare: bool = False


@dataclass(frozen=True)
class Item:
    """`tokens` are those that it was put together from."""

    kind: str
    value: Any
    tokens: tuple[Token, ...]

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end


def put_together(tokens: Sequence[Token], today: date) -> list[Item]:
    items: list[Item] = []
    at = 0
    while at < len(tokens):
        count, item = 1, None
        for read in (_read_dates, _read_span, _read_measure):
            found = read(tokens, at, today)
            if found is not None:
                count, item = found
                break
        if item is None:
            token = tokens[at]
            item = Item(token.kind, token.value, (token,))
        items.append(item)
        at += count
    return items


Read = tuple[int, Item] | None
"""How many tokens were read, and what they are together."""


def _kind(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].kind if 0 <= at < len(tokens) else ""


def _item(tokens: Sequence[Token], at: int, end: int, kind: str, value: Any) -> Read:
    return end - at, Item(kind, value, tuple(tokens[at:end]))


# Dates and periods


def _read_dates(tokens: Sequence[Token], at: int, today: date) -> Read:
    if _kind(tokens, at) == "period":
        return _item(tokens, at, at + 1, "span", period_span(tokens[at].value))
    if (year := _year(tokens, at)) is not None:
        between = [f"{year}-01-01", f"{year}-12-31"]
        return _item(tokens, at, at + 2, "span", Span({"between": between}))
    word = _kind(tokens, at)
    first = at + (word in ("since", "before"))
    if _kind(tokens, first) != "day":
        return None
    day, end = tokens[first].value, first + 1
    if _kind(tokens, end) == "to" and _kind(tokens, end + 1) == "day":
        last = tokens[end + 1].value
        ordered = [each.isoformat() for each in sorted([day, last])]
        return _item(tokens, at, end + 2, "span", Span({"between": ordered}))
    after = _kind(tokens, end)
    text = day.isoformat()
    if word == "before":
        return _item(tokens, at, end, "span", Span({"before": text}))
    if after == "before":
        return _item(tokens, at, end + 1, "span", Span({"before": text}))
    if word == "since" or after in ("from", "within"):
        end += after in ("from", "within")
        return _item(tokens, at, end, "span", Span({"since": text}))
    return _item(tokens, at, end, "span", Span({"between": [text, text]}))


def _year(tokens: Sequence[Token], at: int) -> int | None:
    """2025年, if no month and no number of years is meant."""
    if _kind(tokens, at) != "number" or _kind(tokens, at + 1) != "unit":
        return None
    number, unit = tokens[at].value, tokens[at + 1].value
    is_alone = _kind(tokens, at + 2) not in ("before", "from", "within", "to")
    is_year = unit == "year" and MIN_YEAR <= number <= MAX_YEAR and is_alone
    return int(number) if is_year and number == int(number) else None


def period_span(period: str) -> Span:
    span = {"during": period}
    if period == "today":
        return Span({"within": "1d"}, span)
    return Span(span if period in PAST_PERIODS else {}, span)


# Lengths of time


def _length(tokens: Sequence[Token], at: int) -> tuple[int, int, str] | None:
    """A number of days, or of hours, with the position after it and its unit."""
    if _kind(tokens, at) == "span":
        return int(tokens[at].value[:-1]), at + 1, "day"
    if _kind(tokens, at) != "number" or _kind(tokens, at + 1) != "unit":
        return None
    number, unit = tokens[at].value, tokens[at + 1].value
    if unit not in DAYS_OF and unit != "hour":
        return None
    length = number * DAYS_OF.get(unit, 1)
    if length != int(length) or not 0 < length <= MAX_DAYS:
        return None
    return int(length), at + 2, unit


def _read_span(tokens: Sequence[Token], at: int, today: date) -> Read:
    prefix = _kind(tokens, at) if _kind(tokens, at) in ("last", "next") else ""
    found = _length(tokens, at + bool(prefix))
    if found is None:
        return None
    length, end, unit = found
    text = f"{length}h" if unit == "hour" else f"{length}d"
    suffix = _kind(tokens, end)
    if prefix == "next":
        end += suffix == "within"
        return _item(tokens, at, end, "span", Span({}, {"next": text}))
    if suffix == "before" and unit != "hour":
        return _item(tokens, at, end + 1, "span", Span({"before": text}))
    span = {"last": text}
    if prefix or suffix == "within":
        end += suffix == "within"
        return _item(tokens, at, end, "span", Span({"within": text}, span))
    if suffix in ("streak", "sign_after"):
        return None
    return _item(tokens, at, end, "span", Span({"within": text}, span, is_bare=True))


# Counts and amounts


def _read_measure(tokens: Sequence[Token], at: int, today: date) -> Read:
    start, sign, is_streak = at, None, False
    while _kind(tokens, at) in ("sign", "streak"):
        if _kind(tokens, at) == "sign":
            sign = tokens[at].value
        is_streak |= _kind(tokens, at) == "streak"
        at += 1
    if at == start and (found := _read_range(tokens, at)) is not None:
        return found
    counted = _read_count(tokens, at)
    if counted is None:
        return None
    measure, end = counted
    is_before = measure.days and _kind(tokens, end) == "before"
    if is_before and sign in ("gt", "gte"):
        span = Span({"before": f"{measure.days}d"})
        return _item(tokens, start, end + 1, "span", span)
    if _kind(tokens, end) == "sign_after":
        sign, end = tokens[end].value, end + 1
    if _kind(tokens, end) == "streak":
        is_streak, end = True, end + 1
    unit = measure.unit
    if is_streak and unit not in ("days", "weeks"):
        return None
    unit = f"{unit}_in_a_row" if is_streak else unit
    measure = replace(measure, unit=unit, sign=sign or measure.sign)
    return _item(tokens, start, end, "measure", measure)


def _read_count(tokens: Sequence[Token], at: int) -> tuple[Measure, int] | None:
    """A number with its unit, and the position after them."""
    has_money = _kind(tokens, at) == "money"
    at += has_money
    length = _length(tokens, at)
    if length is not None and not has_money:
        days, end, unit = length
        number, name = _count_of(tokens, at, unit, days)
        return Measure(name, number, days=days), end
    if _kind(tokens, at) == "count":
        return Measure("times", Decimal(tokens[at].value)), at + 1
    if _kind(tokens, at) != "number":
        return None
    end, sign = at + 1, None
    if _kind(tokens, end) == "sign_after" and _unit_after(tokens, end + 1):
        sign, end = tokens[end].value, end + 1  # “3 or more times”
    unit = _unit_after(tokens, end)
    name = "money" if has_money else unit
    return Measure(name, tokens[at].value, sign), end + bool(unit)


def _read_range(tokens: Sequence[Token], at: int) -> Read:
    """“500 to 1000 yuan”, “2到5次”."""
    first = _read_count(tokens, at)
    if first is None or _kind(tokens, first[1]) != "to":
        return None
    last = _read_count(tokens, first[1] + 1)
    if last is None or first[0].unit not in ("", last[0].unit):
        return None
    if first[0].sign or last[0].sign:
        return None
    least, most = sorted([first[0].number, last[0].number])
    measure = Measure(last[0].unit, least, "gte", maximum=most)
    return _item(tokens, at, last[1], "measure", measure)


def _count_of(
    tokens: Sequence[Token], at: int, unit: str, days: int
) -> tuple[Decimal, str]:
    if unit == "week" and _kind(tokens, at) == "number":
        return tokens[at].value, "weeks"
    return Decimal(days), "days" if unit != "hour" else "hours"


def _unit_after(tokens: Sequence[Token], at: int) -> str:
    if _kind(tokens, at) == "money":
        return "money"
    is_unit = _kind(tokens, at) == "unit"
    return (
        tokens[at].value if is_unit and tokens[at].value in ("times", "percent") else ""
    )
