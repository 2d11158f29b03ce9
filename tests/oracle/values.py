"""Comparisons of attribute values and payloads with what a rule requires."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.oracle.people import Fact, Value

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "gte": lambda number, bound: bool(number >= bound),
    "gt": lambda number, bound: bool(number > bound),
    "lte": lambda number, bound: bool(number <= bound),
    "lt": lambda number, bound: bool(number < bound),
    "eq": lambda number, bound: bool(number == bound),
}


def compares(number: int, bounds: dict[str, int]) -> bool:
    return all(COMPARISONS[name](number, bound) for name, bound in bounds.items())


def fits(kind: str, value: Value | None, body: dict[str, Any], *, today: date) -> bool:
    """Whether `value` meets every condition of `body` on an attribute of this kind."""
    if "known" in body:
        return (value is not None) is body["known"]
    if value is None:
        return False
    if "anniversary" in body:
        assert isinstance(value, date)
        return is_near(value, today, days=int(body["anniversary"]["within"][:-1]))
    conditions = {name: bound for name, bound in body.items() if name != "name"}
    return all(_meets(kind, value, name, bound) for name, bound in conditions.items())


def _meets(kind: str, value: Value, name: str, bound: Any) -> bool:
    if isinstance(value, frozenset):
        return _any_meets(value, name, bound)
    if name == "in":
        return value in [read(kind, item) for item in bound]
    if name == "ne":
        return value != read(kind, bound)
    if name in COMPARISONS:
        return COMPARISONS[name](value, read(kind, bound))
    assert isinstance(value, str)
    if name == "contains":
        return bound.casefold() in value.casefold()
    assert name == "starts"
    return value.casefold().startswith(bound.casefold())


def _any_meets(value: frozenset[str], name: str, bound: Any) -> bool:
    """One of several values must meet the condition; for `ne` all must."""
    if name == "ne":
        return bound not in value
    return any(_meets("text", item, name, bound) for item in value)


def read(kind: str, written: Any) -> Value:
    """A value from its form in a rule or a file."""
    if kind == "number":
        return Decimal(str(written))
    if kind == "date":
        return date.fromisoformat(written)
    if kind == "instant":
        return datetime.fromisoformat(written)
    assert isinstance(written, str | bool)
    return written


def is_near(born: date, today: date, *, days: int) -> bool:
    """Whether the anniversary is within this many days, including today."""
    return any(
        is_anniversary(born, today + timedelta(days=ahead)) for ahead in range(days)
    )


def is_anniversary(born: date, day: date) -> bool:
    if (born.month, born.day) == (2, 29) and not calendar.isleap(day.year):
        return (day.month, day.day) == (2, 28)
    return (born.month, born.day) == (day.month, day.day)


def matches(fact: Fact, where: dict[str, Any]) -> bool:
    return all(_field_matches(fact, name, required) for name, required in where.items())


def _field_matches(fact: Fact, name: str, required: Any) -> bool:
    value: Any = fact.group if name == "group" else fact.get(name)
    if isinstance(required, dict):
        return is_whole(value) and compares(value, required)
    options = required if isinstance(required, list) else [required]
    items = value if isinstance(value, tuple) else (value,)
    return any(is_same(item, option) for item in items for option in options)


def is_same(left: Any, right: Any) -> bool:
    """Equal and of one type, since in Python `True` equals 1."""
    return type(left) is type(right) and bool(left == right)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def to_json(value: Any) -> Any:
    """An attribute value in its form in a rule."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value
