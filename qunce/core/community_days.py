"""Community days: a day starts when the local clock first shows the start of day."""

from __future__ import annotations

import functools
import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from qunce.core import timestamps

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORIGIN = date(1970, 1, 1).toordinal()
EARLIEST = date(1, 1, 3).toordinal() - ORIGIN
LATEST = date(9999, 12, 29).toordinal() - ORIGIN
"""Days beyond are those of no member: Python has no moments there in every zone."""
MARGIN = 3
"""Days added on both sides of a span of UTC days, more than any UTC offset."""


@functools.lru_cache(maxsize=65536)
def start_of(zone: str, day_start: int, day: int) -> int:
    """The first microsecond of a community day.

    `day` counts from 1970-01-01, `day_start` is in minutes after midnight. Where clocks go
    forward over the start of day, the day starts with the jump. Where they go back over
    it, the day starts when it is shown first. So days neither overlap nor leave gaps.
    """
    shown = datetime.combine(
        to_date(min(max(day, EARLIEST), LATEST)),
        time(day_start // 60, day_start % 60),
    )
    local = shown.replace(tzinfo=ZoneInfo(zone))
    # Where the clock skips this time, fold=1 gives the earlier moment; where it shows it
    # twice, the later one.
    early = local.replace(fold=1).astimezone(UTC)
    late = local.astimezone(UTC)
    if early >= late:  # an ordinary time, or one that is shown twice
        return timestamps.to_micros(late)
    return timestamps.to_micros(_jump(ZoneInfo(zone), early, late))


def _jump(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the offset changes, between two UTC moments around it."""
    old = before.astimezone(zone).utcoffset()
    # zoneinfo does not tell its transitions, so the jump is found by bisection, in
    # about twelve steps.
    low, high = 0, int((after - before).total_seconds())
    while low < high:
        middle = (low + high) // 2
        moment = before + timedelta(seconds=middle)
        if moment.astimezone(zone).utcoffset() == old:
            low = middle + 1
        else:
            high = middle
    return before + timedelta(seconds=low)


def day_of(zone: str, day_start: int, moment: datetime) -> int:
    """The community day of an aware `moment`, as days since 1970-01-01."""
    return day_of_micros(zone, day_start, timestamps.to_micros(moment))


def day_of_micros(zone: str, day_start: int, micros: int) -> int:
    """Like `day_of` for a timestamp in microseconds."""
    return int(days_of(zone, day_start, np.array([micros], dtype=np.int64))[0])


def days_of(zone: str, day_start: int, micros: NDArray[np.int64]) -> NDArray[np.int64]:
    """The community days of many timestamps (microseconds), in the same shape."""
    if micros.size == 0:
        return np.empty(micros.shape, dtype=np.int64)
    first = int(micros.min()) // 86_400_000_000 - MARGIN
    last = int(micros.max()) // 86_400_000_000 + MARGIN
    # All starts between the first and last fact: one cached value per day and a binary
    # search per fact.
    starts = np.array(
        [start_of(zone, day_start, day) for day in range(first, last + 1)]
    )
    return first + np.searchsorted(starts, micros, side="right") - 1


@functools.lru_cache(maxsize=4096)
def _offsets_of_year(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """The UTC offset at the start of a year and each one that begins in it.

    Pairs of the first microsecond and the offset in microseconds.
    """
    local = ZoneInfo(zone)
    moments = [
        datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(367)
    ]
    found = [moments[0]]
    for before, after in itertools.pairwise(moments):
        if before.astimezone(local).utcoffset() != after.astimezone(local).utcoffset():
            found.append(_jump(local, before, after))
    micro = timedelta(microseconds=1)
    return tuple(
        (
            timestamps.to_micros(moment),
            (moment.astimezone(local).utcoffset() or timedelta(0)) // micro,
        )
        for moment in found
    )


def utc_offsets(zone: str, first: int, last: int) -> list[tuple[int, int]]:
    """The UTC offsets of a zone between two microseconds, both included.

    Pairs of the microsecond from which an offset holds, ascending, and the offset in
    microseconds. The first pair begins at or before `first`.
    """
    years = [timestamps.from_micros(micros).year for micros in (first, last)]
    pairs: list[tuple[int, int]] = []
    for year in range(years[0], years[1] + 1):
        for moment, offset in _offsets_of_year(zone, year):
            if moment <= last and (not pairs or pairs[-1][1] != offset):
                pairs.append((moment, offset))
    return pairs


def to_date(day: int) -> date:
    return date.fromordinal(day + ORIGIN)


def from_date(value: date) -> int:
    return value.toordinal() - ORIGIN
