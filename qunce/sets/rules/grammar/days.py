"""Days, times and spans in a form, and values that may be days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import dates
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.sets.rules import calendar_periods, phrasing, relative_days
from qunce.sets.rules.grammar.forms import (
    Choice,
    Fields,
    Form,
    ListOf,
    Part,
    Slot,
    Unfit,
    literal_words,
)
from qunce.sets.rules.grammar.reader import Found, Reader
from qunce.sets.rules.grammar.values import (
    NUMBER,
    WHOLE,
    Text,
    Word,
    canonical_number,
)
from qunce.sets.rules.phrasing import Names, Pieces
from qunce.sets.rules.relative_days import RelativeDay

DAY_TEXT = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.+Z-]*", re.ASCII)
CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])", re.ASCII)


# Days and times


@dataclass(frozen=True, eq=False)
class Day(Part):
    """A date such as 2026-03-31."""

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if not isinstance(value, str) or not DAY_TEXT.fullmatch(value):
            raise Unfit(value)
        return phrasing.value(value)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        match = DAY_TEXT.match(reader.text, reader.skip_spaces(at))
        if match is None or not is_date(match[0]):
            return []
        return [(match[0], match.end())]

    def canonical(self, value: Any, about: Fields) -> Any:
        if not isinstance(value, str) or not DAY_TEXT.fullmatch(value):
            raise Unfit(value)
        return value


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, eq=False)
class Span(Part):
    """The number of a span in one unit: `30d` as 30."""

    unit: str = "d"

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        pattern = rf"[1-9]\d{{0,5}}{self.unit}"
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            raise Unfit(value)
        return phrasing.value(int(value[:-1]))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        return [
            (f"{number}{self.unit}", end)
            for number, end in WHOLE.read(reader, at, about)
            if number > 0
        ]

    def canonical(self, value: Any, about: Fields) -> Any:
        self.write(value, {}, about)
        return value


@dataclass(frozen=True, eq=False)
class Clock(Part):
    """A time of day, as an hour or a text in a rule."""

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        return phrasing.value(self.canonical(value, about))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        at = reader.skip_spaces(at)
        match = CLOCK.match(reader.text, at)
        return [(match[0], match.end())] if match else []

    def canonical(self, value: Any, about: Fields) -> str:
        text = value.strip() if isinstance(value, str) else f"{value}:00"
        match = CLOCK.fullmatch(text)
        if match is None or isinstance(value, bool):
            raise Unfit(value)
        return f"{int(match[1]):02}:{match[2]}"


@dataclass(frozen=True, eq=False)
class Moment(Part):
    """A date with a time of day, as attributes store it."""

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if not isinstance(value, str) or not MOMENT.fullmatch(value):
            raise Unfit(value)
        return phrasing.value(value)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        match = MOMENT.match(reader.text, reader.skip_spaces(at))
        return [(match[0], match.end())] if match else []

    def canonical(self, value: Any, about: Fields) -> Any:
        if not isinstance(value, str) or not MOMENT.fullmatch(value):
            raise Unfit(value)
        return value


DAY = Day()
DAYS, HOURS = Span("d"), Span("h")
WEEKDAYS = Form(
    gettext_noop("on %(weekdays)s"),
    {"weekdays": ListOf(Word(dates.WEEKDAYS), least=1, is_sorted=True)},
)
TIMES_OF_DAY = Form(
    gettext_noop("between %(first)s and %(last)s"),
    {"first": Clock(), "last": Clock()},
    unpack=lambda args: dict(zip(("first", "last"), args.pop("hours"), strict=True)),
    pack=lambda args: {"hours": [args["first"], args["last"]]},
)


# Days that are relative to today


def _offset(sign: str, template: str) -> Form:
    def unpack(args: dict[str, Any]) -> dict[str, Any]:
        match = relative_days.DAY_FORMAT.fullmatch(args["day"])
        if match is None or match[1] != sign or not int(match[2]):
            raise Unfit(args)
        return {"n": f"{int(match[2])}d"}

    return Form(
        template,
        {"n": DAYS},
        unpack=unpack,
        pack=lambda args: {"day": f"today{sign}{args['n']}"},
    )


RELATIVE_DAYS = Choice(
    [
        Form(
            gettext_noop("today"),
            unpack=lambda args: {} if is_today(args.pop("day")) else {"?": 0},
            pack=lambda args: {"day": "today"},
        ),
        _offset("+", gettext_noop("%(n)s days from today")),
        _offset("-", gettext_noop("%(n)s days ago")),
    ]
)


def is_today(value: str) -> bool:
    match = relative_days.DAY_FORMAT.fullmatch(value)
    return match is not None and not int(match[2] or 0)


@dataclass(frozen=True, eq=False)
class RelativeDayPart(Part):
    """A day such as `today-7d`."""

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if not isinstance(value, str) or not relative_days.DAY_FORMAT.fullmatch(value):
            raise Unfit(value)
        pieces = RELATIVE_DAYS.write({"day": value}, names, about)
        return phrasing.value(phrasing.to_text(pieces))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        found = RELATIVE_DAYS.read(reader, at, about)
        return [(value["day"], end) for value, end in found]

    def canonical(self, value: Any, about: Fields) -> Any:
        if not isinstance(value, str) or not relative_days.DAY_FORMAT.fullmatch(value):
            raise Unfit(value)
        return RELATIVE_DAYS.canonical({"day": value}, about)["day"]


RELATIVE_DAY = RelativeDayPart()


# Spans


def _between(args: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(("first", "last"), args.pop("between"), strict=True)) | args


WINDOW = Choice(
    [
        Form(gettext_noop("today"), fixed={"within": "1d"}),
        Form(gettext_noop("in the last %(n)s days"), {"n": Slot(DAYS, "within")}),
        Form(gettext_noop("in the last %(n)s hours"), {"n": Slot(HOURS, "within")}),
        Form(
            gettext_noop("from %(first)s to %(last)s"),
            {"first": DAY, "last": DAY},
            unpack=_between,
            pack=lambda args: {"between": [args["first"], args["last"]]},
        ),
        Form(gettext_noop("since %(day)s"), {"day": Slot(DAY, "since")}),
        Form(gettext_noop("more than %(n)s days ago"), {"n": Slot(DAYS, "before")}),
        Form(gettext_noop("before %(day)s"), {"day": Slot(DAY, "before")}),
        Form(
            "%(during)s",
            {"during": Word(calendar_periods.PAST_PERIODS)},
            is_translated=False,
        ),
    ]
)
"""The time window among the fields of a clause."""

DAY_SPAN = Choice(
    [
        Form(
            gettext_noop("in the next %(n)s days, including today"),
            {"n": Slot(DAYS, "next")},
        ),
        Form(
            gettext_noop("in the last %(n)s days, including today"),
            {"n": Slot(DAYS, "last")},
        ),
        Form(gettext_noop("in the next %(n)s hours"), {"n": Slot(HOURS, "next")}),
        Form(gettext_noop("in the last %(n)s hours"), {"n": Slot(HOURS, "last")}),
        Form(
            "%(during)s",
            {"during": Word(calendar_periods.PERIODS)},
            is_translated=False,
        ),
    ]
)
"""One of the fields `next`, `last` and `during`."""


# Values that may be days


@dataclass(frozen=True, eq=False)
class Literal(Part):
    """A value of a field in a rule: yes or no, a number, a day or a text."""

    text: Text = Text()  # noqa: RUF009 - it has no state

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if isinstance(value, bool):
            return phrasing.literal(value)
        if isinstance(value, str):
            day = relative_days.DAY_FORMAT.fullmatch(value)
            if day is not None:
                offset = int(day[2] or 0) * (-1 if day[1] == "-" else 1)
                return phrasing.value(RelativeDay(offset).format())
            if DAY_TEXT.fullmatch(value) or MOMENT.fullmatch(value):
                return phrasing.value(value)
            return self.text.write(value, names, about)
        if isinstance(value, int | float):
            return NUMBER.write(value, names, about)
        raise Unfit(value)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        at = reader.skip_spaces(at)
        for word, value in (("yes", True), ("no", False)):
            if (end := reader.literal(literal_words(_(word)), at)) >= 0:
                return [(value, end)]
        for pattern in (MOMENT, DAY_TEXT):
            if match := pattern.match(reader.text, at):
                return [(match[0], match.end())]
        return [
            *RELATIVE_DAY.read(reader, at, about),
            *NUMBER.read(reader, at, about),
            *self.text.read(reader, at, about),
        ]

    def canonical(self, value: Any, about: Fields) -> Any:
        if isinstance(value, str):
            return canonical_day(value)
        return value if isinstance(value, bool) else canonical_number(value)


def canonical_day(value: str) -> str:
    match = relative_days.DAY_FORMAT.fullmatch(value)
    if match is None or not int(match[2] or 0):
        return "today" if match else value
    return f"today{match[1]}{int(match[2])}d"
