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


def record(
    events: Sequence[Event], at: int, key: str, windows: Sequence[Window]
) -> list[Event]:
    """The events with one more, without those that no window reaches any more.

    An event that was recorded before is not counted again.
    """
    kept = list(events)
    if [at, key] not in kept:
        insort(kept, [at, key])
    horizon = int(kept[-1][0]) - 1000 * max(window.seconds for window in windows)
    most = 2 * (max(window.at_most for window in windows) + 1)
    return [event for event in kept[-most:] if int(event[0]) > horizon]


def find_exceeded(
    events: Sequence[Event], at: int, windows: Sequence[Window]
) -> tuple[Window, list[str]] | None:
    """The first window around the time `at` that has too many events, and their keys.

    An event may come late, so windows that end after `at` are asked as well.
    """
    times = [int(event[0]) for event in events]
    for window in windows:
        length = 1000 * window.seconds
        for last in range(bisect_left(times, at), len(times)):
            if times[last] >= at + length:
                break
            first = bisect_right(times, times[last] - length)
            if last + 1 - first > window.at_most:
                return window, [str(key) for _, key in events[first : last + 1]]
    return None
