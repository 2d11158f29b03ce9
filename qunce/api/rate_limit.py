"""A limit of requests per key: one token bucket per key and process.

It protects other users from a program that runs in a loop. It is not used for billing,
so it is kept in memory only.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import errors


class RateLimitExceeded(errors.Refused):
    """This API key sends more requests per minute than it may."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def _capacity(per_minute: int) -> float:
    """Return the size of a bucket: six seconds' worth of requests."""
    return max(1.0, per_minute / 10)


@dataclass
class Bucket:
    """`tokens` were in the bucket at `updated_at`, in seconds of a monotonic clock."""

    tokens: float
    updated_at: float

    def consume(self, now: float, per_minute: int) -> float:
        """Take one token. Return 0, or the seconds to wait if there is none."""
        refilled = self.tokens + (now - self.updated_at) * per_minute / 60
        self.tokens, self.updated_at = min(refilled, _capacity(per_minute)), now
        if self.tokens < 1:
            return (1 - self.tokens) * 60 / per_minute
        self.tokens -= 1
        return 0.0


@dataclass
class RateLimiter:
    buckets: dict[int, Bucket] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, key_id: int, *, now: float, per_minute: int) -> None:
        with self.lock:
            # A full bucket at first, so that a program may begin with a burst.
            bucket = self.buckets.setdefault(key_id, Bucket(_capacity(per_minute), now))
            wait = bucket.consume(now, per_minute)
        if wait:
            seconds = int(wait) + 1  # rounded up, as the header has whole seconds
            raise RateLimitExceeded(
                _(
                    "This key may send %(n)s requests per minute. Try again in %(wait)s "
                    "seconds."
                )
                % {"n": per_minute, "wait": seconds},
                seconds,
            )


LIMITER = RateLimiter()


def check(key_id: int) -> None:
    LIMITER.check(key_id, now=time.monotonic(), per_minute=settings.API_RATE_LIMIT)
