"""The gamma-gamma model: how much a purchase of each buyer is worth.

Amounts of one member vary around a mean, and the means of members vary, both by gamma
distributions. Members with few purchases are drawn towards the mean of everyone. Source:
P. Fader and B. Hardie, "The gamma-gamma model of monetary value" (2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from qunce.insight.lifetime_value import fitting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.insight.lifetime_value.fitting import Fit
    from qunce.insight.lifetime_value.purchases import Purchases

    Floats = NDArray[np.float64]

START = (6.0, 4.0, 15.0)
SAME = 0.01
"""Relative deviation of amounts below which they count as equal."""


@dataclass(frozen=True)
class SpendModel:
    """The three parameters; amounts are in units of `scale`, the mean of all spends."""

    p: float
    q: float
    v: float
    scale: float

    def expected(self, purchases: Purchases) -> Floats:
        """The expected amount of a purchase of each buyer, shape (n,)."""
        x = purchases.frequency
        spend = purchases.spend / self.scale
        mean = self.p * (self.v + x * spend) / (self.p * x + self.q - 1)
        return np.asarray(mean * self.scale, dtype=np.float64)


def from_logs(logs: Floats, scale: float) -> SpendModel:
    p, q, v = (float(number) for number in np.exp(logs))
    # q is above 1, as the mean of all members would be infinite otherwise.
    return SpendModel(p, 1 + q, v, scale)


def mean_spend(purchases: Purchases) -> float:
    """The scale of the model: the mean spend of those who bought again and paid."""
    spend = purchases.spend[_is_usable(purchases)]
    return float(spend.mean()) if len(spend) else 1.0


def fit(purchases: Purchases, scale: float) -> Fit | None:
    """The parameters of greatest likelihood, from buyers who bought again and paid.

    None if all paid about the same, so that the scale says all. Raises NotFitted if the
    amounts do not determine the model.
    """
    chosen = _is_usable(purchases)
    x, amounts = purchases.frequency[chosen], purchases.spend[chosen] / scale
    if not len(amounts) or amounts.std() < SAME:
        return None
    log_amounts, log_x = np.log(amounts), np.log(x)

    def loss(logs: Floats) -> float:
        model = from_logs(logs, scale)
        p, q, v = model.p, model.q, model.v
        with np.errstate(all="ignore"):
            return -float(
                np.sum(
                    scipy.special.gammaln(p * x + q)
                    - scipy.special.gammaln(p * x)
                    - scipy.special.gammaln(q)
                    + q * np.log(v)
                    + (p * x - 1) * log_amounts
                    + p * x * log_x
                    - (p * x + q) * np.log(x * amounts + v)
                )
            )

    return fitting.minimise(loss, np.log([START[0], START[1] - 1, START[2]]))


def _is_usable(purchases: Purchases) -> NDArray[np.bool_]:
    return (purchases.frequency > 0) & (purchases.spend > 0)
