"""What a daily count is expected to be from its own weekly rhythm, and how far off it is.

Everything here is pure. A day is expected to be like the earlier days of the same weekday.
Days that staff have annotated, such as holidays, are left out of both sides. The noise is
that of a count whose variance is a multiple of its mean, estimated from the same history;
days that resemble the day before widen it.
"""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WINDOWS = (1, 3, 7)
"""The numbers of last days that are compared, in days."""
WEEKS_OF_HISTORY = 8
MIN_WEEKS = 4
"""A weekday needs as many comparable days; with fewer there is nothing to compare with."""
MIN_COUNT = 10
"""Neither expecting nor observing as many is not worth a comparison."""
MAX_DAYS_SINCE = 14
"""How far back the beginning of a change is looked for."""


@dataclass(frozen=True)
class Deviation:
    """The last `days` days of a series differ from what was expected of them.

    `p_value` allows for all windows that were tried. `since` is the index of the day from
    which on the difference stands out most.
    """

    days: int
    observed: float
    expected: float
    p_value: float
    since: int

    @property
    def change(self) -> float:
        return self.observed - self.expected


def expected_by_weekday(
    series: Floats, first: int, last: int, left_out: AbstractSet[int] = frozenset()
) -> tuple[Floats, Floats]:
    """The mean and number of comparable days, by the index of a day modulo 7.

    Days from `first` to before `last` are comparable unless they are `left_out`. A
    weekday without any has the mean 0 and the number 0. Shapes (7,).
    """
    days = np.array([d for d in range(first, last) if d not in left_out], dtype=int)
    sums = np.bincount(days % 7, weights=series[days], minlength=7)
    numbers = np.bincount(days % 7, minlength=7).astype(np.float64)
    return sums / np.maximum(numbers, 1), numbers


def find_deviation(
    series: Floats,
    *,
    left_out: AbstractSet[int] = frozenset(),
    factors: Floats | None = None,
) -> Deviation | None:
    """The window at the end of a series that differs most from its rhythm.

    `series` is one count per day, the newest last. `factors` is what each day is expected
    to be multiplied by, such as how the rest of the community did that day. None if there
    is not enough to compare with.
    """
    factors = np.ones(len(series)) if factors is None else factors
    level = np.divide(series, factors, out=np.zeros(len(series)), where=factors > 0)
    unusable = set(left_out) | set(np.flatnonzero(factors <= 0).tolist())
    best: Deviation | None = None
    for days in WINDOWS:
        found = _compare_window(series, level, factors, days, unusable)
        if found and (best is None or found.p_value < best.p_value):
            best = found
    return best


def _compare_window(
    series: Floats, level: Floats, factors: Floats, days: int, unusable: set[int]
) -> Deviation | None:
    start = len(series) - days
    first = max(0, start - 7 * WEEKS_OF_HISTORY)
    means, numbers = expected_by_weekday(level, first, start, unusable)
    window = np.array([d for d in range(start, len(series)) if d not in unusable], int)
    if not len(window) or numbers[window % 7].min() < MIN_WEEKS:
        return None
    # What never happened may happen once in the whole history.
    expected = np.maximum(means, 0.5 / np.maximum(numbers, 1))[window % 7]
    expected = expected * factors[window]
    observed = float(series[window].sum())
    if max(float(expected.sum()), observed) < MIN_COUNT:
        return None
    history = np.array([d for d in range(first, start) if d not in unusable], int)
    fitted = means[history % 7] * factors[history]
    residuals = (series[history] - fitted) / np.sqrt(np.maximum(fitted, 1e-9))
    residuals = np.where(fitted > 0, residuals, 0.0)
    freedom = len(history) - np.count_nonzero(numbers)
    # Counts vary at least as much as Poisson's; less is an accident of a short history.
    dispersion = max(1.0, float((residuals**2).sum() / freedom))
    mean = float(expected.sum())
    variance = dispersion * float((expected * (1 + 1 / numbers[window % 7])).sum())
    variance *= _inflation(residuals, days)
    p_value = _two_sided(observed, mean, variance, freedom) * len(WINDOWS)
    return Deviation(
        days=days,
        observed=observed,
        expected=mean,
        p_value=min(1.0, p_value),
        since=_find_since(series, means, factors, unusable),
    )


def _two_sided(observed: float, mean: float, variance: float, freedom: int) -> float:
    """The larger of two p-values: of a small count, and of an estimated noise."""
    score = (observed - mean) / math.sqrt(variance)
    by_score = float(stats.t.sf(abs(score), freedom))
    extra = max(variance / mean - 1, 1e-9)
    law = stats.nbinom(mean / extra, 1 / (1 + extra))
    below = observed < mean
    by_count = float(law.cdf(observed) if below else law.sf(observed - 1))
    return 2 * max(by_score, by_count)


def _inflation(residuals: Floats, days: int) -> float:
    """How much more a sum of days varies because each resembles the days before."""
    total = float((residuals**2).sum())
    if total <= 0 or days < 2:
        return 1.0
    inflation = 1.0
    for lag in range(1, days):
        correlation = float((residuals[lag:] * residuals[:-lag]).sum()) / total
        inflation += 2 * (1 - lag / days) * max(0.0, correlation)
    return inflation


def _find_since(
    series: Floats, means: Floats, factors: Floats, unusable: set[int]
) -> int:
    """The first day of the end of the series that differs most, in units of its noise."""
    best, best_score = len(series) - 1, 0.0
    difference = expected = 0.0
    for day in range(len(series) - 1, len(series) - 1 - MAX_DAYS_SINCE, -1):
        if day < 0 or day in unusable:
            continue
        mean = float(means[day % 7] * factors[day])
        difference += float(series[day]) - mean
        expected += mean
        score = abs(difference) / math.sqrt(max(expected, 1.0))
        if score > best_score:
            best, best_score = day, score
    return best
