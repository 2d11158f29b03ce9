"""What members will still buy: estimates for many, each with an interval, and their test.

An estimate is of a community or of a part of it, never of one member: for one member the
interval would be wider than anything one could do with it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days, errors
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.insight import breakdowns, small_numbers
from qunce.insight.lifetime_value import (
    buying_model,
    fitting,
    purchases,
    spend_model,
)
from qunce.insight.lifetime_value.purchases import DAYS_PER_WEEK, Purchases
from qunce.sets import amounts, audiences, cohorts, daily_totals, timelines
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.insight.breakdowns import Breakdown
    from qunce.insight.lifetime_value.fitting import Fit
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

ORDER = "order.paid"
HORIZONS = (90, 180, 365)
"""Days ahead that can be asked for."""
DEFAULT_HORIZON = 365
MIN_HISTORY = 180
"""Days of orders without which nothing can be said about later ones."""
MAX_FITTED = 50_000
"""Buyers that the models are fitted to; of more, as many are chosen at random."""
MAX_SIMULATED = 10_000
DRAWS = 200
LEVEL = (5.0, 95.0)
"""The percentiles of an interval: nine in ten are expected to be right."""
KEPT_BACK = 3
"""The last third of the time is kept back to test the models."""
HIGHEST = 7
"""Buyers with as many repeat purchases or more are one row of the test."""
SEED = 20260


class NotEnoughOrders(errors.Refused):
    """There are too few orders, or they are of a kind that cannot be estimated."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval, `low` ≤ `value` ≤ `high`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PartValue:
    """What the buyers of one part will buy; None for fewer than 30 buyers.

    `amount` is in the smallest unit of the community's currency, before refunds.
    """

    key: str
    label: str
    buyers: int
    orders: Estimate | None
    amount: Estimate | None

    @property
    def amount_per_buyer(self) -> float | None:
        return self.amount.value / self.buyers if self.amount else None


@dataclass(frozen=True)
class BacktestRow:
    """Buyers with so many repeat purchases before, and what they bought afterwards."""

    frequency: int
    buyers: int
    expected: float
    observed: int


@dataclass(frozen=True)
class Backtest:
    """What models of the earlier time expected of the days that were kept back."""

    first: date
    last: date
    rows: tuple[BacktestRow, ...]
    expected: Estimate

    @property
    def observed(self) -> int:
        return sum(row.observed for row in self.rows)

    @property
    def holds(self) -> bool:
        """Whether what happened was inside the interval that was expected."""
        return self.expected.low <= self.observed <= self.expected.high


@dataclass(frozen=True)
class LifetimeValue:
    """`whole` is everyone whom the staff member sees; `parts` are those of a break-down.

    `fitted` is to how many buyers the models are fitted, `active` how many buyers are
    expected to still be buying.
    """

    days: int
    repeat_buyers: int
    fitted: int
    active: float
    whole: PartValue
    parts: tuple[PartValue, ...]
    backtest: Backtest


@dataclass(frozen=True)
class Models:
    """`spend` is None if a purchase of everyone is worth `scale`."""

    buying: Fit
    spend: Fit | None
    scale: float
    fitted: int

    def expected_spend(self, bought: Purchases, logs: Floats | None) -> Floats:
        if logs is None:
            return np.full(len(bought), self.scale)
        return spend_model.from_logs(logs, self.scale).expected(bought)


def check_horizon(days: int) -> None:
    if days not in HORIZONS:
        raise errors.Invalid(
            _("Choose one of these numbers of days: %(all)s.")
            % {"all": ", ".join(map(str, HORIZONS))}
        )


def estimate(
    *,
    by: Staff,
    at: datetime,
    days: int = DEFAULT_HORIZON,
    breakdown: Breakdown | None = None,
) -> LifetimeValue:
    """Raises NotEnoughOrders or NotFitted with the reason if there is no estimate."""
    check_horizon(days)
    parts = breakdowns.load_parts(breakdown, by=by, at=at) if breakdown else []
    # Only people whom the asker sees and who have not left.
    visible = audiences.people(
        community=by.community, rule=audiences.EVERYONE, by=by, at=at
    )
    return snapshots.run(
        by.community, at, lambda snap: _estimate(snap, visible, parts, days)
    )


