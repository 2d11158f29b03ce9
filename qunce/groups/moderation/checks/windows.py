"""Sliding windows over the times of events, as plain lists that can be stored.

An event is [milliseconds, key], and events are in order of time. A window of n seconds
that ends at a time t has the events after t - n, up to t.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from typing import Any, TypeAlias

from qunce.groups.moderation.checks.options import Window

Event: TypeAlias = list[Any]


class SlidingWindows:
    """Several windows that hold together; false without any."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = tuple(windows)
        self.longest = 1000 * max((each.seconds for each in windows), default=0)
        """Milliseconds of the longest window."""
        self._least = min((each.at_most for each in windows), default=0)
        self._kept = 2 * (max((each.at_most for each in windows), default=0) + 1)

    def __bool__(self) -> bool:
        return bool(self._windows)

    def record(self, events: Sequence[Event], at: int, key: str) -> list[Event]:
        """The events with one more, without those that no window reaches any more.

        An event that was recorded before is not counted again.
        """
        kept = list(events)
        event = [at, key]
        if not kept or int(kept[-1][0]) < at:
            kept.append(event)
        elif event not in kept:
            insort(kept, event)
        horizon = int(kept[-1][0]) - self.longest
        if len(kept) > self._kept:
            kept = kept[-self._kept :]
        if int(kept[0][0]) > horizon:
            return kept
        return [each for each in kept if int(each[0]) > horizon]

    def find_exceeded(
        self, events: Sequence[Event], at: int
    ) -> tuple[Window, list[str]] | None:
        """The first window around the time `at` that has too many events, and their keys.

        An event may come late, so windows that end after `at` are asked as well.
        """
        if len(events) <= self._least:
            return None
        times = [int(event[0]) for event in events]
        for window in self._windows:
            length = 1000 * window.seconds
            for last in range(bisect_left(times, at), len(times)):
                if times[last] >= at + length:
                    break
                first = bisect_right(times, times[last] - length)
                if last + 1 - first > window.at_most:
                    return window, [str(key) for _, key in events[first : last + 1]]
        return None
