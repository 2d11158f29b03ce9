"""Wakes the loops of this process when there is work for them.

A loop looks for work twice a second. Whoever makes work for others, such as the thread that
receives what members write, wakes the loops, so that work waits for no round and nobody has
to look more often.
"""

from __future__ import annotations

import threading
from weakref import WeakSet

MIN_INTERVAL = 0.05
"""Seconds between two rounds of a loop that is woken again and again."""


class Alarm:
    """What one loop waits for: the next round, or being woken before it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        _alarms.add(self)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody wakes; what comes during the wait counts as well."""
        self._event.wait(seconds)
        self._event.clear()

    def ring(self) -> None:
        self._event.set()


_alarms: WeakSet[Alarm] = WeakSet()


def wake() -> None:
    """Wake every loop of this process that has an alarm. Call it after the commit."""
    for alarm in list(_alarms):
        alarm.ring()
