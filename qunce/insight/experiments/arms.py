"""Arms: what an experiment measured, summed over everybody who was assigned.

Everyone who was assigned counts, also if their message was skipped or failed. Leaving
them out would compare people who differ in more than the message. People without a value
have 0, because a metric of an experiment is a sum per person (orders, spend).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap


@dataclass(frozen=True)
class Values:
    """One number per person: `ids` ascending and distinct, `amounts` of equal length."""

    ids: NDArray[np.int64]
    amounts: NDArray[np.float64]

    def among(self, people: BitMap) -> Values:
        """The values of these people."""
        inside = np.isin(self.ids, np.asarray(people.to_array(), dtype=np.int64))
        return Values(self.ids[inside], self.amounts[inside])


NO_VALUES = Values(np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(frozen=True)
class Arm:
    """Size, means, sample variances and covariance of a metric `y` and a second one `x`.

    `x` is what was known before the start, such as the same metric, for CUPED.
    Variances divide by size − 1.
    """

    size: int
    mean: float
    variance: float
    x_mean: float = 0.0
    x_variance: float = 0.0
    covariance: float = 0.0


def measure(assigned: BitMap, y: Values, x: Values = NO_VALUES) -> Arm:
    """The arm of all `assigned`; values of other people are not counted."""
    size = len(assigned)
    y, x = y.among(assigned), x.among(assigned)
    _ids, in_y, in_x = np.intersect1d(
        y.ids, x.ids, assume_unique=True, return_indices=True
    )
    products = float(np.dot(y.amounts[in_y], x.amounts[in_x]))
    y_mean, y_variance = _moments(size, y.amounts)
    x_mean, x_variance = _moments(size, x.amounts)
    covariance = 0.0
    if size > 1:
        covariance = (products - size * y_mean * x_mean) / (size - 1)
    return Arm(size, y_mean, y_variance, x_mean, x_variance, covariance)


def _moments(size: int, amounts: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and variance of `amounts` and as many zeros as are missing to `size`."""
    if size == 0:
        return 0.0, 0.0
    mean = float(amounts.sum()) / size
    if size == 1:
        return mean, 0.0
    zeros = size - len(amounts)
    squares = float(np.square(amounts - mean).sum()) + zeros * mean * mean
    return mean, squares / (size - 1)


def pool(first: Arm, second: Arm) -> Arm:
    """Both arms as one."""
    size = first.size + second.size
    if size < 2:
        return first if first.size else second
    shares = first.size / size, second.size / size
    mean = shares[0] * first.mean + shares[1] * second.mean
    x_mean = shares[0] * first.x_mean + shares[1] * second.x_mean
    between = first.size * second.size / size
    apart, x_apart = first.mean - second.mean, first.x_mean - second.x_mean
    inner = first.size - 1, second.size - 1

    def together(a: float, b: float, distance: float) -> float:
        return (inner[0] * a + inner[1] * b + between * distance) / (size - 1)

    return Arm(
        size,
        mean,
        together(first.variance, second.variance, apart * apart),
        x_mean,
        together(first.x_variance, second.x_variance, x_apart * x_apart),
        together(first.covariance, second.covariance, apart * x_apart),
    )
