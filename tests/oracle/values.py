"""Does a value fit what is asked of it: attributes and the payload of facts."""

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
    """Whether all that `body` asks of an attribute of this kind is true of `value`."""
    if "known" in body:
        return (value is not None) is body["known"]
    if value is None:
        return False
    if "anniversary" in body:
        assert isinstance(value, date)
        return is_near(value, today, days=int(body["anniversary"]["within"][:-1]))
    asked = {name: bound for name, bound in body.items() if name != "name"}
    return all(_one(kind, value, name, bound) for name, bound in asked.items())


def _one(kind: str, value: Value, name: str, bound: Any) -> bool:
    if isinstance(value, frozenset):
        return _one_of_many(value, name, bound)
    if name == "in":
        return value in [read(kind, each) for each in bound]
    if name == "ne":
        return value != read(kind, bound)
    if name in COMPARISONS:
        return COMPARISONS[name](value, read(kind, bound))
    assert isinstance(value, str)
    if name == "contains":
        return bound.casefold() in value.casefold()
    assert name == "starts"
    return value.casefold().startswith(bound.casefold())


def _one_of_many(value: frozenset[str], name: str, bound: Any) -> bool:
    """Of several values one has to fit; for `ne` none may be it."""
    if name == "ne":
        return bound not in value
    return any(_one("text", each, name, bound) for each in value)


def read(kind: str, written: Any) -> Value:
    """A value as a rule or a file writes it."""
    if kind == "number":
        return Decimal(str(written))
    if kind == "date":
        return date.fromisoformat(written)
    if kind == "instant":
        return datetime.fromisoformat(written)
    assert isinstance(written, str | bool)
    return written


def is_near(born: date, today: date, *, days: int) -> bool:
    """Is the anniversary today or on one of the next days?"""
    return any(
        is_anniversary(born, today + timedelta(days=ahead)) for ahead in range(days)
    )


def is_anniversary(born: date, day: date) -> bool:
    if (born.month, born.day) == (2, 29) and not calendar.isleap(day.year):
        return (day.month, day.day) == (2, 28)
    return (born.month, born.day) == (day.month, day.day)


def matches(fact: Fact, where: dict[str, Any]) -> bool:
    return all(_field_matches(fact, name, wanted) for name, wanted in where.items())


def _field_matches(fact: Fact, name: str, wanted: Any) -> bool:
    found: Any = fact.group if name == "group" else fact.get(name)
    if isinstance(wanted, dict):
        return is_whole(found) and compares(found, wanted)
    options = wanted if isinstance(wanted, list) else [wanted]
    several = found if isinstance(found, tuple) else (found,)
    return any(is_same(one, each) for one in several for each in options)


def is_same(one: Any, other: Any) -> bool:
    """To Python true is 1; to the one who wrote the rule it is not."""
    return type(one) is type(other) and bool(one == other)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def to_json(value: Any) -> Any:
    """A value of an attribute as a rule writes it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value
