"""Days on which a playbook may act: working days, days off, and dates to leave out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import models
from django.utils.translation import gettext_lazy

from qunce.core.working_days import is_working_day

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
