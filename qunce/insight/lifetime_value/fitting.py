"""Finding parameters of greatest likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from qunce.core import errors

BOUND = 12.0
"""The largest logarithm of a parameter; at this edge the data do not determine it."""


class NotFitted(errors.Refused):
    """The purchases do not determine the model."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The purchases do not determine how often members will buy. More "
                "members who bought several times are needed."
            )
        )


MAX_DEVIATION = 2.0
"""The standard deviation of a logarithm from which on a parameter is not determined."""
PRIOR_DEVIATION = 1.5
STEP = 1e-3
"""Of the logarithms, for the curvature of the likelihood."""
ATTEMPTS = 2
"""The second begins where the first ended, with nothing learned of the curvature."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """The logarithms of parameters at which a loss is least, and how sure they are.

    `covariance` has shape (k, k) for k parameters.
    """

    logs: Floats
    covariance: Floats
    loss: float

    def draw(self, number: int, random: np.random.Generator) -> Floats:
        """Logarithms that fit about as well, shape (number, k)."""
        return random.multivariate_normal(self.logs, self.covariance, size=number)


def minimise(loss: Callable[[Floats], float], start: Floats) -> Fit:
    """The logarithms of parameters of least loss, from `start`.

    Few purchases do not determine every parameter. Those that are left open are then
    expected near `start`, and the covariance says how little that is. Raises NotFitted if
    even so there is no clear minimum.
    """

    def loss_with_prior(logs: Floats) -> float:
        return loss(logs) + float((((logs - start) / PRIOR_DEVIATION) ** 2).sum()) / 2

    fit = _minimise(loss, start) or _minimise(loss_with_prior, start)
    if fit is None:
        raise NotFitted
    return fit


def _minimise(loss: Callable[[Floats], float], start: Floats) -> Fit | None:
    # Of the order of 1, since tolerances of gradients are absolute. Nelder-Mead finds the
    # same minima, but needs up to eight thousand losses where a parameter is left open.
    scale = max(abs(loss(start)), 1.0)
    here = start
    for _attempt in range(ATTEMPTS):
        found = scipy.optimize.minimize(
            lambda logs: loss(logs) / scale,
            here,
            method="L-BFGS-B",
            bounds=[(-BOUND, BOUND)] * len(start),
            options={"ftol": 1e-13, "gtol": 1e-8},
        )
        here = found.x
    if not np.isfinite(found.fun) or np.abs(here).max() >= BOUND:
        return None
    try:
        covariance = np.linalg.inv(_curvature(loss, here))
        np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return None
    if np.sqrt(np.diag(covariance)).max() > MAX_DEVIATION:
        return None
    return Fit(here, np.asarray(covariance, dtype=np.float64), float(loss(here)))


def _curvature(loss: Callable[[Floats], float], here: Floats) -> Floats:
    """Second differences of the loss, shape (k, k)."""
    steps = np.eye(len(here)) * STEP
    result = np.zeros((len(here), len(here)))
    for i, first in enumerate(steps):
        for j, second in enumerate(steps[: i + 1]):
            corners = (
                loss(here + first + second)
                - loss(here + first - second)
                - loss(here - first + second)
                + loss(here - first - second)
            )
            result[i, j] = result[j, i] = corners / (4 * STEP**2)
    return result
