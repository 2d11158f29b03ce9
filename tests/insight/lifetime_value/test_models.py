"""The models give what is published about CDNOW's customers, and hold on data of theirs."""

from __future__ import annotations

import csv
import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from qunce.insight.lifetime_value import (
    buying_model,
    fitting,
    purchases,
    spend_model,
)
from qunce.insight.lifetime_value.buying_model import BuyingModel
from qunce.insight.lifetime_value.fitting import Fit
from qunce.insight.lifetime_value.purchases import Purchases


@cache
def cdnow() -> Purchases:
    """The published tenth of CDNOW's customers, times in weeks, amounts in dollars."""
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "datasets"
    name = "cdnow_customers_summary_with_transactions.csv"
    with (folder / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = [
        np.array([float(row[name]) for row in rows])
        for name in ("x", "t_x", "T", "zbar")
    ]
    return Purchases(np.arange(len(rows)), *columns)


@cache
def fitted() -> Fit:
    return buying_model.fit(cdnow())


def test_cdnow_gives_the_published_parameters() -> None:
    model = buying_model.from_logs(fitted().logs)
    assert (
        round(model.r, 3),
        round(model.alpha, 3),
        round(model.a, 3),
        round(model.b, 3),
    ) == (0.243, 4.414, 0.793, 2.426)
    assert -fitted().loss == pytest.approx(-9582.4, abs=0.05)


def test_cdnow_gives_the_published_expectation_of_one_customer() -> None:
    # Bought twice, last after 30.43 weeks, observed for 38.86; the next 39 weeks.
    model = buying_model.from_logs(fitted().logs)
    one = cdnow().select(np.arange(len(cdnow())) == 0)
    assert model.expected(one, 39.0)[0] == pytest.approx(1.226, abs=0.001)


def test_cdnow_gives_the_published_parameters_of_spend() -> None:
    scale = spend_model.mean_spend(cdnow())
    fit = spend_model.fit(cdnow(), scale)
    assert fit is not None
    model = spend_model.from_logs(fit.logs, scale)
    found = (round(model.p, 2), round(model.q, 2), round(model.v * scale, 2))
    assert found == pytest.approx((6.25, 3.74, 15.44), abs=0.011)


def test_simulated_numbers_have_the_expected_mean() -> None:
    model = buying_model.from_logs(fitted().logs)
    random = np.random.default_rng(3)
    drawn = [model.simulate(cdnow(), 39.0, random).sum() for _ in range(100)]
    expected = float(model.expected(cdnow(), 39.0).sum())
    assert np.mean(drawn) == pytest.approx(expected, rel=0.01)


def test_parameters_of_simulated_members_are_found() -> None:
    true = BuyingModel(r=0.8, alpha=6.0, a=0.7, b=3.0)
    random = np.random.default_rng(11)
    found = buying_model.fit(simulate(true, 4000, 60.0, random))
    errors = np.abs(found.logs - np.log([0.8, 6.0, 0.7, 3.0]))
    assert (errors < 4 * np.sqrt(np.diag(found.covariance))).all()


def simulate(
    model: BuyingModel, number: int, weeks: float, random: np.random.Generator
) -> Purchases:
    """Members who behave as the model says, purchase by purchase."""
    rows = []
    for _ in range(number):
        rate = random.gamma(model.r, 1 / model.alpha)
        stopping = random.beta(model.a, model.b)
        now = last = 0.0
        count = 0
        while True:
            now += random.exponential(1 / rate)
            if now > weeks:
                break
            last, count = now, count + 1
            if random.random() < stopping:
                break
        rows.append((count, last, weeks, 10.0 if count else 0.0))
    columns = np.array(rows, dtype=np.float64).T
    return Purchases(np.arange(number), *columns)


def test_few_purchases_leave_the_open_parameters_near_the_start() -> None:
    random = np.random.default_rng(4)
    few = simulate(BuyingModel(r=3.0, alpha=20.0, a=0.2, b=40.0), 60, 40.0, random)
    found = buying_model.fit(few)
    assert np.sqrt(np.diag(found.covariance)).max() < fitting.MAX_DEVIATION
    model = buying_model.from_logs(found.logs)
    expected = float(model.expected(few, 10.0).sum())
    # Nobody stops and everyone buys every seventh week.
    assert expected == pytest.approx(60 * 10 * 3 / 20, rel=0.25)


def test_purchases_are_summarised_by_member() -> None:
    people = np.array([1, 1, 1, 2, 3, 3])
    days = np.array([0, 7, 21, 14, 0, 40])
    amounts = np.array([100, 30, 50, 70, 10, 99])
    found = purchases.summarise(people, days, amounts, last_day=28)
    assert found.people.tolist() == [1, 2, 3]
    assert found.frequency.tolist() == [2, 0, 0]
    assert found.recency.tolist() == [3, 0, 0]
    assert found.age.tolist() == [4, 2, 4]
    # The mean of the repeat purchases, without the first.
    assert found.spend.tolist() == [40, 0, 0]
    after = purchases.count_after(people, days, found.people, 29, 50)
    assert after.tolist() == [0, 0, 1]


def test_renewals_are_distinguished_from_purchases_at_any_time() -> None:
    people = np.repeat(np.arange(20), 6)
    renewals = np.tile(np.arange(6) * 30, 20)
    assert purchases.looks_like_subscription(people, renewals)
    random = np.random.default_rng(2)
    whenever = np.cumsum(random.exponential(30, (20, 6)).astype(int) + 1, axis=1)
    assert not purchases.looks_like_subscription(people, whenever.ravel())
