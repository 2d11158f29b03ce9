"""Random numbers that are the same for the same seed, on every machine and version.

Only `Random.random()` is documented to keep its sequence, so all else is made of it.
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")
MAX_POISSON_MEAN = 40.0


class Chance:
    """A sequence of its own per seed and part, so that parts do not move each other."""

    def __init__(self, seed: int, part: str) -> None:
        self.random = random.Random(f"{seed} {part}").random  # noqa: S311 - no secrets

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int((high - low + 1) * self.random())

    def pick(self, items: Sequence[T]) -> T:
        return items[int(len(items) * self.random())]

    def exponential(self, mean: float) -> float:
        return -mean * math.log(1.0 - self.random())

    def poisson(self, mean: float) -> int:
        """Return how often something happens that is expected `mean` times."""
        count = 0
        while mean > MAX_POISSON_MEAN:
            # The sum of two counts is one of the sum of their means.
            count, mean = (
                count + self.poisson(MAX_POISSON_MEAN),
                mean - MAX_POISSON_MEAN,
            )
        limit, product = math.exp(-mean), self.random()
        while product > limit:
            count, product = count + 1, product * self.random()
        return count

    def sample(self, items: Sequence[T], size: int) -> list[T]:
        """Return `size` different items in random order, or all if there are fewer."""
        left = list(items)
        size = min(size, len(left))
        for index in range(size):
            other = index + int((len(left) - index) * self.random())
            left[index], left[other] = left[other], left[index]
        return left[:size]


class Weights:
    """Draws an index in proportion to weights; a range of them can be asked for."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._sums = [0.0, *accumulate(weights)]

    def total(self, start: int = 0, end: int | None = None) -> float:
        return self._sums[-1 if end is None else end] - self._sums[start]

    def draw(self, chance: Chance, start: int = 0, end: int | None = None) -> int:
        low, high = self._sums[start], self._sums[-1 if end is None else end]
        last = (len(self._sums) - 1 if end is None else end) - 1
        found = bisect.bisect_right(self._sums, low + (high - low) * chance.random())
        return min(max(found - 1, start), last)
