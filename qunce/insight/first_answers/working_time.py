"""How much of a time falls into working hours, on working days of a region. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, working_days

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

DAY_MINUTES = 24 * 60
MICROS_PER_DAY = 86_400_000_000
FORM = re.compile(
    r"([01]?[0-9]|2[0-4]):([0-5][0-9])\s*[-\N{EN DASH}]\s*([01]?[0-9]|2[0-4]):([0-5][0-9])"
)


class InvalidWorkingHours(errors.Invalid):
    """The working hours are not two times of a day."""


@dataclass(frozen=True)
class WorkingHours:
    """Minutes after midnight of the community's clock. Hours may end on the next day."""

    start: int
    end: int

    @property
    def text(self) -> str:
        return "-".join(
            f"{minute // 60:02}:{minute % 60:02}" for minute in (self.start, self.end)
        )


def parse(text: str) -> WorkingHours | None:
    """Hours such as `09:00-18:00`; None for an empty text."""
    if not text.strip():
        return None
    match = FORM.fullmatch(text.strip())
    if match:
        numbers = [int(number) for number in match.groups()]
        start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if start != end and start < DAY_MINUTES and end <= DAY_MINUTES:
            return WorkingHours(start, end)
    raise InvalidWorkingHours(
        _("Working hours are two times that differ, such as 09:00-18:00.")
    )


def count(
    hours: WorkingHours, *, zone: str, region: str, starts: Ints, ends: Ints
) -> Ints:
    """The microseconds of working time from each start to its end."""
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    first = int(starts.min()) // MICROS_PER_DAY - community_days.MARGIN
    last = int(ends.max()) // MICROS_PER_DAY + community_days.MARGIN
    days = [
        day
        for day in range(first, last + 1)
        if working_days.is_working_day(community_days.to_date(day), region)
    ]
    opens = [community_days.start_of(zone, hours.start, day) for day in days]
    next_day = 1 if hours.end <= hours.start or hours.end == DAY_MINUTES else 0
    minute = hours.end % DAY_MINUTES
    closes = [community_days.start_of(zone, minute, day + next_day) for day in days]
    begin = np.array(opens, dtype=np.int64)
    lengths = np.array(closes, dtype=np.int64) - begin
    before = np.concatenate([[0], np.cumsum(lengths)])

    def until(moments: Ints) -> Ints:
        index = np.searchsorted(begin, moments, side="right") - 1
        inside = np.minimum(moments - begin[np.maximum(index, 0)], lengths[index])
        worked: Ints = np.where(index < 0, 0, before[np.maximum(index, 0)] + inside)
        return worked

    return until(ends) - until(starts)
