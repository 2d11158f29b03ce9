"""Comparisons of attribute values and payloads with what a rule requires."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from tests.oracle import clock

if TYPE_CHECKING:
    from tests.oracle.clock import Clock
    from tests.oracle.people import Fact, Value

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "gte": lambda number, bound: bool(number >= bound),
    "gt": lambda number, bound: bool(number > bound),
    "lte": lambda number, bound: bool(number <= bound),
    "lt": lambda number, bound: bool(number < bound),
    "eq": lambda number, bound: bool(number == bound),
}


def compares(number: int | Decimal | Fraction, bounds: dict[str, Any]) -> bool:
    return all(
        COMPARISONS[name](Fraction(number), Fraction(str(bound)))
        for name, bound in bounds.items()
    )


class Now(Protocol):
    """The moment of a question."""

    @property
    def at(self) -> datetime: ...
    @property
    def today(self) -> date: ...
    @property
    def clock(self) -> Clock: ...


def fits(kind: str, value: Value | None, body: dict[str, Any], *, now: Now) -> bool:
    """Whether `value` meets every condition of `body` on an attribute of this kind."""
    if "known" in body:
        return (value is not None) is body["known"]
    if value is None:
        return False
    conditions = {name: bound for name, bound in body.items() if name != "name"}
    return all(_meets(kind, value, *pair, now) for pair in conditions.items())


def _meets(kind: str, value: Value, name: str, bound: Any, now: Now) -> bool:
    if isinstance(value, frozenset):
        return _any_meets(value, name, bound, now)
    if name == "anniversary":
        assert isinstance(value, date)
        return has_anniversary(value, bound, now)
    if name in ("next", "last", "during"):
        return is_in_span(value, name, bound, now)
    if name == "in":
        return any(_is(kind, value, item, now) for item in bound)
    if name == "ne":
        return not _is(kind, value, bound, now)
    if name == "eq":
        return _is(kind, value, bound, now)
    if name in COMPARISONS:
        required = read(kind, bound, now)
        return COMPARISONS[name](_comparable(value, required, now), required)
    assert isinstance(value, str)
    if name == "contains":
        return bound.casefold() in value.casefold()
    assert name == "starts"
    return value.casefold().startswith(bound.casefold())


def _is(kind: str, value: Value, bound: Any, now: Now) -> bool:
    required = read(kind, bound, now)
    return bool(_comparable(value, required, now) == required)


def _comparable(value: Value, required: Value, now: Now) -> Value:
    """A time compared with a day is itself the day on which it is."""
    is_day = isinstance(required, date) and not isinstance(required, datetime)
    return now.clock.day(value) if is_day and isinstance(value, datetime) else value


def is_in_span(value: Value, name: str, span: str, now: Now) -> bool:
    exact = None if name == "during" else clock.hours(span)
    if exact is not None:
        assert isinstance(value, datetime)
        if name == "next":
            return now.at < value <= now.at + exact
        return now.at - exact < value <= now.at
    day = now.clock.day(value) if isinstance(value, datetime) else value
    assert isinstance(day, date)
    return day in list_days(name, span, now.today)


def list_days(name: str, span: str, today: date) -> list[date]:
    """The days of `next`, `last` or `during`."""
    if name == "during":
        near = [today + timedelta(days=n) for n in range(-800, 800)]
        return [day for day in near if clock.is_during(span, day, today)]
    days = int(span[:-1])
    sign = 1 if name == "next" else -1
    return [today + timedelta(days=sign * n) for n in range(days)]


def has_anniversary(born: date, body: dict[str, Any], now: Now) -> bool:
    """Whether the anniversary is on a day that the body allows."""
    if "within" in body:
        body = {"next": body["within"]}
    near = [now.today + timedelta(days=n) for n in range(-800, 800)]
    return any(
        is_anniversary(born, day)
        and all(_meets("date", day, *pair, now) for pair in body.items())
        for day in near
    )


def _any_meets(value: frozenset[str], name: str, bound: Any, now: Now) -> bool:
    """One of several values must meet the condition; for `ne` all must."""
    if name == "ne":
        return bound not in value
    return any(_meets("text", item, name, bound, now) for item in value)


def read(kind: str, written: Any, now: Now) -> Value:
    """A value from its form in a rule or a file; times are days if they have no time."""
    if kind == "number":
        return Decimal(str(written))
    if kind in ("date", "instant"):
        if written.startswith("today"):
            return now.today + timedelta(days=int(written[5:].rstrip("d") or 0))
        if kind == "date" or len(written) == 10:
            return date.fromisoformat(written)
        return datetime.fromisoformat(written)
    assert isinstance(written, str | bool)
    return written


def is_anniversary(born: date, day: date) -> bool:
    if (born.month, born.day) == (2, 29) and not calendar.isleap(day.year):
        return (day.month, day.day) == (2, 28)
    return (born.month, born.day) == (day.month, day.day)


def matches(fact: Fact, where: dict[str, Any]) -> bool:
    return all(_field_matches(fact, name, required) for name, required in where.items())


def _field_matches(fact: Fact, name: str, required: Any) -> bool:
    value: Any = fact.group if name == "group" else fact.get(name)
    if isinstance(required, dict):
        number = to_number(value)
        return number is not None and compares(number, required)
    options = required if isinstance(required, list) else [required]
    items = value if isinstance(value, tuple) else (value,)
    return any(is_same(item, option) for item in items for option in options)


def is_same(left: Any, right: Any) -> bool:
    """Equal numbers, or equal and of one type, since in Python `True` equals 1."""
    if is_number(left) and is_number(right):
        return Fraction(str(left)) == Fraction(str(right))
    return type(left) is type(right) and bool(left == right)


def to_number(value: Any) -> Fraction | None:
    """The number in a payload, which may be written as a text."""
    if isinstance(value, str):
        return Fraction(value) if value.lstrip("-").replace(".", "").isdigit() else None
    return Fraction(str(value)) if is_number(value) else None


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def to_json(value: Any) -> Any:
    """An attribute value in its form in a rule."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value
