"""Which level a person has on a day: a pure function of what they earned, and when.

A level is reached as soon as the points of the current period suffice. At the end of a
period it is kept for the next one if they sufficed in the period that ends, and else lost
after the days of grace. With rolling days, it is lost when the last days no longer suffice,
after the days of grace. Days are community days.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from qunce.activities.levels.models import Period
from qunce.core import community_days

Steps = Sequence[tuple[int, int | None]]
"""Pairs of the first day and the points that a level takes from then on, ascending."""
Earned = Sequence[tuple[int, int]]
"""Pairs of a day and points, ascending by day; a month may be given as its first day."""
MONTHS = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}
NONE = -1
"""The index of no level."""


def points_on(steps: Steps, day: int) -> int | None:
    """What a level takes on a day; None if nobody reaches it."""
    index = bisect.bisect_right(steps, day, key=lambda step: step[0]) - 1
    return steps[index][1] if index >= 0 else None


@dataclass(frozen=True)
class Floor:
    """At least the level with this index from the first to the last day."""

    first: int
    last: int
    index: int


@dataclass(frozen=True)
class Standing:
    """The index of a level, and its last day if nothing more is earned; None for none."""

    index: int
    until: int | None


@dataclass(frozen=True)
class Counting:
    """In what points are counted: calendar periods, or the last `days`.

    It counts until the day `until`, if there is one.
    """

    period: Period
    days: int
    grace: int
    until: int | None = None

    @property
    def is_rolling(self) -> bool:
        return self.period == Period.ROLLING

    def number_of(self, day: int) -> int:
        """The number of the calendar period that a day is in."""
        found = community_days.to_date(day)
        return (found.year * 12 + found.month - 1) // MONTHS[self.period]

    def first_of(self, number: int) -> int:
        """The first day of a calendar period."""
        year, month = divmod(number * MONTHS[self.period], 12)
        return community_days.from_date(date(year, month + 1, 1))

    def start(self, day: int) -> int:
        """The day by whose thresholds the current period is judged."""
        return day if self.is_rolling else self.first_of(self.number_of(day))

    def next_start(self, day: int) -> int:
        """The first day of the next period."""
        if self.is_rolling:
            return day + self.days
        return self.first_of(self.number_of(day) + 1)

    def first_needed(self, day: int) -> int:
        """The first day that matters for the level of a day."""
        if self.is_rolling:
            return day - self.days - self.grace + 1
        return self.first_of(self.number_of(day) - 2)

    def windows(self, day: int, events: Sequence[int]) -> list[tuple[int, int, int]]:
        """The first and last days of each window, and the day that judges it.

        Between `events`, the days of earnings and steps, rolling sums do not change.
        """
        if not self.is_rolling:
            number = self.number_of(day)
            firsts = [self.first_of(number - back) for back in range(-1, 3)]
            count = 3 if day < firsts[1] + self.grace else 2
            return [
                (firsts[back + 1], firsts[back] - 1, firsts[back + 1])
                for back in range(count)
            ]
        earliest = day - self.grace
        ends = {earliest, day}
        for event in events:
            ends.update(
                end for end in (event, event + self.days) if earliest < end < day
            )
        return [(end - self.days + 1, end, end) for end in ends]

    def changes(self, day: int, events: Sequence[int]) -> set[int]:
        """The days after `day` on which a level can be lost."""
        if not self.is_rolling:
            number = self.number_of(day)
            firsts = [self.first_of(number + ahead) for ahead in range(4)]
            return {*firsts, *(first + self.grace for first in firsts)}
        return {
            event + ahead
            for event in events
            for ahead in (
                0,
                self.grace,
                self.days + self.grace,
                self.grace + 1,
                self.days + self.grace + 1,
            )
        }


@dataclass(frozen=True)
class Ladder:
    """The levels of a community from the lowest, by their steps, and how they are counted."""

    countings: tuple[Counting, ...]
    levels: tuple[Steps, ...]
    _cache: dict[object, Standing] = field(
        default_factory=dict, compare=False, repr=False
    )

    def first_needed(self, day: int) -> int:
        """The first day whose earnings matter for the level of a day."""
        return min(each.first_needed(day) for each in self.countings)

    @property
    def is_by_month(self) -> bool:
        """Whether sums of calendar months are enough."""
        return not any(each.is_rolling for each in self.countings)

    def judge(self, points: int, day: int) -> int:
        """The highest level that these points reach by the thresholds of a day."""
        for index in range(len(self.levels) - 1, -1, -1):
            needed = points_on(self.levels[index], day)
            if needed is not None and points >= needed:
                return index
        return NONE

    def decide(self, earned: Earned, floors: Sequence[Floor], day: int) -> int:
        """The index of the level of a day."""
        found = [floor.index for floor in floors if floor.first <= day <= floor.last]
        events = self._events(earned)
        days, sums = _running_sums(earned)
        for counting in self.countings:
            if counting.until is not None and day > counting.until:
                continue
            for first, last, judged in counting.windows(day, events):
                points = _between(days, sums, first, last)
                if points > 0:
                    found.append(self.judge(points, judged))
        return max(found, default=NONE)

    def stand(self, earned: Earned, floors: Sequence[Floor], day: int) -> Standing:
        """The level of a day, and until when it lasts if nothing more is earned."""
        if len(self.countings) > 1 or not self.is_by_month or floors:
            return self._stand(earned, floors, day)
        # Members whose sums reach the same levels stand the same, and there are few such.
        days, sums = _running_sums(earned)
        windows = self.countings[0].windows(day, ())
        number = self.countings[0].number_of(day)
        starts = [self.countings[0].first_of(number - back) for back in range(3)]
        ends = [self.countings[0].first_of(number - back + 1) - 1 for back in range(3)]
        key = (
            day,
            len(windows),
            *(
                self.judge(points, first) if points > 0 else NONE
                for first, last in zip(starts, ends, strict=True)
                for points in [_between(days, sums, first, last)]
            ),
        )
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._stand(earned, floors, day)
        return found

    def _stand(self, earned: Earned, floors: Sequence[Floor], day: int) -> Standing:
        index = self.decide(earned, floors, day)
        if index == NONE:
            return Standing(NONE, None)
        events = self._events(earned)
        days = {floor.last + 1 for floor in floors} | {floor.first for floor in floors}
        for counting in self.countings:
            days |= counting.changes(day, events)
            if counting.until is not None:
                days.add(counting.until + 1)
        later = sorted(each for each in days if each > day)
        if any(floor.first > day for floor in floors):
            for each in later:
                if self.decide(earned, floors, each) < index:
                    return Standing(index, each - 1)
            return Standing(index, None)
        # Nothing is reached any more, so that the level only falls.
        place = bisect.bisect_left(
            later, 1, key=lambda each: int(self.decide(earned, floors, each) < index)
        )
        return Standing(index, later[place] - 1 if place < len(later) else None)

    def _events(self, earned: Earned) -> list[int]:
        return [
            *(day for day, _points in earned),
            *(day for steps in self.levels for day, _points in steps),
        ]

    def points_to_next(
        self, earned: Earned, index: int, day: int
    ) -> tuple[int, int] | None:
        """The next level's index, and the points that are missing in the current period.

        None if there is no level above that can be reached.
        """
        counting = self.countings[0]
        days, sums = _running_sums(earned)
        first = day - counting.days + 1 if counting.is_rolling else counting.start(day)
        points = _between(days, sums, first, day)
        for above in range(index + 1, len(self.levels)):
            needed = points_on(self.levels[above], counting.start(day))
            if needed is not None and needed > points:
                return above, needed - points
        return None

    def points_in_period(self, earned: Earned, day: int) -> int:
        """What was earned in the current period."""
        counting = self.countings[0]
        days, sums = _running_sums(earned)
        first = day - counting.days + 1 if counting.is_rolling else counting.start(day)
        return _between(days, sums, first, day)


def _running_sums(earned: Earned) -> tuple[list[int], list[int]]:
    days, sums = [], [0]
    for day, points in earned:
        days.append(day)
        sums.append(sums[-1] + points)
    return days, sums


def _between(days: Sequence[int], sums: Sequence[int], first: int, last: int) -> int:
    return sums[bisect.bisect_right(days, last)] - sums[bisect.bisect_left(days, first)]


# Changes of what is defined


def steps_after(
    steps: Steps, points: int | None, countings: Sequence[Counting], today: int
) -> list[tuple[int, int | None]]:
    """The steps of a level that takes `points` from now on, None to take it away.

    What is lower holds in the current period, and what is higher from the next one, so
    that nobody loses a level within the period in which they reached it.
    """
    start = min(each.start(today) for each in countings)
    upcoming = max(each.next_start(today) for each in countings)
    now = points_on(steps, today)
    if points is not None and (now is None or points < now):
        return [*(step for step in steps if step[0] < start), (start, points)]
    kept = [step for step in steps if step[0] <= today]
    if points == now:
        return kept
    return [*kept, (upcoming, points)]
