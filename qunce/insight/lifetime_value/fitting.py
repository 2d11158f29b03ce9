"""Finding parameters of greatest likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from numpy.typing import NDArray
from scipy import optimize

from qunce.core import errors

BOUND = 12.0
"""The largest logarithm of a parameter; at this edge the data do not determine it."""


UNDETERMINED = gettext_noop(
    "The purchases do not determine how often members will buy. More members who bought "
    "several times are needed."
)


class NotFitted(errors.Refused):
    """The purchases do not determine the model."""


STEP = 1e-3
"""Of the logarithms, for the curvature of the likelihood."""

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
    """Raises NotFitted if the least loss is at the edge, or is not a clear one."""
    found = optimize.minimize(
        loss, start, method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-7}
    )
    found = optimize.minimize(
        loss, found.x, method="L-BFGS-B", bounds=[(-BOUND, BOUND)] * len(start)
    )
    if not np.isfinite(found.fun) or np.abs(found.x).max() >= BOUND:
        raise NotFitted(_(UNDETERMINED))
    curvature = _curvature(loss, found.x)
    try:
        covariance = np.linalg.inv(curvature)
        np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        raise NotFitted(_(UNDETERMINED)) from error
    return Fit(found.x, np.asarray(covariance, dtype=np.float64), float(found.fun))


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
