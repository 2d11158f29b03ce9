"""How long first answers took: median, the slowest tenth, and shares within a time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days
from qunce.insight import small_numbers
from qunce.insight.first_answers import conversations, working_time
from qunce.insight.first_answers.conversations import NEVER, SECOND, Conversations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.insight.first_answers.working_time import WorkingHours

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

FIVE_MINUTES, HOUR = 300, 3_600


@dataclass(frozen=True)
class AnswerTimes:
    """Times are in seconds, and None for fewer answers than can be said anything about.

    `within_…` and `same_day` are how many of the `answered` came in that time or on the
    same community day. `working_…` count working hours only, None without such hours.
    """

    answered: int
    median: int | None
    ninety: int | None
    within_five_minutes: int
    within_hour: int
    same_day: int
    working_median: int | None = None
    working_ninety: int | None = None

    def percent(self, part: int) -> float | None:
        return small_numbers.percent(part, self.answered)


@dataclass(frozen=True)
class Outcome:
    """`opened` = `answered` + `waiting` + `unanswered`.

    Those `waiting` can still be answered; for the others it is too late.
    """

    opened: int
    answered: int
    waiting: int

    @property
    def unanswered(self) -> int:
        return self.opened - self.answered - self.waiting

    @property
    def answered_percent(self) -> float | None:
        return small_numbers.percent(self.answered, self.opened - self.waiting)


def is_answered(found: Conversations) -> Mask:
    answered: Mask = found.answered != NEVER
    return answered


def is_waiting(found: Conversations, now: int) -> Mask:
    """Those without an answer that can still get one."""
    waiting: Mask = ~is_answered(found) & (now - found.opened < conversations.SILENCE)
    return waiting


def is_within(found: Conversations, seconds: int) -> Mask:
    """Those that were answered in less than some seconds."""
    within: Mask = is_answered(found) & (_seconds(found) < seconds)
    return within


def is_same_day(found: Conversations, community: Community) -> Mask:
    """Those that were answered on the community day on which they opened."""
    same: Mask = is_answered(found)
    clock = community.timezone, community.day_start
    opened, answered = (
        community_days.days_of(*clock, times[same])
        for times in (found.opened, found.answered)
    )
    same[same] = opened == answered
    return same


def count_outcomes(found: Conversations, now: int) -> Outcome:
    """What came of conversations until a microsecond."""
    answered, waiting = is_answered(found).sum(), is_waiting(found, now).sum()
    return Outcome(len(found.opened), int(answered), int(waiting))


def measure(
    found: Conversations, *, community: Community, hours: WorkingHours | None = None
) -> AnswerTimes:
    """The times of the answered ones among some conversations."""
    answered = found.filter(is_answered(found))
    working: tuple[int | None, int | None] = (None, None)
    if hours is not None:
        worked = working_time.count(
            hours,
            zone=community.timezone,
            region=community.region,
            starts=answered.opened,
            ends=answered.answered,
        )
        working = _middle(worked // SECOND)
    return AnswerTimes(
        len(answered.opened),
        *_middle(_seconds(answered)),
        int(is_within(answered, FIVE_MINUTES).sum()),
        int(is_within(answered, HOUR).sum()),
        int(is_same_day(answered, community).sum()),
        *working,
    )


def _seconds(found: Conversations) -> Ints:
    return (found.answered - found.opened) // SECOND


def _middle(seconds: Ints) -> tuple[int | None, int | None]:
    """The median and the time within which 90 % are; None for too few of them."""
    size = len(seconds)
    if size < small_numbers.MIN_PEOPLE:
        return None, None
    ordered = np.sort(seconds)
    return int(ordered[(size - 1) // 2]), int(ordered[-(-size * 9 // 10) - 1])
