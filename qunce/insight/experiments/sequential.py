"""Intervals that stay right however often somebody looks.

An ordinary 95 % interval is right for one look at a time fixed beforehand. Looked at
daily until it excludes zero, it finds an effect where there is none far more often than
in 5 %. `interval` covers the true difference at all looks together with probability
1 − alpha: a normal-mixture confidence sequence (Robbins 1970; asymptotically Waudby-Smith,
Arbour, Sinha, Kennedy and Ramdas 2021). `y` has to grow with time (orders since the start), so that
the variance of the difference is the clock of the sequence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qunce.insight.experiments.effects import Effect

ALPHA = 0.05
"""The probability with which an interval misses the true difference at any look."""


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


def interval(effect: Effect, planned_error: float, alpha: float = ALPHA) -> Interval:
    """The interval of a look, narrowest when the error is `planned_error`.

    `planned_error` has to be chosen before the start: the standard error that is
    expected at the end (see `power.planned_error`).
    """
    return _around(
        effect,
        effect.standard_error
        * critical_value(effect.standard_error, planned_error, alpha),
    )


def critical_value(error: float, planned_error: float, alpha: float = ALPHA) -> float:
    """How many standard errors `interval` reaches to each side."""
    if error == 0 or math.isinf(error):
        return math.inf
    spread = -2 * math.log(alpha)
    # The variance of the mixture that makes the interval narrowest at `planned_error`.
    mixture = planned_error**2 / (spread + math.log(spread) + 1)
    variance = error**2
    if mixture == 0:
        return math.inf
    grown = (variance + mixture) / mixture
    return math.sqrt((1 + mixture / variance) * (math.log(grown) + spread))


def _around(effect: Effect, half_width: float) -> Interval:
    # Without any spread nothing is known yet, not even that the difference is zero.
    if math.isnan(half_width) or math.isinf(half_width):
        return Interval(-math.inf, math.inf)
    return Interval(effect.difference - half_width, effect.difference + half_width)