@dataclass(frozen=True)
class _Basis:
    """What does not depend on the horizon, nor on a part of the buyers."""

    bought: Purchases
    models: Models
    active: float
    backtest: Backtest


def _estimate(
    snap: Snapshot, visible: BitMap, parts: Sequence[breakdowns.Part], days: int
) -> LifetimeValue:
    """An estimate in a snapshot. What takes long is cached until an order is added or a
    buyer comes or goes.
    """
    snap.load_revisions(())
    version = _version_of_orders(snap)
    orders = functools.cache(lambda: _load_orders(snap))
    buyers = snap.memoize("buyers", version, lambda: bitmaps.of(orders()[0]))
    seen = buyers & visible

    def fit() -> _Basis | None:
        chosen = np.isin(orders()[0], bitmaps.array_of(seen))
        people, order_days, sums = (column[chosen] for column in orders())
        try:
            return _fit(people, order_days, sums, snap.today)
        except fitting.NotFitted:
            # That takes longest of all, so that it is remembered, too.
            return None

    basis = snap.memoize(("lifetime value", daily_totals.digest(seen)), version, fit)
    if basis is None:
        raise fitting.NotFitted

    def value_of(key: str, label: str, people: BitMap) -> PartValue:
        def compute() -> tuple[int, Estimate | None, Estimate | None]:
            chosen = np.isin(basis.bought.people, bitmaps.array_of(people))
            return _value(basis.bought.select(chosen), basis.models, days)

        name = ("lifetime value of", days, daily_totals.digest(people))
        whole = daily_totals.digest(seen)
        return PartValue(key, label, *snap.memoize(name, (version, whole), compute))

    values = [value_of(part.key, part.label, part.people & seen) for part in parts]
    return LifetimeValue(
        days=days,
        repeat_buyers=int(np.count_nonzero(basis.bought.frequency)),
        fitted=basis.models.fitted,
        active=basis.active,
        whole=value_of("", _("All buyers"), seen),
        parts=tuple(value for value in values if value.buyers),
        backtest=basis.backtest,
    )


def _version_of_orders(snap: Snapshot) -> Hashable:
    kind = facts.find_kind(ORDER)
    kinds = [] if kind is None else [kind]
    first, last = cohorts.BEFORE_ALL_DAYS, snap.today - 1
    facts_of = daily_totals.facts_version(snap, kinds, first, last)
    # The SQL of the amount has the exchange rates.
    return facts_of, amounts.total(snap.community)


def _load_orders(snap: Snapshot) -> tuple[Ints, Ints, Ints]:
    """People, complete days and amounts, as of the snapshot."""
    rows = timelines.amounts_by_person_and_day(
        community=snap.community, kind=ORDER, at=snap.at
    )
    complete = rows[1] < snap.today
    people, days, sums = (column[complete] for column in rows)
    return people, days, sums


def _fit(people: Ints, days: Ints, sums: Ints, today: int) -> _Basis:
    _check_history(people, days, today)
    bought = purchases.summarise(people, days, sums, today - 1)
    # Both are asked before anything takes long, as a refusal is not remembered.
    _check_repeat(bought)
    _check_repeat(purchases.summarise(people, days, sums, _find_split(days, today - 1)))
    models = fit_models(bought)
    return _Basis(
        bought=bought,
        models=models,
        active=float(buying_model.from_logs(models.buying.logs).active(bought).sum()),
        backtest=_test(people, days, sums, today - 1),
    )


def prepare(*, at: datetime) -> None:
    """Estimate for every community, so that nobody waits for it: a visit finds it cached.

    It takes milliseconds while the last estimate holds.
    """
    for community in Community.objects.order_by("pk"):
        try:
            estimate(by=staff_models.system(community), at=at)
        except errors.Refused:
            continue


def _check_history(people: Ints, days: Ints, today: int) -> None:
    if not len(days) or today - int(days.min()) < MIN_HISTORY:
        raise NotEnoughOrders(
            _("There is nothing to estimate from: orders of %(n)s days are needed.")
            % {"n": MIN_HISTORY}
        )
    if purchases.looks_like_subscription(people, days):
        raise NotEnoughOrders(
            _(
                "Most members who buy again do so at even distances, like a "
                "subscription. This estimate is for purchases at any time."
            )
        )


