"""Tokens put together: time spans, amounts and counts, each with its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from qunce.members.rule_text.free_text.tokens import Token, day_range
from qunce.members.rule_text.free_text.words import DAYS_OF
from qunce.sets.rules.time_windows import MAX_DAYS


@dataclass(frozen=True)
class Measure:
    """A number of something; `sign` is None where only the number was said.

    `unit` is `times`, `days`, `weeks`, `days_in_a_row`, `weeks_in_a_row`, `money`,
    `percent` or empty. `days` is how long it is if it may be a time span, too.
    """

    unit: str
    number: Decimal
    sign: str | None = None
    days: int = 0


@dataclass(frozen=True)
class Span:
    """When: `window` as facts have it, `span` as dates of attributes have it.

    A span in the future has no window. `is_bare` if nothing but its length was said.
    `moves` is False for a calendar period, which is written as dates.
    """

    window: dict[str, Any] = field(default_factory=dict)
    span: dict[str, Any] = field(default_factory=dict)
    is_bare: bool = False
    moves: bool = True


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
        return _item(tokens, at, at + 1, "span", period_span(tokens[at].value, today))
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


def period_span(period: str, today: date) -> Span:
    first, last = day_range(period, today)
    span = {"during": period}
    if period == "today":
        return Span({"within": "1d"}, span)
    if first > today:
        return Span({}, span)
    if last >= today:
        return Span({"since": first.isoformat()}, span, moves=False)
    between = [first.isoformat(), last.isoformat()]
    return Span({"between": between}, span, moves=False)


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
    has_money = _kind(tokens, at) == "money"
    at += has_money
    length = _length(tokens, at)
    if length is not None and not has_money:
        days, end, unit = length
        number, name = _count_of(tokens, at, unit, days)
    elif _kind(tokens, at) == "number":
        number, days, end = tokens[at].value, 0, at + 1
        name = _unit_after(tokens, end)
        end += bool(name)
        name = "money" if has_money else name
    else:
        return None
    is_before = length is not None and _kind(tokens, end) == "before"
    if is_before and sign in ("gt", "gte"):
        return _item(tokens, start, end + 1, "span", Span({"before": f"{days}d"}))
    if _kind(tokens, end) == "sign_after":
        sign, end = tokens[end].value, end + 1
    if _kind(tokens, end) == "streak":
        is_streak, end = True, end + 1
    if is_streak:
        if name not in ("days", "weeks"):
            return None
        name = f"{name}_in_a_row"
    return _item(tokens, start, end, "measure", Measure(name, number, sign, days))


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
