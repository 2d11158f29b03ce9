"""The BG/NBD model: how often buyers buy while they do, and when they stop.

While active, a member buys at random times with a rate that differs from member to member
by a gamma distribution (r, alpha). After each purchase they stop with a probability that
differs by a beta distribution (a, b). Source: P. Fader, B. Hardie and K. Lee, "Counting
your customers the easy way", Marketing Science 24 (2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from qunce.insight.lifetime_value import fitting

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from qunce.insight.lifetime_value.fitting import Fit
    from qunce.insight.lifetime_value.purchases import Purchases

    Floats = NDArray[np.float64]

START = (0.5, 5.0, 1.0, 3.0)


@dataclass(frozen=True)
class BuyingModel:
    """The four parameters, with times in weeks."""

    r: float
    alpha: float
    a: float
    b: float

    def active(self, purchases: Purchases) -> Floats:
        """The probability that each buyer has not stopped yet, shape (n,)."""
        x, t_x, age = purchases.frequency, purchases.recency, purchases.age
        odds = (self.r + x) * np.log((self.alpha + age) / (self.alpha + t_x))
        stopped = self.a / (self.b + np.maximum(x, 1) - 1) * np.exp(odds)
        return np.where(x > 0, 1 / (1 + stopped), 1.0)

    def expected(self, purchases: Purchases, weeks: float) -> Floats:
        """How often each buyer is expected to buy in the next `weeks`, shape (n,)."""
        x, age = purchases.frequency, purchases.age
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        # The formula divides by a - 1, but has a limit there.
        a = a if abs(a - 1) > 1e-6 else 1 + 1e-6
        share = ((alpha + age) / (alpha + age + weeks)) ** (r + x)
        series = scipy.special.hyp2f1(
            r + x, b + x, a + b + x - 1, weeks / (alpha + age + weeks)
        )
        number = (a + b + x - 1) / (a - 1) * (1 - share * series)
        return np.asarray(number * self.active(purchases), dtype=np.float64)

    def simulate(
        self, purchases: Purchases, weeks: float, random: Generator
    ) -> NDArray[np.int64]:
        """Draw how often each buyer buys in the next `weeks`, shape (n,)."""
        x, age = purchases.frequency, purchases.age
        rates = random.gamma(self.r + x, 1 / (self.alpha + age))
        stopping = random.beta(np.full(len(x), self.a), self.b + x)
        # Whoever stops does so right after a purchase, which still counts.
        most = random.geometric(np.clip(stopping, 1e-12, 1.0))
        numbers = np.minimum(random.poisson(rates * weeks), most)
        is_active = random.random(len(x)) < self.active(purchases)
        return np.where(is_active, numbers, 0)


def from_logs(logs: Floats) -> BuyingModel:
    return BuyingModel(*(float(number) for number in np.exp(logs)))


def fit(purchases: Purchases) -> Fit:
    """The parameters of greatest likelihood. Raises NotFitted if there are none.

    `from_logs` makes models of the fit and of what is drawn from it.
    """
    columns = np.stack([purchases.frequency, purchases.recency, purchases.age])
    # Many buyers are alike, so that equal ones are computed once.
    rows, numbers = np.unique(columns, axis=1, return_counts=True)
    likelihood = Likelihood(*rows)

    def loss(logs: Floats) -> float:
        with np.errstate(all="ignore"):
            return -float(likelihood.of_each(*np.exp(logs)) @ numbers)

    return fitting.minimise(loss, np.log(START))


class Likelihood:
    """The log-likelihood of parameters, for buyers of frequency, recency and age.

    Each number has few values, so that functions of it are computed once per value and
    not once per buyer: a fit asks a thousand times.
    """

    def __init__(self, x: Floats, t_x: Floats, age: Floats) -> None:
        self._xs, self._x = np.unique(x, return_inverse=True)
        self._times, self._time = np.unique(t_x, return_inverse=True)
        self._ages, self._age = np.unique(age, return_inverse=True)
        self._has_bought = x > 0

    def of_each(self, r: float, alpha: float, a: float, b: float) -> Floats:
        """The log-likelihood of each buyer, shape (n,)."""
        gammaln, x = scipy.special.gammaln, self._xs
        bought = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        kept = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        stopping = np.log(a) - np.log(b + np.maximum(x, 1) - 1)
        exponent = (r + x)[self._x]
        is_active = -exponent * np.log(alpha + self._ages)[self._age]
        stopped_at = exponent * np.log(alpha + self._times)[self._time]
        has_stopped = stopping[self._x] - stopped_at
        either = np.where(
            self._has_bought, np.logaddexp(is_active, has_stopped), is_active
        )
        return np.asarray((bought + kept)[self._x] + either, dtype=np.float64)
