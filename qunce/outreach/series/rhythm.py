"""When a series is posted: days of the calendar, times of the day, and days to leave out.

Pure functions. An occurrence is one time of the day on one day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core import errors, text_validation
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.playbooks import calendars, delays
from qunce.outreach.playbooks.calendars import Calendar
from qunce.outreach.playbooks.working_days import DayFilter, Only

MAX_SLOTS, MAX_LABEL, MAX_EXCEPT = 6, 20, 400


class InvalidRhythm(errors.Invalid):
    """A series has days of the calendar and one to six times of the day."""


@dataclass(frozen=True)
class Slot:
    """A time of the day. `label` says what is posted then, such as “tips”."""

    time: time
    label: str = ""
    content_type: str = ""

    @property
    def key(self) -> str:
        return f"{self.time:%H:%M}"


@dataclass(frozen=True)
class Rhythm:
    """`days` are those of the calendar that `allowed` does not leave out."""

    days: Calendar
    slots: tuple[Slot, ...]
    allowed: DayFilter = field(default_factory=DayFilter)

    def includes(self, day: date) -> bool:
        return self.days.includes(day) and self.allowed.allows(day)

    def slot(self, key: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.key == key), None)

    def slot_at(self, moment: datetime, zone: ZoneInfo) -> Slot | None:
        """The slot that begins at this moment, None if there is none."""
        day = moment.astimezone(zone).date()
        for slot in self.slots:
            if delays.wall_clock(day, slot.time, zone) == moment and self.includes(day):
                return slot
        return None

    def to_json(self) -> dict[str, Any]:
        return {
            "days": self.days.to_json(),
            "slots": [
                {"time": s.key, "label": s.label, "content_type": s.content_type}
                for s in self.slots
            ],
            "only": self.allowed.only,
            "except": sorted(day.isoformat() for day in self.allowed.except_for),
        }


def list_moments(
    rhythm: Rhythm, begin: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, Slot]]:
    """The occurrences at `begin` < time ≤ `end`, in order."""
    day = begin.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date()
    while day <= last:
        if rhythm.includes(day):
            for slot in rhythm.slots:
                moment = delays.wall_clock(day, slot.time, zone)
                if begin < moment <= end:
                    yield moment, slot
        day += timedelta(days=1)


def parse(value: Any, *, region: str) -> Rhythm:
    """The rhythm of its JSON form. Raises errors.Invalid with a sentence."""
    if not isinstance(value, Mapping):
        raise InvalidRhythm(_("Choose the days and times of the series."))
    unknown = sorted(set(value) - {"days", "slots", "only", "except"})
    if unknown:
        raise InvalidRhythm(
            _("A rhythm has no field “%(name)s”; it has days, slots, only and except.")
            % {"name": unknown[0]}
        )
    return Rhythm(
        calendars.parse(value.get("days")),
        _slots(value.get("slots")),
        _allowed(value, region),
    )


def _slots(value: Any) -> tuple[Slot, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_SLOTS:
        raise InvalidRhythm(_("Give one to %(n)s times of the day.") % {"n": MAX_SLOTS})
    found = [_slot(each) for each in value]
    if len({slot.time for slot in found}) < len(found):
        raise InvalidRhythm(_("Each time of the day can be given only once."))
    return tuple(sorted(found, key=lambda slot: slot.time))


def _slot(value: Any) -> Slot:
    known = {"time", "label", "content_type"}
    if not isinstance(value, Mapping) or set(value) - known:
        raise InvalidRhythm(
            _("A time of the day has a time, a label and a content type.")
        )
    label, content_type = value.get("label", ""), value.get("content_type", "")
    if not isinstance(label, str) or len(label.strip()) > MAX_LABEL:
        raise InvalidRhythm(
            _("A label of a time has at most %(n)s characters.") % {"n": MAX_LABEL}
        )
    if not text_validation.is_valid(label):
        raise InvalidRhythm(_("This contains characters that cannot be stored."))
    if content_type and content_type not in ContentType.values:
        raise InvalidRhythm(
            _("There is no content type “%(name)s”; choose one of: %(types)s.")
            % {"name": content_type, "types": ", ".join(ContentType.values)}
        )
    return Slot(delays.parse_time(value.get("time")), label.strip(), content_type)


def _allowed(value: Mapping[str, Any], region: str) -> DayFilter:
    only, dates = value.get("only", Only.ANY), value.get("except", [])
    if only not in Only:
        raise InvalidRhythm(
            _("“only” is one of: %(words)s.") % {"words": ", ".join(Only.values)}
        )
    if not isinstance(dates, list) or len(dates) > MAX_EXCEPT:
        raise InvalidRhythm(
            _("At most %(n)s dates can be left out.") % {"n": MAX_EXCEPT}
        )
    try:
        left_out = frozenset(date.fromisoformat(str(text)) for text in dates)
    except ValueError:
        raise InvalidRhythm(_("Write dates to leave out as 2026-10-01.")) from None
    return DayFilter(only, left_out, region)
