"""Days in the year that recur: by weekday, day of month, date, or lunar date."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import errors, lunar_dates
from qunce.core.lunar_dates import LunarDate

MAX_OFFSET = 60


class InvalidCalendar(errors.Invalid):
    """A calendar names weekdays, days of the month, dates or festivals."""


@dataclass(frozen=True)
class Festival:
    """`month` and `day` are of the lunar calendar if `lunar`; day 0 is the eve of day 1."""

    label: StrOrPromise
    month: int
    day: int
    lunar: bool = False


FESTIVALS: Mapping[str, Festival] = {
    "new_year": Festival(gettext_lazy("New Year"), 1, 1),
    "valentines": Festival(gettext_lazy("Valentine’s Day"), 2, 14),
    "womens_day": Festival(gettext_lazy("Women’s Day"), 3, 8),
    "labour_day": Festival(gettext_lazy("Labour Day"), 5, 1),
    "childrens_day": Festival(gettext_lazy("Children’s Day"), 6, 1),
    "shopping_618": Festival(gettext_lazy("618 shopping festival"), 6, 18),
    "teachers_day": Festival(gettext_lazy("Teachers’ Day"), 9, 10),
    "national_day": Festival(gettext_lazy("National Day"), 10, 1),
    "singles_day": Festival(gettext_lazy("Double 11"), 11, 11),
    "christmas": Festival(gettext_lazy("Christmas"), 12, 25),
    "new_years_eve": Festival(gettext_lazy("Chinese New Year’s Eve"), 1, 0, lunar=True),
    "spring_festival": Festival(gettext_lazy("Spring Festival"), 1, 1, lunar=True),
    "lantern": Festival(gettext_lazy("Lantern Festival"), 1, 15, lunar=True),
    "dragon_boat": Festival(gettext_lazy("Dragon Boat Festival"), 5, 5, lunar=True),
    "qixi": Festival(gettext_lazy("Qixi"), 7, 7, lunar=True),
    "mid_autumn": Festival(gettext_lazy("Mid-Autumn Festival"), 8, 15, lunar=True),
    "double_ninth": Festival(gettext_lazy("Double Ninth Festival"), 9, 9, lunar=True),
}


def is_festival(name: str, day: date) -> bool:
    festival = FESTIVALS[name]
    if not festival.lunar:
        return (day.month, day.day) == (festival.month, festival.day)
    if festival.day == 0:
        eve_of = LunarDate(festival.month, 1)
        return lunar_dates.is_kept_on(eve_of, day + timedelta(days=1))
    # Kept in the month itself, and not in its repetition.
    return lunar_dates.is_kept_on(LunarDate(festival.month, festival.day), day)


@dataclass(frozen=True)
class Calendar:
    """Days that match any of the lists; `offset` days later than them (or earlier, if < 0).

    A day of the month −1 is the last one.
    """

    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    dates: tuple[date, ...] = ()
    festivals: tuple[str, ...] = ()
    offset: int = 0

    def includes(self, day: date) -> bool:
        day -= timedelta(days=self.offset)
        last = calendar.monthrange(day.year, day.month)[1]
        return (
            day.weekday() in self.weekdays
            or day.day in self.month_days
            or (-1 in self.month_days and day.day == last)
            or day in self.dates
            or any(is_festival(name, day) for name in self.festivals)
        )

    def to_json(self) -> dict[str, Any]:
        lists = {
            "weekdays": list(self.weekdays),
            "month_days": list(self.month_days),
            "dates": [day.isoformat() for day in self.dates],
            "festivals": list(self.festivals),
        }
        chosen = {name: values for name, values in lists.items() if values}
        return {**chosen, **({"offset": self.offset} if self.offset else {})}


def parse(value: Any) -> Calendar:
    """The calendar of its JSON form. Raises InvalidCalendar."""
    if not isinstance(value, Mapping):
        raise InvalidCalendar(_("Choose the days of the calendar."))
    unknown = set(value) - {"weekdays", "month_days", "dates", "festivals", "offset"}
    if unknown:
        raise InvalidCalendar(
            _("A calendar has no field “%(name)s”.") % {"name": sorted(unknown)[0]}
        )
    offset = value.get("offset", 0)
    if not isinstance(offset, int) or abs(offset) > MAX_OFFSET:
        raise InvalidCalendar(
            _("A calendar is moved by at most %(n)s days.") % {"n": MAX_OFFSET}
        )
    found = Calendar(
        weekdays=_list(value, "weekdays", lambda n: n in range(7)),
        month_days=_list(value, "month_days", lambda n: n in (*range(1, 32), -1)),
        dates=tuple(_date(text) for text in value.get("dates", ())),
        festivals=_list(value, "festivals", FESTIVALS.__contains__),
        offset=offset,
    )
    if not (found.weekdays or found.month_days or found.dates or found.festivals):
        raise InvalidCalendar(_("Choose the days of the calendar."))
    return found


def _list(
    value: Mapping[str, Any], name: str, is_valid: Callable[[Any], bool]
) -> tuple[Any, ...]:
    items = value.get(name, ())
    if not isinstance(items, list | tuple):
        raise InvalidCalendar(_("Choose the days of the calendar."))
    for item in items:
        if isinstance(item, dict | list) or not is_valid(item):
            raise InvalidCalendar(
                _("A calendar cannot have “%(item)s” there.") % {"item": item}
            )
    return tuple(items)


def _date(text: Any) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise InvalidCalendar(
            _("“%(text)s” is not a date. Write it as 2026-11-11.") % {"text": text}
        ) from None
