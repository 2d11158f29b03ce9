"""Conditions on the value of an attribute: parsed, compared with a column, and in words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import community_days, timestamps
from qunce.core.communities import zone
from qunce.members.attributes.attributes import AttributeType
from qunce.sets.rules import base, phrasing, relative_days
from qunce.sets.rules.relative_days import DaySpan, RelativeDay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.sets.bitmaps.attribute_columns import Column
    from qunce.sets.rules.base import RulePath
    from qunce.sets.rules.phrasing import Pieces
    from qunce.sets.rules.snapshots import Snapshot

    Mask = NDArray[np.bool_]

TEXTS = frozenset({AttributeType.TEXT, AttributeType.CHOICE, AttributeType.MULTI})
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
PHRASES = {
    "in": gettext_noop("has %(name)s %(value)s"),
    "eq": gettext_noop("has %(name)s %(value)s"),
    "ne": gettext_noop("has %(name)s other than %(value)s"),
    "gte": gettext_noop("has %(name)s of at least %(value)s"),
    "gt": gettext_noop("has %(name)s over %(value)s"),
    "lte": gettext_noop("has %(name)s of at most %(value)s"),
    "lt": gettext_noop("has %(name)s under %(value)s"),
    "contains": gettext_noop("has %(name)s containing %(value)s"),
    "starts": gettext_noop("has %(name)s starting with %(value)s"),
}
TIME_PHRASES = {
    "gte": gettext_noop("has %(name)s on or after %(value)s"),
    "gt": gettext_noop("has %(name)s after %(value)s"),
    "lte": gettext_noop("has %(name)s on or before %(value)s"),
    "lt": gettext_noop("has %(name)s before %(value)s"),
}
TIME_FORMAT = re.compile(r"\d{4}-\d\d-\d\d.*|today.*")
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
    _check_names(names, path)
    conditions = tuple(
        _parse(attribute, name, args[name], path.child(name)) for name in names
    )
    if len(conditions) == 2:
        _check_range(attribute.name, attribute.type, *conditions, path=path)
    return conditions


def _check_names(names: Sequence[str], path: RulePath) -> None:
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
        or (comparison == "anniversary" and attribute.type != AttributeType.DATE)
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
            return Fraction(Decimal(str(value))) * SCALE
        if attribute.type in TIMES:
            return _parse_time(attribute, value, path)
    except (ValueError, TypeError, InvalidOperation, OverflowError):
        pass
    path.fail(
        _("“%(value)s” is not a value of type %(type)s.")
        % {"value": value, "type": attribute.type}
    )


def _parse_time(attribute: AttributeName, value: Any, path: RulePath) -> Required:
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


# Comparing


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
        return _has_anniversary(
            column.numbers, *days_of_anniversary(condition, snap.today)
        )
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
        return _compare_with_day(snap, type_, column.numbers, comparison, day)
    assert isinstance(bound, Fraction)  # noqa: S101 - the others are days
    return _compare(column.numbers, comparison, [bound])


def _day_number(snap: Snapshot, value: Required) -> int | None:
    if isinstance(value, RelativeDay):
        return snap.today + value.offset
    return value.number if isinstance(value, Day) else None


def _compare_with_day(
    snap: Snapshot, type_: str, numbers: NDArray[np.int64], comparison: str, day: int
) -> Mask:
    first, last = {
        "gte": (day, None),
        "gt": (day + 1, None),
        "lte": (None, day),
        "lt": (None, day - 1),
    }[comparison]
    return _is_in_days(snap, type_, numbers, first, last)


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


# In words


def format_condition(type_: str, condition: Condition, community: Community) -> str:
    """What is required, as it stands in an explanation."""
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


def phrase(comparison: str, required: Any, name: Pieces) -> Pieces:
    """One comparison as it reads after “everyone who …”."""
    if comparison == "known":
        known = _("has a known %(name)s")
        template = known if required else _("has no known %(name)s")
        return phrasing.fill(template, name=name)
    if comparison == "anniversary":
        return _phrase_anniversary(required, name)
    if comparison in relative_days.SPANS:
        span = DaySpan(comparison, required)
        return phrasing.fill(_("has %(name)s %(when)s"), name=name, when=span.phrase())
    template = PHRASES[comparison]
    if isinstance(required, str) and TIME_FORMAT.fullmatch(required):
        template = TIME_PHRASES.get(comparison, template)
    values = [_phrase_value(value) for value in phrasing.as_list(required)]
    return phrasing.fill(
        _(template),
        name=name,
        value=phrasing.join(values or [phrasing.plain(_("none"))], _(", ")),
    )


def _phrase_value(value: Any) -> Pieces:
    match = (
        relative_days.DAY_FORMAT.fullmatch(value) if isinstance(value, str) else None
    )
    if match is None:
        return phrasing.literal(value)
    offset = int(match[2] or 0)
    return phrasing.value(RelativeDay(-offset if match[1] == "-" else offset).format())


def _phrase_anniversary(required: Any, name: Pieces) -> Pieces:
    ((comparison, value), *more) = required.items()
    if comparison in ("within", *relative_days.SPANS):
        field = "next" if comparison == "within" else comparison
        when = DaySpan(field, value).phrase()
    else:
        templates = {
            "eq": _("on %(day)s"),
            "gte": _("on or after %(day)s"),
            "gt": _("after %(day)s"),
            "lte": _("on or before %(day)s"),
            "lt": _("before %(day)s"),
        }
        parts = [
            phrasing.fill(templates[sign], day=_phrase_value(day))
            for sign, day in [(comparison, value), *more]
        ]
        when = phrasing.join(parts, _(" and "))
    return phrasing.fill(
        _("has an anniversary of %(name)s %(when)s"), name=name, when=when
    )
