"""Effects: the difference of two arms, with its standard error.

`difference` compares means, and `adjusted_difference` takes out what was known before
the start (CUPED: Deng, Xu, Kohavi and Walker 2013).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qunce.insight.experiments import arms
from qunce.insight.experiments.arms import Arm


@dataclass(frozen=True)
class Effect:
    difference: float
    standard_error: float


def difference(treated: Arm, control: Arm) -> Effect:
    """Means of `treated` minus means of `control`."""
    return Effect(
        treated.mean - control.mean,
        math.sqrt(
            _of_mean(treated.variance, treated) + _of_mean(control.variance, control)
        ),
    )


def adjusted_difference(treated: Arm, control: Arm) -> Effect:
    """The difference after the part that `x` explains is removed from both arms.

    It is unbiased, because `x` was measured before the arms were drawn, and its variance
    is smaller by the square of the correlation between `x` and `y`.
    """
    both = arms.pool(treated, control)
    slope = both.covariance / both.x_variance if both.x_variance else 0.0

    def mean(arm: Arm) -> float:
        return arm.mean - slope * (arm.x_mean - both.x_mean)

    def variance(arm: Arm) -> float:
        left = arm.variance + slope**2 * arm.x_variance - 2 * slope * arm.covariance
        return max(left, 0.0)

    error = _of_mean(variance(treated), treated) + _of_mean(variance(control), control)
    return Effect(mean(treated) - mean(control), math.sqrt(error))


def _of_mean(variance: float, arm: Arm) -> float:
    """The variance of a mean; infinite for an arm that cannot show one."""
    return variance / arm.size if arm.size > 1 else math.inf
