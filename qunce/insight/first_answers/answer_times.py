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


def count_outcomes(found: Conversations, now: int) -> Outcome:
    """What came of conversations until a microsecond."""
    answered = found.answered != NEVER
    waiting = ~answered & (now - found.opened < conversations.SILENCE)
    return Outcome(len(found.opened), int(answered.sum()), int(waiting.sum()))


def measure(
    found: Conversations, *, community: Community, hours: WorkingHours | None = None
) -> AnswerTimes:
    """The times of the answered ones among some conversations."""
    answered = found.filter(found.answered != NEVER)
    waits = (answered.answered - answered.opened) // SECOND
    clock = community.timezone, community.day_start
    days = [
        community_days.days_of(*clock, each)
        for each in (answered.opened, answered.answered)
    ]
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
        len(waits),
        *_middle(waits),
        int((waits < FIVE_MINUTES).sum()),
        int((waits < HOUR).sum()),
        int((days[0] == days[1]).sum()),
        *working,
    )


def _middle(seconds: Ints) -> tuple[int | None, int | None]:
    """The median and the time within which 90 % are; None for too few of them."""
    size = len(seconds)
    if size < small_numbers.MIN_PEOPLE:
        return None, None
    ordered = np.sort(seconds)
    return int(ordered[(size - 1) // 2]), int(ordered[-(-size * 9 // 10) - 1])
