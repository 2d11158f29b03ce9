"""How runs begin: by a fact, a segment, a layer, a date or days; for groups by days or size."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import errors, lunar_dates
from qunce.core.lunar_dates import LunarDate
from qunce.outreach.playbooks import calendars, delays, histories
from qunce.outreach.playbooks.calendars import Calendar
from qunce.outreach.playbooks.histories import FactMatch
from qunce.outreach.playbooks.names import Names

LAYER_CHANGED = "member.layer_changed"
MORNING = time(9)


class InvalidEntry(errors.Invalid):
    """The playbook does not say when it begins."""


@dataclass(frozen=True)
class FactEntry:
    """`key_field` names the field whose value distinguishes runs, such as the order."""

    on: ClassVar[str] = "fact"
    label: ClassVar[StrOrPromise] = gettext_lazy("Something happens")
    match: FactMatch
    key_field: str = ""

    def matches(self) -> tuple[FactMatch, ...]:
        return (self.match,)

    def to_json(self) -> dict[str, Any]:
        key = {"key": self.key_field} if self.key_field else {}
        return {"on": self.on, **self.match.to_json(), **key}

    def phrase(self, names: Names) -> str:
        return _("when %(event)s happens") % {"event": self.match.phrase()}


@dataclass(frozen=True)
class SegmentEntry:
    on: ClassVar[str] = "segment"
    label: ClassVar[StrOrPromise] = gettext_lazy("A member enters a segment")
    segment: str

    def matches(self) -> tuple[FactMatch, ...]:
        return ()

    def to_json(self) -> dict[str, Any]:
        return {"on": self.on, "segment": self.segment}

    def phrase(self, names: Names) -> str:
        return _("when a member enters the segment “%(name)s”") % {
            "name": names.segment(self.segment)
        }


@dataclass(frozen=True)
class LayerEntry:
    on: ClassVar[str] = "layer"
    label: ClassVar[StrOrPromise] = gettext_lazy("A member moves to a layer")
    layering: str
    layer: str

    def matches(self) -> tuple[FactMatch, ...]:
        where = (("layering", self.layering), ("to", self.layer))
        return (FactMatch(LAYER_CHANGED, where),)

    def to_json(self) -> dict[str, Any]:
        return {"on": self.on, "layering": self.layering, "layer": self.layer}

    def phrase(self, names: Names) -> str:
        return _("when a member moves to the layer “%(name)s”") % {
            "name": names.layer(self.layering, self.layer)
        }


@dataclass(frozen=True)
class DateEntry:
    """`offset` days after the date in an attribute, before it if < 0; each year or once.

    Dates of the lunar calendar recur by it, and those of the common one if `lunar`.
    """

    on: ClassVar[str] = "date"
    label: ClassVar[StrOrPromise] = gettext_lazy("A date of the member comes")
    attribute: str
    offset: int = 0
    time: time = MORNING
    yearly: bool = True
    lunar: bool = False

    def matches(self) -> tuple[FactMatch, ...]:
        return ()

    def falls_on(self, value: date | LunarDate, day: date) -> bool:
        """Whether the run of a member with this date begins on this day."""
        day -= timedelta(days=self.offset)
        if not self.yearly:
            return day == (value.solar if isinstance(value, LunarDate) else value)
        if isinstance(value, LunarDate):
            return lunar_dates.is_kept_on(value, day)
        if self.lunar:
            birthday = lunar_dates.from_solar(value)
            return birthday is not None and lunar_dates.is_kept_on(birthday, day)
        if day < value:
            return False
        if (value.month, value.day) == (2, 29) and not calendar.isleap(day.year):
            return (day.month, day.day) == (2, 28)
        return (day.month, day.day) == (value.month, value.day)

    def to_json(self) -> dict[str, Any]:
        return {
            "on": self.on,
            "attribute": self.attribute,
            "offset": self.offset,
            "time": f"{self.time:%H:%M}",
            "yearly": self.yearly,
            "lunar": self.lunar,
        }

    def phrase(self, names: Names) -> str:
        name = names.attribute(self.attribute)
        words = {"name": name, "n": abs(self.offset)}
        if self.offset < 0:
            return _("%(n)s days before the date “%(name)s”") % words
        if self.offset > 0:
            return _("%(n)s days after the date “%(name)s”") % words
        return _("on the date “%(name)s”") % words


@dataclass(frozen=True)
class FoundingEntry:
    """`offset` days after a group was founded, at a time."""

    on: ClassVar[str] = "founding"
    label: ClassVar[StrOrPromise] = gettext_lazy("A group is founded")
    offset: int = 0
    time: time = MORNING

    def matches(self) -> tuple[FactMatch, ...]:
        return ()

    def to_json(self) -> dict[str, Any]:
        return {"on": self.on, "offset": self.offset, "time": f"{self.time:%H:%M}"}

    def phrase(self, names: Names) -> str:
        return _("%(n)s days after a group is founded, at %(time)s") % {
            "n": self.offset,
            "time": f"{self.time:%H:%M}",
        }


@dataclass(frozen=True)
class CalendarEntry:
    """For all groups, or for all members who meet the conditions at the start."""

    on: ClassVar[str] = "calendar"
    label: ClassVar[StrOrPromise] = gettext_lazy("On days of the calendar")
    calendar: Calendar
    time: time = MORNING

    def matches(self) -> tuple[FactMatch, ...]:
        return ()

    def to_json(self) -> dict[str, Any]:
        days = self.calendar.to_json()
        return {"on": self.on, "days": days, "time": f"{self.time:%H:%M}"}

    def phrase(self, names: Names) -> str:
        return _("on days of the calendar at %(time)s") % {"time": f"{self.time:%H:%M}"}


@dataclass(frozen=True)
class SizeEntry:
    """When a group first has so many members."""

    on: ClassVar[str] = "size"
    label: ClassVar[StrOrPromise] = gettext_lazy("A group reaches a number of members")
    members: int

    def matches(self) -> tuple[FactMatch, ...]:
        return ()

    def to_json(self) -> dict[str, Any]:
        return {"on": self.on, "members": self.members}

    def phrase(self, names: Names) -> str:
        return _("when a group has %(n)s members") % {"n": self.members}


MemberEntry = FactEntry | SegmentEntry | LayerEntry | DateEntry | CalendarEntry
GroupEntry = FoundingEntry | CalendarEntry | SizeEntry
Entry = MemberEntry | GroupEntry
OF_MEMBERS: tuple[type[MemberEntry], ...] = (
    FactEntry,
    SegmentEntry,
    LayerEntry,
    DateEntry,
    CalendarEntry,
)
OF_GROUPS: tuple[type[GroupEntry], ...] = (FoundingEntry, CalendarEntry, SizeEntry)
MAX_OFFSET = 730


def parse(value: Any) -> Entry:
    """The entry of its JSON form. Raises InvalidEntry or an error of its parts."""
    if not isinstance(value, Mapping):
        raise InvalidEntry(_("Choose when the playbook begins."))
    fields = {name: each for name, each in value.items() if name != "on"}
    try:
        return _PARSERS[str(value.get("on"))](fields)
    except KeyError:
        raise InvalidEntry(_("Choose when the playbook begins.")) from None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value:
        raise InvalidEntry(_("Choose when the playbook begins."))
    return value


def _number(fields: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = fields.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidEntry(_("Choose when the playbook begins."))
    if not least <= value <= most:
        raise InvalidEntry(
            _("The number must be between %(least)s and %(most)s.")
            % {"least": least, "most": f"{most:,}"}
        )
    return value


def _fact(fields: Mapping[str, Any]) -> FactEntry:
    match = {name: fields[name] for name in fields if name != "key"}
    return FactEntry(histories.parse_match(match), str(fields.get("key") or ""))


def _date(fields: Mapping[str, Any]) -> DateEntry:
    return DateEntry(
        attribute=_text(fields, "attribute"),
        offset=_number(fields, "offset", -MAX_OFFSET, MAX_OFFSET),
        time=delays.parse_time(fields.get("time", "09:00")),
        yearly=bool(fields.get("yearly", True)),
        lunar=bool(fields.get("lunar", False)),
    )


_PARSERS: Mapping[str, Callable[[Mapping[str, Any]], Entry]] = {
    "fact": _fact,
    "segment": lambda fields: SegmentEntry(_text(fields, "segment")),
    "layer": lambda fields: LayerEntry(
        _text(fields, "layering"), _text(fields, "layer")
    ),
    "date": _date,
    "founding": lambda fields: FoundingEntry(
        _number(fields, "offset", 0, MAX_OFFSET),
        delays.parse_time(fields.get("time", "09:00")),
    ),
    "calendar": lambda fields: CalendarEntry(
        calendars.parse(fields.get("days")),
        delays.parse_time(fields.get("time", "09:00")),
    ),
    "size": lambda fields: SizeEntry(_number(fields, "members", 1, 1_000_000)),
}
