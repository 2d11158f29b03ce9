"""Differences of shares: how two sets of people differ in many traits, and how surely.

Intervals are those of Newcombe (1998) from Wilson's scores, effect sizes Cohen's h. The
rate of false discoveries among all traits is held by Benjamini and Hochberg (1995).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import scipy

from qunce.insight import small_numbers

FALSE_DISCOVERY_RATE = 0.05
MIN_EXPECTED = 5
"""Expected people in each cell of the table from which χ² is close to the exact test."""
Z = 1.959963984540054
"""Of an interval that holds in 95 of 100 cases."""


@dataclass(frozen=True)
class Counts:
    """People with a trait among `inside_of` people, and among the `rest_of` them."""

    inside: int
    inside_of: int
    rest: int
    rest_of: int

    @property
    def are_enough(self) -> bool:
        return min(self.inside_of, self.rest_of) >= small_numbers.MIN_PEOPLE


@dataclass(frozen=True)
class Difference:
    """Shares are from 0 to 1; `points` with its bounds are percentage points.

    `ratio` is None if none of the rest have the trait. `adjusted_p` is the p-value after
    the correction for everything that was looked at.
    """

    counts: Counts
    share_inside: float
    share_rest: float
    ratio: float | None
    points: float
    low: float
    high: float
    effect: float
    p_value: float
    adjusted_p: float = 1.0

    @property
    def is_clear(self) -> bool:
        return self.adjusted_p <= FALSE_DISCOVERY_RATE


def compare(table: Sequence[Counts]) -> list[Difference | None]:
    """A difference for each row; None where there are too few people to say."""
    found = [_difference(counts) if counts.are_enough else None for counts in table]
    tested = [one for one in found if one is not None]
    if not tested:
        return found
    adjusted = iter(
        scipy.stats.false_discovery_control([one.p_value for one in tested])
    )
    return [one and replace(one, adjusted_p=float(next(adjusted))) for one in found]


def _difference(counts: Counts) -> Difference:
    inside = counts.inside / counts.inside_of
    rest = counts.rest / counts.rest_of
    low_inside, high_inside = wilson_interval(counts.inside, counts.inside_of)
    low_rest, high_rest = wilson_interval(counts.rest, counts.rest_of)
    points = inside - rest
    return Difference(
        counts,
        share_inside=inside,
        share_rest=rest,
        ratio=inside / rest if rest else None,
        points=100 * points,
        low=100 * max(points - math.hypot(inside - low_inside, high_rest - rest), -1.0),
        high=100 * min(points + math.hypot(high_inside - inside, rest - low_rest), 1.0),
        effect=2 * (math.asin(math.sqrt(inside)) - math.asin(math.sqrt(rest))),
        p_value=p_value(counts),
    )


def wilson_interval(part: int, whole: int) -> tuple[float, float]:
    share = part / whole
    scale = 1 + Z**2 / whole
    middle = share + Z**2 / (2 * whole)
    width = Z * math.sqrt(share * (1 - share) / whole + (Z / (2 * whole)) ** 2)
    return max((middle - width) / scale, 0.0), min((middle + width) / scale, 1.0)


def p_value(counts: Counts) -> float:
    """Two-sided: Fisher's exact test for small cells, else χ² with one degree."""
    whole = counts.inside_of + counts.rest_of
    having = counts.inside + counts.rest
    if having in (0, whole):
        return 1.0
    smallest = min(having, whole - having) * min(counts.inside_of, counts.rest_of)
    if smallest < MIN_EXPECTED * whole:
        rows = [
            [counts.inside, counts.inside_of - counts.inside],
            [counts.rest, counts.rest_of - counts.rest],
        ]
        return float(scipy.stats.fisher_exact(rows)[1])
    share = having / whole
    spread = share * (1 - share) * (1 / counts.inside_of + 1 / counts.rest_of)
    z = counts.inside / counts.inside_of - counts.rest / counts.rest_of
    return math.erfc(abs(z) / math.sqrt(2 * spread))
