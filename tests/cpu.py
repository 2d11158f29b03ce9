"""Limits of CPU seconds that also hold on a slow machine.

The same work took 30 and 53 seconds of CPU on one machine, three hours apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

USUAL_SECONDS = 0.1
"""What `_work` takes on a machine of usual speed."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail if the block takes this process more CPU seconds of a usual machine."""
    start = time.process_time()
    yield
    used = time.process_time() - start
    if used >= seconds:
        slowness = max(1.0, _measure() / USUAL_SECONDS)
        limit = seconds * slowness
        assert used < limit, f"{used:.2f} s of CPU, at most {limit:.2f} s here"


def _measure() -> float:
    start = time.process_time()
    _work()
    return time.process_time() - start


def _work() -> None:
    numbers = {str(number): number for number in range(150_000)}
    sorted(numbers, key=lambda text: text[::-1])
    sum(numbers[text] for text in numbers)
