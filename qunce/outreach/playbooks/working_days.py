"""Days on which a playbook may act: working days, days off, and dates to leave out.

China's working days are those of the State Council, with weekends that are worked; they
come from the library chinese_calendar. For years that it does not know yet, and for other
regions, Monday to Friday are working days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import chinese_calendar
from django.db import models
from django.utils.translation import gettext_lazy

MAX_SHIFT = 60
"""Days that an act is moved at most; a filter that allows none of them has no effect."""


class Only(models.TextChoices):
    ANY = "any", gettext_lazy("on all days")
    WORKING = "working", gettext_lazy("on working days only")
    OFF = "off", gettext_lazy("on days off only")


@dataclass(frozen=True)
class DayFilter:
    """Which days are allowed. `region` is the community's, ISO 3166 alpha-2."""

    only: str = Only.ANY
    except_for: frozenset[date] = field(default_factory=frozenset)
    region: str = "CN"

    @property
    def limits(self) -> bool:
        return self.only != Only.ANY or bool(self.except_for)

    def allows(self, day: date) -> bool:
        if day in self.except_for:
            return False
        if self.only == Only.ANY:
            return True
        return is_working_day(day, self.region) == (self.only == Only.WORKING)

    def next_allowed(self, day: date) -> date:
        """The first allowed day, from `day` on."""
        for ahead in range(MAX_SHIFT + 1):
            if self.allows(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        return day


def is_working_day(day: date, region: str = "CN") -> bool:
    if region == "CN":
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            pass
    return day.weekday() < 5
