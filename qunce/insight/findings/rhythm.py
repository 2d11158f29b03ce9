"""What daily counts are expected to be from their own weekly rhythm, and how far off.

Everything here is pure. A day is expected to be like the earlier days of the same weekday,
multiplied by how the rest of the community did that day. Days that are left out, such as
holidays, are on neither side. The noise is that of a count whose variance is a multiple of
its mean, estimated from the same history; days that resemble the day before widen it.

The rows of a `Counts` are the same metric in different groups, so that they also say how
noisy the metric usually is: a history of 8 weeks alone is short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy  # loads its parts at their first use; at the start they took a second

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

WINDOWS = (1, 3, 7)
"""The numbers of last days that are compared, in days."""
WEEKS_OF_HISTORY = 8
MIN_WEEKS = 4
"""A weekday needs as many comparable days; with fewer there is nothing to compare with."""
MIN_ROWS = 3
"""From so many rows on, what is usual among them is known."""
MIN_COUNT = 10
"""Neither expecting nor observing as many is not worth a comparison."""
MIN_EXPECTED = 0.05
"""Of what never happened, as many are expected per day."""
MAX_DAYS_SINCE = 14
"""How far back the beginning of a change is looked for."""
DAYS_NEEDED = 7 * WEEKS_OF_HISTORY + MAX_DAYS_SINCE
"""The days of a series; earlier ones are not looked at."""
MIN_DISPERSION = 0.4
"""Of people who come regularly, fewer are missing on a day than chance alone would have."""
MAX_SCORE = 8.0
DOWN, UP = -1, 1
"""The directions of a change."""


@dataclass(frozen=True)
class Counts:
    """One metric by row and day, the newest day last.

    `factors` is what each day is expected to be multiplied by. `usable` is false for days
    that are left out, and before a row began. Shapes (rows, days).
    """

    series: Floats
    factors: Floats
    usable: Bools

    @classmethod
    def of(
        cls,
        series: Floats,
        *,
        factors: Floats | None = None,
        usable: Bools | None = None,
    ) -> Counts:
        """`factors` and `usable` may be those of one day each, for all rows."""
        series = np.atleast_2d(np.asarray(series, dtype=np.float64))
        shape = series.shape
        return cls(
            series,
            np.broadcast_to(1.0 if factors is None else factors, shape),
            np.broadcast_to(np.True_ if usable is None else usable, shape),
        )


@dataclass(frozen=True)
class Window:
    """The last `days` days of each row. All arrays have the shape (rows,).

    `score` says how unusual the number is in one direction, in standard deviations of a
    normal law. Where `is_enough` is false there is nothing to compare with.
    """

    days: int
    observed: Floats
    expected: Floats
    score: Floats
    is_enough: Bools
    residuals: Floats
    """Of the days before, in units of their noise. Shape (rows, days)."""


def factors_of_rest(series: Floats, usable: Bools) -> Floats:
    """How the rest did each day, compared with its rhythm, for each row.

    Shape (rows, days). A single row has no rest.
    """
    if len(series) < 2:
        return np.ones_like(series)
    rest = series.sum(axis=0)[None, :] - series
    index = np.arange(rest.shape[1])
    length = len(index)
    is_history = (index >= length - 7 - 7 * WEEKS_OF_HISTORY) & (index < length - 7)
    means, _numbers = expected_by_weekday(rest, usable & is_history)
    usual = means[:, index % 7]
    # One more on both sides: a rest of a few people has no rhythm of its own.
    return np.asarray((rest + 1) / (usual + 1))


def expected_by_weekday(level: Floats, chosen: Bools) -> tuple[Floats, Floats]:
    """The mean of the chosen days by the index of a day modulo 7, and their numbers.

    A weekday without any has the mean 0. Shapes (rows, 7).
    """
    is_weekday = (np.arange(level.shape[1]) % 7)[:, None] == np.arange(7)[None, :]
    picked = is_weekday.astype(np.float64)
    numbers = chosen.astype(np.float64) @ picked
    return (level * chosen) @ picked / np.maximum(numbers, 1), numbers


def compare(counts: Counts, *, direction: int) -> list[Window]:
    """Compare the end of each row with its rhythm, in one direction."""
    return [_compare_window(counts, days, direction) for days in WINDOWS]


def _compare_window(counts: Counts, days: int, direction: int) -> Window:
    series, factors, usable = counts.series, counts.factors, counts.usable
    length = series.shape[1]
    start = length - days
    index = np.arange(length)
    weekdays = index % 7
    history = usable & (index < start) & (index >= start - 7 * WEEKS_OF_HISTORY)
    window = usable & (index >= start)
    means, numbers = expected_by_weekday(series / factors, history)
    # What never happened may happen once in the whole history.
    floor = 0.5 / np.maximum(numbers, 1)
    usual = np.where(window, np.maximum(means, floor)[:, weekdays] * factors, 0.0)
    observed = (series * window).sum(axis=1)
    expected = usual.sum(axis=1)
    fitted = means[:, weekdays] * factors
    residuals = np.where(
        history & (fitted > 0),
        (series - fitted) / np.sqrt(np.maximum(fitted, 1e-9)),
        0.0,
    )[:, max(0, start - 7 * WEEKS_OF_HISTORY) : start]
    freedom = np.maximum(1, history.sum(axis=1) - np.count_nonzero(numbers, axis=1))
    dispersion, freedoms = _estimate_dispersion(residuals, freedom)
    noise = usual * (1 + 1 / np.maximum(numbers, 1)[:, weekdays])
    variance = dispersion * noise.sum(axis=1) * _inflation(residuals, days)
    # Every weekday of the window needs its comparable days.
    fewest = np.where(window, numbers[:, weekdays], np.inf).min(axis=1)
    is_enough = window.any(axis=1) & (fewest >= MIN_WEEKS)
    is_enough &= np.maximum(expected, observed) >= MIN_COUNT
    score = _score(observed, expected, variance, freedoms, direction)
    return Window(days, observed, expected, score, is_enough, residuals)


def _score(
    observed: Floats, mean: Floats, variance: Floats, freedom: Floats, direction: int
) -> Floats:
    """The tail of a negative binomial law, widened because its variance is estimated."""
    mean = np.maximum(mean, 1e-9)
    extra = np.maximum(variance / mean - 1, 1e-6)
    law = scipy.stats.nbinom(mean / extra, 1 / (1 + extra))
    tail = law.cdf(observed) if direction == DOWN else law.sf(observed - 1)
    score = np.clip(scipy.stats.norm.isf(tail), -MAX_SCORE, MAX_SCORE)
    # Such a law is at least as wide as Poisson's, which is too wide for regular people.
    score /= np.sqrt(np.clip(variance / mean, MIN_DISPERSION, 1.0))
    widened = scipy.stats.norm.isf(scipy.stats.t.sf(score, freedom))
    return np.asarray(np.clip(widened, -MAX_SCORE, MAX_SCORE))


def _estimate_dispersion(residuals: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """Variance divided by mean of each row, and the degrees of freedom behind it.

    Rows are drawn to what is usual among them, the more so the more alike they are
    (Smyth 2004, “moderated” variances).
    """
    own = (residuals**2).sum(axis=1) / freedom
    freedoms = np.asarray(freedom, dtype=np.float64)
    is_known = own > 0
    if is_known.sum() >= MIN_ROWS:
        half = freedoms[is_known] / 2
        logs = np.log(own[is_known]) - scipy.special.digamma(half) + np.log(half)
        spread = float(logs.var(ddof=1) - scipy.special.polygamma(1, half).mean())
        prior_freedom = _invert_trigamma(spread) * 2 if spread > 0 else np.inf
        # A prior that outweighs the row's own history many times hides a noisy group.
        prior_freedom = min(prior_freedom, 4.0 * float(freedoms.mean()))
        half = prior_freedom / 2
        prior = float(np.exp(logs.mean() + scipy.special.digamma(half) - np.log(half)))
        own = (prior_freedom * prior + freedoms * own) / (prior_freedom + freedoms)
        freedoms = freedoms + prior_freedom
    return np.maximum(MIN_DISPERSION, own), freedoms


def _invert_trigamma(value: float) -> float:
    """The positive number whose trigamma is `value`."""
    low, high = 1e-3, 1e6
    if value >= scipy.special.polygamma(1, low) or value <= scipy.special.polygamma(
        1, high
    ):
        return low if value >= scipy.special.polygamma(1, low) else high
    found = scipy.optimize.brentq(
        lambda x: float(scipy.special.polygamma(1, x)) - value, low, high
    )
    return float(found)


def _inflation(residuals: Floats, days: int) -> Floats:
    """How much more a sum of days varies because each resembles the days before."""
    squares = (residuals**2).sum(axis=1)
    inflation = np.ones(len(residuals))
    if days < 2 or residuals.shape[1] <= days:
        return inflation
    # An accident of a short history is about this large.
    accident = 1 / np.sqrt(residuals.shape[1])
    for lag in range(1, days):
        products = (residuals[:, lag:] * residuals[:, :-lag]).sum(axis=1)
        own = np.divide(
            products, squares, out=np.zeros(len(squares)), where=squares > 0
        )
        usual = float(own.mean()) if len(own) >= MIN_ROWS else 0.0
        correlation = np.maximum(max(0.0, usual), own - accident)
        inflation += 2 * (1 - lag / days) * np.maximum(0.0, correlation)
    return inflation


@dataclass(frozen=True)
class Change:
    """How the end of a series differs, from the day on with which it stands out most.

    `since` is the index of that day. `weights` has, for each day of the series, by how
    much its count divided by its factor contributes to what is expected. So the same
    weights give what is expected of a part, and parts of a whole add up. `noise` is the
    standard deviation of such a number if nothing has changed.
    """

    since: int
    observed: float
    expected: float
    weights: Floats
    noise: float

    @property
    def difference(self) -> float:
        return self.observed - self.expected


def find_change(counts: Counts, row: int, *, direction: int) -> Change:
    """The beginning of a change that is known to be there, and its size.

    It is where a scan statistic is highest (Kulldorff 1997, for counts).
    """
    length = counts.series.shape[1]
    earliest = max(0, length - MAX_DAYS_SINCE)
    best = measure(counts, row, since=length - 1)
    best_score = 0.0
    for since in range(earliest, length):
        if not counts.usable[row, since]:
            continue
        found = measure(counts, row, since=since)
        if direction * found.difference <= 0:
            continue
        observed = max(found.observed, 0.0)
        expected = max(found.expected, MIN_EXPECTED * (length - since))
        score = float(scipy.special.xlogy(observed, observed / expected))
        score -= observed - expected
        # Of equal ones the last, as a change does not begin with a day like any other.
        if score >= best_score:
            best, best_score = found, score
    return best


def measure(
    counts: Counts, row: int, *, since: int, until: int | None = None, before: int = -1
) -> Change:
    """What was observed and expected of the days from `since`, up to before `until`.

    They are compared with like weekdays `before` an index, by default before `since`.
    """
    index = np.arange(counts.series.shape[1])
    before = since if before < 0 else before
    until = len(index) if until is None else until
    usable = counts.usable[row]
    history = usable & (index < before) & (index >= before - 7 * WEEKS_OF_HISTORY)
    days = usable & (index >= since) & (index < until)
    weekdays = index % 7
    numbers = np.bincount(weekdays[history], minlength=7)
    # How much of each weekday's mean is expected, in total.
    wanted = np.bincount(weekdays[days], weights=counts.factors[row][days], minlength=7)
    share = wanted / np.maximum(numbers, 1)
    weights = np.where(history, share[weekdays], 0.0) / counts.factors[row]
    weights[days] = 0.0
    series, factors = counts.series[row], counts.factors[row]
    expected = float((series * weights).sum())
    sums = np.bincount(weekdays, weights=series / factors * history, minlength=7)
    fitted = (sums / np.maximum(numbers, 1))[weekdays] * factors
    residuals = (series - fitted) / np.sqrt(np.maximum(fitted, 1e-9))
    squares = float((residuals[history & (fitted > 0)] ** 2).sum())
    freedom = int(history.sum()) - int(np.count_nonzero(numbers))
    dispersion = squares / max(1, freedom)
    noise = max(1.0, dispersion) * expected * (1 + 1 / WEEKS_OF_HISTORY)
    return Change(
        since, float(series[days].sum()), expected, weights, float(np.sqrt(noise))
    )
