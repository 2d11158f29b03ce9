"""Conditions on the value of an attribute: parsed, checked and explained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import community_days, decimals, timestamps
from qunce.core.communities import zone
from qunce.members.attributes.attributes import AttributeType
from qunce.sets.rules import base, relative_days
from qunce.sets.rules.relative_days import DaySpan, RelativeDay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.sets.rules.base import RulePath

    Mask = NDArray[np.bool_]

TEXTS = frozenset({AttributeType.TEXT, AttributeType.CHOICE, AttributeType.MULTI})
STORED_AS_TEXT = TEXTS | {AttributeType.LUNAR}
YEARLY = frozenset({AttributeType.DATE, AttributeType.LUNAR})
"""Types whose values have an anniversary."""
TIMES = frozenset({AttributeType.DATE, AttributeType.INSTANT})
LOWER, UPPER = ("gte", "gt"), ("lte", "lt")
ORDERINGS = (*LOWER, *UPPER)
COMPARISONS = (
    "in",
    "eq",
    "ne",
    *ORDERINGS,
    *relative_days.SPANS,
    "contains",
    "starts",
    "known",
    "anniversary",
)
EXPLANATIONS = {
    "eq": "= %(wanted)s",
    "ne": "≠ %(wanted)s",
    "gte": "≥ %(wanted)s",
    "gt": "> %(wanted)s",
    "lte": "≤ %(wanted)s",
    "lt": "< %(wanted)s",
    "in": gettext_noop("one of %(wanted)s"),
    "contains": gettext_noop("contains %(wanted)s"),
    "starts": gettext_noop("starts with %(wanted)s"),
    "next": "%(wanted)s",
    "last": "%(wanted)s",
    "during": "%(wanted)s",
    "anniversary": gettext_noop("anniversary %(wanted)s"),
}
SCALE = 10_000
"""Numbers are stored with four decimal places."""
MAX_NUMBER = 2**62
"""Numbers in rules are limited to what a column of 64 bits can be compared with."""


@dataclass(frozen=True)
class Day:
    """A whole community day, to compare times with."""

    number: int


Required = str | Fraction | Day | RelativeDay


@dataclass(frozen=True)
class Condition:
    """One comparison. `required` are texts, days, or exact numbers in the column's unit.

    `span` is set for spans of days and for anniversaries that have one; an anniversary
    on other days has `bounds`.
    """

    comparison: str
    required: tuple[Required, ...] = ()
    span: DaySpan | None = None
    bounds: tuple[Condition, ...] = ()

    @property
    def needs_today(self) -> bool:
        return (
            self.comparison == "anniversary"
            or self.span is not None
            or any(isinstance(value, RelativeDay) for value in self.required)
        )


# Parsing


@dataclass(frozen=True)
class AttributeName:
    """The attribute that a clause names."""

    pk: int
    name: str
    type: str


def parse_all(
    attribute: AttributeName, args: dict[str, Any], path: RulePath
) -> tuple[Condition, ...]:
    """The only comparison of a clause, or a lower and an upper bound."""
    names = [name for name in COMPARISONS if name in args]
    for pair in (LOWER, UPPER):
        if set(pair) <= set(names):
            path.fail(
                _("Give only one of %(first)s and %(second)s.")
                % {"first": pair[0], "second": pair[1]}
            )
    lower = set(names) & set(LOWER)
    if len(names) != 1 and not (len(names) == 2 and lower and set(names) & set(UPPER)):
        path.fail(
            _(
                "Give exactly one of these comparisons: %(all)s. Only gt or gte and lt or"
                " lte can be combined."
            )
            % {"all": ", ".join(COMPARISONS)}
        )
    conditions = tuple(
        _parse(attribute, name, args[name], path.child(name)) for name in names
    )
    if len(conditions) == 2:
        _check_range(attribute.name, attribute.type, *conditions, path=path)
    return conditions


def _parse(
    attribute: AttributeName, comparison: str, value: Any, path: RulePath
) -> Condition:
    is_text, is_time = attribute.type in TEXTS, attribute.type in TIMES
    unsupported = (
        (comparison in ("contains", "starts") and not is_text)
        or (
            comparison in ORDERINGS
            and (is_text or attribute.type == AttributeType.BOOL)
        )
        or (comparison in relative_days.SPANS and not is_time)
        or (comparison == "anniversary" and attribute.type not in YEARLY)
        # Days of two calendars cannot be compared, and those of one have no year.
        or (
            attribute.type == AttributeType.LUNAR
            and comparison not in ("anniversary", "known")
        )
    )
    if unsupported:
        path.fail(
            _("“%(name)s” is of type %(type)s, which does not support this comparison.")
            % {"name": attribute.name, "type": attribute.type}
        )
    if comparison == "known":
        if not isinstance(value, bool):
            path.fail(_("Write true or false."))
        return Condition(comparison, ("known",) if value else ())
    if comparison == "anniversary":
        return _parse_anniversary(attribute.name, value, path)
    if comparison in relative_days.SPANS:
        span = relative_days.parse_span(comparison, value, path)
        if span.hours and attribute.type == AttributeType.DATE:
            path.fail(_("“%(name)s” has days, not hours.") % {"name": attribute.name})
        return Condition(comparison, span=span)
    if comparison != "in":
        return Condition(comparison, (_parse_value(attribute, value, path),))
    if not isinstance(value, list):
        path.fail(_("Write a list of values."))
    values = (
        _parse_value(attribute, part, path.child(index))
        for index, part in enumerate(value)
    )
    return Condition(comparison, tuple(values))


def _parse_anniversary(name: str, value: Any, path: RulePath) -> Condition:
    """A span, or days relative to today: exactly one, or a first and a last one."""
    fields = ("within", *relative_days.SPANS, "eq", *ORDERINGS)
    base.check_fields(value, path, fields)
    spans = [field for field in fields[:4] if field in value]
    if spans and len(value) == 1:
        # `within` is the older name of `next`.
        field = "next" if spans[0] == "within" else spans[0]
        here = path.child(spans[0])
        return Condition(
            "anniversary", span=relative_days.parse_span(field, value[spans[0]], here)
        )
    names = [name for name in fields[4:] if name in value]
    is_range = len(names) == 2 and names[0] in LOWER and names[1] in UPPER
    if spans or not (is_range or names == ["eq"]):
        path.fail(
            _(
                "Give a span, such as {“next”: “7d”}, one day, such as {“eq”:"
                " “today+7d”}, or a first and a last day."
            )
        )
    bounds = []
    for comparison in names:
        here = path.child(comparison)
        day = relative_days.parse_day(value[comparison], here)
        if day is None:
            here.fail(_("Write a day like today, today+7d or today-7d."))
        bounds.append(Condition(comparison, (day,)))
    if len(bounds) == 2:
        _check_range(name, AttributeType.DATE, *bounds, path=path)
    return Condition("anniversary", bounds=tuple(bounds))


def _parse_value(attribute: AttributeName, value: Any, path: RulePath) -> Required:
    """A text, a day, or the number in the unit of the column; anything else fails."""
    try:
        if attribute.type in TEXTS and isinstance(value, str):
            return value
        if attribute.type == AttributeType.BOOL and isinstance(value, bool):
            return Fraction(value)
        if attribute.type == AttributeType.NUMBER and not isinstance(value, bool):
            # By its text, since 0.1 as a binary fraction is not what was written.
            return Fraction(decimals.parse(value)) * SCALE
        if attribute.type in TIMES:
            day = relative_days.parse_day(value, path)
            if day is not None:
                return day
            if attribute.type == AttributeType.DATE:
                return Fraction(community_days.from_date(date.fromisoformat(value)))
            # A date alone is the whole day, so that "at most 31 March" includes 31 March.
            if len(value) == len("2026-03-31"):
                return Day(community_days.from_date(date.fromisoformat(value)))
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone(path.community))
            return Fraction(timestamps.to_micros(moment))
    except (ValueError, TypeError, InvalidOperation, OverflowError):
        pass
    path.fail(
        _("“%(value)s” is not a value of type %(type)s.")
        % {"value": value, "type": attribute.type}
    )


def _check_range(
    name: str, type_: str, lower: Condition, upper: Condition, *, path: RulePath
) -> None:
    """Fail if no value can be between the bounds on any day."""
    (low,), (high,) = lower.required, upper.required
    # A day that depends on today may or may not be after one that does not.
    if isinstance(low, RelativeDay) and isinstance(high, RelativeDay):
        first: Fraction = Fraction(low.offset)
        last: Fraction = Fraction(high.offset)
    elif isinstance(low, Day) and isinstance(high, Day):
        first, last = Fraction(low.number), Fraction(high.number)
    elif isinstance(low, Fraction) and isinstance(high, Fraction):
        first, last = low, high
    else:
        return
    # In whole units of the column, such as days.
    lowest = math.floor(first) + 1 if lower.comparison == "gt" else math.ceil(first)
    highest = math.ceil(last) - 1 if upper.comparison == "lt" else math.floor(last)
    if lowest > highest:
        path.fail(
            _("No “%(name)s” can be both %(lower)s and %(upper)s.")
            % {
                "name": name,
                "lower": format_condition(type_, lower, path.community),
                "upper": format_condition(type_, upper, path.community),
            }
        )


# In words


def format_condition(type_: str, condition: Condition, community: Community) -> str:
    """What is required, as an explanation shows it."""
    if condition.comparison == "known":
        return _("known") if condition.required else _("not known")
    if condition.span:
        wanted = condition.span.format()
    elif condition.bounds:
        wanted = base.format_list(
            format_condition(type_, bound, community) for bound in condition.bounds
        )
    else:
        wanted = base.format_list(
            format_value(type_, value, community) for value in condition.required
        )
    return _(EXPLANATIONS[condition.comparison]) % {"wanted": wanted}


def format_value(type_: str, value: Required, community: Community) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, RelativeDay):
        return value.format()
    if isinstance(value, Day):
        return community_days.to_date(value.number).isoformat()
    if type_ == AttributeType.NUMBER:
        return f"{Decimal(value.numerator) / value.denominator / SCALE:f}"
    if type_ == AttributeType.DATE:
        return community_days.to_date(int(value)).isoformat()
    if type_ == AttributeType.BOOL:
        return _("yes") if value else _("no")
    return timestamps.from_micros(int(value)).astimezone(zone(community)).isoformat()
