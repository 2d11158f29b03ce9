"""Limits of how often a member gets messages, and quiet hours. Pure functions.

A message at a time fits if no window of any limit that contains this time has more
messages than the limit allows, counting those that are planned for later, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Mode(StrEnum):
    """Whether a limit is off, forbids all messages, or allows a number of them."""

    OFF = "off"
    NONE = "none"
    AT_MOST = "at_most"


class Span(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


ROLLING = {Span.DAY: DAY, Span.WEEK: 7 * DAY, Span.MONTH: 30 * DAY}
LONGEST_WINDOW = 31 * DAY


class Reason(StrEnum):
    """Why a message does not fit."""

    OVER_LIMIT = "over_contact_limit"
    TOO_SOON = "too_soon"


@dataclass(frozen=True)
class Clock:
    """The time zone of calendar days and of quiet hours, and the minute a day starts."""

    zone: ZoneInfo
    day_start: int = 0

    def day(self, at: datetime) -> date:
        """The calendar day of a time, which may start later than midnight."""
        local = at.astimezone(self.zone).replace(tzinfo=None)
        return (local - timedelta(minutes=self.day_start)).date()

    def start_of(self, day: date) -> datetime:
        return self.at(day, self.day_start)

    def at(self, day: date, minute: int) -> datetime:
        """A wall time of a day; one that a clock change skips is the time after it."""
        wall = datetime.combine(day, time()) + timedelta(minutes=minute)
        return wall.replace(tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True)
class Contact:
    """A message that a member got or is going to get.

    `kept_for` is the id of a campaign that has no message yet, but keeps the place for it.
    """

    at: datetime
    channel: str
    purpose: str
    kept_for: int | None = None


@dataclass(frozen=True)
class Limit:
    """How many messages of a purpose on a channel; an empty channel means any of them."""

    span: Span
    mode: Mode = Mode.OFF
    count: int = 0
    rolling: bool = True
    channel: str = ""
    purpose: str = "marketing"

    @property
    def most(self) -> int | None:
        """The number of messages that are allowed, None for any number."""
        if self.mode == Mode.AT_MOST:
            return self.count
        return 0 if self.mode == Mode.NONE else None

    def covers(self, channel: str, purpose: str) -> bool:
        same_channel = self.channel in ("", channel)
        return self.most is not None and same_channel and self.purpose == purpose

    def calendar_window(self, at: datetime, clock: Clock) -> tuple[datetime, datetime]:
        """Start and end of the calendar day, week or month; the end is not in it."""
        first = clock.day(at)
        if self.span == Span.WEEK:
            first -= timedelta(days=first.weekday())
        if self.span == Span.MONTH:
            first = first.replace(day=1)
        days = {Span.DAY: 1, Span.WEEK: 7, Span.MONTH: 32}[self.span]
        last = first + timedelta(days=days)
        if self.span == Span.MONTH:
            last = last.replace(day=1)
        return clock.start_of(first), clock.start_of(last)

    def window_start(self, at: datetime, clock: Clock) -> datetime:
        """Where the window that ends at this time starts; a rolling one leaves it out."""
        if self.rolling:
            return at - ROLLING[self.span]
        return self.calendar_window(at, clock)[0]

    def is_full(self, times: Sequence[datetime], at: datetime, clock: Clock) -> bool:
        """Whether one more message at this time would be too many."""
        most = self.most
        if most is None:
            return False
        if not self.rolling:
            start, end = self.calendar_window(at, clock)
            return sum(start <= each < end for each in times) >= most
        length = ROLLING[self.span]
        ends = [at, *(each for each in times if at < each < at + length)]
        return any(
            sum(end - length < each <= end for each in times) >= most for end in ends
        )


@dataclass(frozen=True)
class QuietHours:
    """Minutes after midnight; a start later than the end means over midnight."""

    start: int
    end: int

    def contain(self, at: datetime, clock: Clock) -> bool:
        local = at.astimezone(clock.zone)
        minute = local.hour * 60 + local.minute
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def end_after(self, at: datetime, clock: Clock) -> datetime:
        """The time itself, or the end of the quiet hours that it is in."""
        if not self.contain(at, clock):
            return at
        today = at.astimezone(clock.zone).date()
        ends = (clock.at(today + timedelta(days=days), self.end) for days in (0, 1, 2))
        return next(end for end in ends if end > at and not self.contain(end, clock))


@dataclass(frozen=True)
class Budget:
    """All rules of a community about when a member may get a message.

    `hold` is how long a message may wait until it fits; else it is skipped immediately.
    """

    limits: tuple[Limit, ...] = ()
    gap: timedelta = timedelta()
    quiet: QuietHours | None = None
    hold: timedelta = timedelta()

    def limits_of(self, channel: str, purpose: str) -> tuple[Limit, ...]:
        return tuple(each for each in self.limits if each.covers(channel, purpose))

    def always_fit(self, channel: str, purpose: str) -> int | None:
        """One more message fits with fewer contacts than this; None is any number."""
        most = [each.most for each in self.limits_of(channel, purpose)]
        least = min((each for each in most if each is not None), default=None)
        if self.gap:
            return 1 if least is None else min(least, 1)
        return least

    def refusal(
        self,
        contacts: Sequence[Contact],
        at: datetime,
        *,
        channel: str,
        purpose: str,
        clock: Clock,
    ) -> Reason | None:
        """Why a message does not fit at this time, whatever the hour; None if it does."""
        for limit in self.limits_of(channel, purpose):
            times = [
                each.at for each in contacts if limit.covers(each.channel, each.purpose)
            ]
            if limit.is_full(times, at, clock):
                return Reason.OVER_LIMIT
        if self.gap and any(
            each.purpose == purpose and abs(each.at - at) < self.gap
            for each in contacts
        ):
            return Reason.TOO_SOON
        return None

    def first_time(
        self,
        contacts: Sequence[Contact],
        at: datetime,
        *,
        channel: str,
        purpose: str,
        clock: Clock,
        until: datetime,
        quiet_clock: Clock | None = None,
    ) -> datetime | None:
        """The first time from `at` to `until` that fits and is outside of quiet hours.

        `quiet_clock` is the clock of the quiet hours, if it is another one.
        """
        found = self._times_to_try(contacts, at, until, clock, quiet_clock or clock)
        for moment in sorted(found):
            if at <= moment <= until and not self.refusal(
                contacts, moment, channel=channel, purpose=purpose, clock=clock
            ):
                return moment
        return None

    def _times_to_try(
        self,
        contacts: Sequence[Contact],
        at: datetime,
        until: datetime,
        clock: Clock,
        quiet_clock: Clock,
    ) -> set[datetime]:
        # A message that does not fit begins to fit only when a contact leaves a window,
        # a calendar window starts, or the quiet hours end.
        times = {at}
        for contact in contacts:
            times |= {contact.at + ROLLING[limit.span] for limit in self.limits}
            times.add(contact.at + self.gap)
        if any(not limit.rolling for limit in self.limits):
            times |= set(_day_starts(at, until, clock))
        if self.quiet is None:
            return times
        return {self.quiet.end_after(each, quiet_clock) for each in times}


def _day_starts(at: datetime, until: datetime, clock: Clock) -> Iterator[datetime]:
    day = clock.day(at)
    while (start := clock.start_of(day)) <= until:
        yield start
        day += timedelta(days=1)


DEFAULT = Budget(limits=(Limit(Span.WEEK, Mode.AT_MOST, 2),))
"""At most two marketing messages in seven days."""