def _check_repeat(bought: Purchases) -> None:
    repeat = int(np.count_nonzero(bought.frequency))
    if repeat < small_numbers.MIN_PEOPLE:
        raise NotEnoughOrders(
            _("Not enough to say: %(n)s members bought again, %(least)s are needed.")
            % {"n": repeat, "least": small_numbers.MIN_PEOPLE}
        )


def _find_split(days: Ints, last: int) -> int:
    """The last day of those that are not kept back to test the models."""
    return last - (last - int(days.min()) + 1) // KEPT_BACK


def fit_models(bought: Purchases) -> Models:
    _check_repeat(bought)
    sample = bought
    if len(bought) > MAX_FITTED:
        random = np.random.default_rng(SEED)
        mask = np.zeros(len(bought), dtype=bool)
        mask[random.choice(len(bought), MAX_FITTED, replace=False)] = True
        sample = bought.select(mask)
    scale = spend_model.mean_spend(sample)
    return Models(
        buying=buying_model.fit(sample),
        spend=spend_model.fit(sample, scale),
        scale=scale,
        fitted=len(sample),
    )


def _value(
    bought: Purchases, models: Models, days: int
) -> tuple[int, Estimate | None, Estimate | None]:
    """The number of buyers, and what they will order and pay."""
    if len(bought) < small_numbers.MIN_PEOPLE:
        return len(bought), None, None
    weeks = days / DAYS_PER_WEEK
    number = buying_model.from_logs(models.buying.logs).expected(bought, weeks)
    spend = models.expected_spend(bought, models.spend.logs if models.spend else None)
    orders, amounts = simulate_totals(bought, models, weeks)
    return (
        len(bought),
        _interval(float(number.sum()), orders),
        _interval(float((number * spend).sum()), amounts),
    )


def simulate_totals(
    bought: Purchases, models: Models, weeks: float
) -> tuple[Floats, Floats]:
    """Draws of the total number and amount, shapes (DRAWS,).

    They differ by chance and by how surely the models are known; of many buyers each draw
    takes others.
    """
    random = np.random.default_rng(SEED)
    buying = models.buying.draw(DRAWS, random)
    spending = models.spend.draw(DRAWS, random) if models.spend else None
    orders, amounts = np.zeros(DRAWS), np.zeros(DRAWS)
    size = min(len(bought), MAX_SIMULATED)
    for index in range(DRAWS):
        sample = bought
        if size < len(bought):
            sample = _choose(bought, random.integers(0, len(bought), size))
        model = buying_model.from_logs(buying[index])
        numbers = model.simulate(sample, weeks, random)
        spend = models.expected_spend(
            sample, None if spending is None else spending[index]
        )
        factor = len(bought) / size
        orders[index] = numbers.sum() * factor
        amounts[index] = float((numbers * spend).sum()) * factor
    return orders, amounts


def _choose(bought: Purchases, index: Ints) -> Purchases:
    return Purchases(
        bought.people[index],
        bought.frequency[index],
        bought.recency[index],
        bought.age[index],
        bought.spend[index],
    )


def _interval(value: float, draws: Floats) -> Estimate:
    low, high = (float(bound) for bound in np.percentile(draws, LEVEL))
    return Estimate(value, min(low, value), max(high, value))


def _test(people: Ints, days: Ints, amounts: Ints, last: int) -> Backtest:
    """Models of the first two thirds of the time, compared with the last third."""
    split = _find_split(days, last)
    before = purchases.summarise(people, days, amounts, split)
    observed = purchases.count_after(people, days, before.people, split + 1, last)
    weeks = (last - split) / DAYS_PER_WEEK
    models = fit_models(before)
    expected = buying_model.from_logs(models.buying.logs).expected(before, weeks)
    orders, _amounts = simulate_totals(before, models, weeks)
    groups = np.minimum(before.frequency, HIGHEST).astype(int)
    return Backtest(
        first=community_days.to_date(split + 1),
        last=community_days.to_date(last),
        rows=tuple(
            BacktestRow(
                frequency=frequency,
                buyers=int(np.count_nonzero(groups == frequency)),
                expected=float(expected[groups == frequency].sum()),
                observed=int(observed[groups == frequency].sum()),
            )
            for frequency in range(HIGHEST + 1)
            if np.any(groups == frequency)
        ),
        expected=_interval(float(expected.sum()), orders),
    )
