"""What an audience can show, before the start."""

from __future__ import annotations

import math

import scipy

from qunce.insight.experiments import sequential
from qunce.insight.experiments.sequential import ALPHA

POWER = 0.8


def planned_error(*, treated: int, control: int, variance: float) -> float:
    """Standard error of the difference of means if both arms have this variance."""
    if not (treated and control):
        return math.inf
    return math.sqrt(variance / treated + variance / control)


def smallest_effect(
    *,
    treated: int,
    control: int,
    variance: float,
    alpha: float = ALPHA,
    power: float = POWER,
) -> float:
    """The smallest difference that is found with probability `power` by the last look."""
    error = planned_error(treated=treated, control=control, variance=variance)
    if error == 0 or math.isinf(error):
        return error
    critical = sequential.critical_value(error, error, alpha)
    return error * (critical + float(scipy.special.ndtri(power)))
