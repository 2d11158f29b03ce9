"""Occasions of care: birthdays, anniversaries, festivals and surprises. Pure.

Each occasion says as rules whose day it is, so that the set engine finds the members, and
it finds the next day of one member from their dates.

* A birthday on 29 February is kept on the 28th in common years.
* A lunar birthday in a leap month is kept in that month where the year has it, else in the
  month of the same number; day 30 is kept on day 29 in months that end with it.
* Somebody who joined on the 31st has their month's anniversary on the last day of shorter
  months.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import errors, lunar_dates
from qunce.core.lunar_dates import LunarDate
from qunce.outreach.playbooks import calendars
from qunce.outreach.playbooks.calendars import Calendar
from qunce.sets import audiences

Rule = dict[str, Any]
FIRST_ORDER = "order.paid"
MAX_ATTRIBUTES, MAX_NUMBERS, MAX_MEMBERS, LAST_MONTH_DAY = 5, 20, 1_000, 28
LOOK_AHEAD = 400
"""Days in which every yearly occasion comes."""


class InvalidOccasion(errors.Invalid):
    """The occasion is none of these, or one of its fields is missing or wrong."""


@dataclass(frozen=True)
class Match:
    """The members of a `rule` have the occasion. Each `key` comes once in a life."""

    key: str
    rule: Rule
    is_lunar: bool = False


@dataclass(frozen=True)
class PersonDates:
    """The dates of one person: of each date attribute by its name, and of two events."""

    values: Mapping[str, date | LunarDate] = field(default_factory=dict)
    joined: date | None = None
    first_order: date | None = None


class Unit(models.TextChoices):
    YEARS = "years", gettext_lazy("years")
    MONTHS = "months", gettext_lazy("months")
    DAYS = "days", gettext_lazy("days")


MAX_NUMBER = {Unit.YEARS: 60, Unit.MONTHS: 720, Unit.DAYS: 20_000}


@dataclass(frozen=True)
class Birthday:
    """The first of `attributes` that a member has a value of counts."""

    on: ClassVar[str] = "birthday"
    label: ClassVar[StrOrPromise] = gettext_lazy("Birthday")
    attributes: tuple[str, ...]
    lunar: frozenset[str] = frozenset()
    """Those of the attributes that hold days of the lunar calendar; not stored."""

    def matches(self, day: date, today: date) -> Iterator[Match]:
        known: list[Rule] = []
        for name in self.attributes:
            kept = {
                "attr": {"name": name, "anniversary": {"eq": _relative(day, today)}}
            }
            is_lunar = name in self.lunar
            year = lunar_dates.year_of(day) if is_lunar else day.year
            if year is not None:
                rule: Rule = {"all": [kept, *({"not": each} for each in known)]}
                yield Match(f"{year}", rule, is_lunar)
            known.append({"attr": {"name": name, "known": True}})

    def next_day(self, person: PersonDates, today: date) -> date | None:
        found = [
            person.values[name] for name in self.attributes if name in person.values
        ]
        if not found:
            return None
        value = found[0]
        if isinstance(value, LunarDate):
            return lunar_dates.next_anniversary(value, today)
        days = (
            add_months(value, 12 * n) for n in range(today.year - value.year, 10**4)
        )
        return next((day for day in days if day >= max(today, value)), None)

    def to_json(self) -> Rule:
        return {"on": self.on, "attributes": list(self.attributes)}

    def phrase(self) -> str:
        return _("on the birthday")


@dataclass(frozen=True)
class Anniversary:
    """So many years, months or days after an event; without `numbers` each year."""

    unit: str = Unit.YEARS
    numbers: tuple[int, ...] = ()

    def _numbers(self) -> Sequence[int]:
        return self.numbers or range(1, MAX_NUMBER[Unit(self.unit)] // 2 + 1)

    def event_rule(self, first: date, last: date) -> Rule:
        raise NotImplementedError

    def event(self, person: PersonDates) -> date | None:
        raise NotImplementedError

    def matches(self, day: date, today: date) -> Iterator[Match]:
        for number in self._numbers():
            if (span := span_before(day, self.unit, number)) is not None:
                yield Match(f"{self.unit}-{number}", self.event_rule(*span))

    def next_day(self, person: PersonDates, today: date) -> date | None:
        start = self.event(person)
        if start is None:
            return None
        days = (add(start, self.unit, number) for number in self._numbers())
        return min((day for day in days if day >= today), default=None)

    def _amount(self) -> str:
        unit = str(Unit(self.unit).label)
        numbers = _(", ").join(map(str, self.numbers))
        return f"{numbers} {unit}" if numbers else ""

    def to_json(self) -> Rule:
        on = str(getattr(self, "on", ""))
        return {"on": on, "unit": str(self.unit), "numbers": list(self.numbers)}


@dataclass(frozen=True)
class Joined(Anniversary):
    on: ClassVar[str] = "joined"
    label: ClassVar[StrOrPromise] = gettext_lazy("Anniversary of joining")

    def event_rule(self, first: date, last: date) -> Rule:
        return {"joined": {"between": [first.isoformat(), last.isoformat()]}}

    def event(self, person: PersonDates) -> date | None:
        return person.joined

    def phrase(self) -> str:
        if amount := self._amount():
            return _("%(amount)s after joining") % {"amount": amount}
        return _("each year after joining")


@dataclass(frozen=True)
class FirstOrder(Anniversary):
    on: ClassVar[str] = "first_order"
    label: ClassVar[StrOrPromise] = gettext_lazy("Anniversary of the first order")

    def event_rule(self, first: date, last: date) -> Rule:
        between = [first.isoformat(), last.isoformat()]
        return {"did": {"kind": FIRST_ORDER, "first": {"between": between}}}

    def event(self, person: PersonDates) -> date | None:
        return person.first_order

    def phrase(self) -> str:
        if amount := self._amount():
            return _("%(amount)s after the first order") % {"amount": amount}
        return _("each year after the first order")


@dataclass(frozen=True)
class Festival:
    """Festivals of the calendars and dates of your own, for everyone."""

    on: ClassVar[str] = "festival"
    label: ClassVar[StrOrPromise] = gettext_lazy("Festival")
    days: Calendar

    def matches(self, day: date, today: date) -> Iterator[Match]:
        if self.days.includes(day):
            yield Match(day.isoformat(), audiences.EVERYONE)

    def next_day(self, person: PersonDates, today: date) -> date | None:
        days = (today + timedelta(days=n) for n in range(LOOK_AHEAD))
        return next((day for day in days if self.days.includes(day)), None)

    def to_json(self) -> Rule:
        return {"on": self.on, "days": self.days.to_json()}

    def phrase(self) -> str:
        names = [str(calendars.FESTIVALS[name].label) for name in self.days.festivals]
        text = _(", ").join([*names, *(f"{day:%Y-%m-%d}" for day in self.days.dates)])
        if self.days.offset < 0:
            words = {"dates": text, "n": -self.days.offset}
            return _("%(n)s days before %(dates)s") % words
        if self.days.offset > 0:
            words = {"dates": text, "n": self.days.offset}
            return _("%(n)s days after %(dates)s") % words
        return _("on %(dates)s") % {"dates": text}


@dataclass(frozen=True)
class Surprise:
    """A gift that nobody expects, for `members` who are drawn once a month.

    Nobody gets more than one in a calendar quarter, by any rule.
    """

    on: ClassVar[str] = "surprise"
    label: ClassVar[StrOrPromise] = gettext_lazy("Surprise")
    members: int
    month_day: int = 15

    def matches(self, day: date, today: date) -> Iterator[Match]:
        if day.day == self.month_day:
            yield Match(f"{day:%Y-%m}", audiences.EVERYONE)

    def next_day(self, person: PersonDates, today: date) -> date | None:
        return None

    def to_json(self) -> Rule:
        return {"on": self.on, "members": self.members, "month_day": self.month_day}

    def phrase(self) -> str:
        return _(
            "for %(n)s drawn members on day %(day)s of each month, one per member and "
            "quarter"
        ) % {
            "n": self.members,
            "day": self.month_day,
        }


Occasion = Birthday | Joined | FirstOrder | Festival | Surprise
KINDS: tuple[type[Occasion], ...] = (Birthday, Joined, FirstOrder, Festival, Surprise)


# Dates


def _relative(day: date, today: date) -> str:
    offset = (day - today).days
    return f"today{offset:+d}d" if offset else "today"


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def add(day: date, unit: str, number: int) -> date:
    if unit == Unit.DAYS:
        return day + timedelta(days=number)
    return add_months(day, number * (12 if unit == Unit.YEARS else 1))


def span_before(day: date, unit: str, number: int) -> tuple[date, date] | None:
    """First and last of the days that `add` maps to this day; None if there are none."""
    if unit == Unit.DAYS:
        found = day - timedelta(days=number)
        return found, found
    months = number * (12 if unit == Unit.YEARS else 1)
    source = add_months(day.replace(day=1), -months)
    last_there = calendar.monthrange(source.year, source.month)[1]
    if day.day > last_there:
        return None
    is_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return (
        source.replace(day=day.day),
        source.replace(day=last_there if is_last else day.day),
    )


# Parsing


def parse(value: Any) -> Occasion:
    """The occasion of its JSON form. Raises InvalidOccasion or InvalidCalendar."""
    if not isinstance(value, Mapping) or value.get("on") not in _PARSERS:
        raise InvalidOccasion(
            _("Choose an occasion: %(all)s.") % {"all": ", ".join(_PARSERS)}
        )
    fields, parse_fields = _PARSERS[value["on"]]
    for name in value:
        if name not in ("on", *fields):
            raise InvalidOccasion(
                _("This occasion has no field “%(name)s”.") % {"name": name}
            )
    return parse_fields(value)


def _parse_birthday(value: Mapping[str, Any]) -> Birthday:
    names = value.get("attributes")
    is_list = isinstance(names, list | tuple) and 1 <= len(names) <= MAX_ATTRIBUTES
    if not is_list or not all(isinstance(name, str) and name for name in names or ()):
        raise InvalidOccasion(
            _("Name 1 to %(most)s attributes with birthdays.")
            % {"most": MAX_ATTRIBUTES}
        )
    return Birthday(tuple(dict.fromkeys(names or ())))


def _parse_anniversary(
    kind: type[Joined] | type[FirstOrder],
) -> Callable[[Mapping[str, Any]], Occasion]:
    def parse_fields(value: Mapping[str, Any]) -> Occasion:
        unit, numbers = value.get("unit", Unit.YEARS.value), value.get("numbers", [])
        if unit not in Unit.values:
            raise InvalidOccasion(_("Count an anniversary in years, months or days."))
        if not isinstance(numbers, list | tuple) or len(numbers) > MAX_NUMBERS:
            raise InvalidOccasion(
                _("Give at most %(most)s numbers.") % {"most": MAX_NUMBERS}
            )
        most = MAX_NUMBER[Unit(unit)]
        if not all(_is_number(number, 1, most) for number in numbers):
            raise InvalidOccasion(
                _("An anniversary is a whole number from 1 to %(most)s.")
                % {"most": f"{most:,}"}
            )
        if not numbers and unit != Unit.YEARS:
            raise InvalidOccasion(_("Give the number of months or days, such as 100."))
        return kind(unit, tuple(sorted(set(numbers))))

    return parse_fields


def _parse_festival(value: Mapping[str, Any]) -> Festival:
    days = calendars.parse(value.get("days"))
    if days.weekdays or days.month_days:
        raise InvalidOccasion(
            _("Choose festivals or dates; use a playbook for weekdays.")
        )
    return Festival(days)


def _parse_surprise(value: Mapping[str, Any]) -> Surprise:
    if not _is_number(value.get("members"), 1, MAX_MEMBERS):
        raise InvalidOccasion(
            _("Draw between 1 and %(most)s members a month.") % {"most": MAX_MEMBERS}
        )
    if not _is_number(value.get("month_day", 15), 1, LAST_MONTH_DAY):
        raise InvalidOccasion(_("Choose a day of the month from 1 to 28."))
    return Surprise(value["members"], value.get("month_day", 15))


def _is_number(value: Any, least: int, most: int) -> bool:
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return is_int and least <= value <= most


_PARSERS: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Occasion]]] = {
    Birthday.on: (("attributes",), _parse_birthday),
    Joined.on: (("unit", "numbers"), _parse_anniversary(Joined)),
    FirstOrder.on: (("unit", "numbers"), _parse_anniversary(FirstOrder)),
    Festival.on: (("days",), _parse_festival),
    Surprise.on: (("members", "month_day"), _parse_surprise),
}
