"""How often a key may ask: a bucket that fills steadily, one a key and process.

It keeps a program that runs in circles from taking the machine from everybody else; it
is no accounting, so it lives in memory.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import errors


class RateLimitExceeded(errors.Refused):
    """This key asks more often than it may."""

    def __init__(self, message: str, wait: int) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass
class Bucket:
    """Holds a tenth of a minute's worth; `left` tokens stood in it at `since`."""

    left: float
    since: float

    def take(self, now: float, a_minute: int) -> float:
        """Seconds to wait; 0 when one was taken."""
        filled = self.left + (now - self.since) * a_minute / 60
        self.left, self.since = min(filled, _burst(a_minute)), now
        if self.left < 1:
            return (1 - self.left) * 60 / a_minute
        self.left -= 1
        return 0.0


def _burst(a_minute: int) -> float:
    return max(1.0, a_minute / 10)


@dataclass
class RateLimiter:
    held: dict[int, Bucket] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, key: int, *, now: float, a_minute: int) -> None:
        with self.lock:
            bucket = self.held.setdefault(key, Bucket(_burst(a_minute), now))
            wait = bucket.take(now, a_minute)
        if wait:
            seconds = int(wait) + 1
            raise RateLimitExceeded(
                _(
                    "This key may send %(n)s requests per minute. Try again in %(wait)s "
                    "seconds."
                )
                % {"n": a_minute, "wait": seconds},
                seconds,
            )


LIMITER = RateLimiter()


def check(key: int) -> None:
    LIMITER.check(key, now=time.monotonic(), a_minute=settings.API_RATE_LIMIT)
