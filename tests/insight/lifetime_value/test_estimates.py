"""Estimates of a community: what they need, whom they count, and whether they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.insight import breakdowns
from qunce.insight.lifetime_value import buying_model, estimates, purchases
from qunce.insight.lifetime_value.buying_model import BuyingModel
from qunce.insight.lifetime_value.estimates import NotEnoughOrders
from qunce.insight.lifetime_value.fitting import Fit
from qunce.insight.lifetime_value.purchases import Purchases
from qunce.members.accounts import queries as account_queries
from qunce.sales.order_facts import OrderPaid
from qunce.sets.mirror import deriver
from tests import clients, factories

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
MEMBERS = 160


def shop(spans: dict[int, list[int]]) -> Community:
    """A shop whose member n bought as many days ago as `spans` says, for 1,000 each."""
    made = factories.community(timezone="UTC", language="en", at=NOW - 400 * DAY)
    ids = [
        *factories.members(
            made,
            *(f"a{n}" for n in range(MEMBERS // 2)),
            at=NOW - 400 * DAY,
            source="card",
        ),
        *factories.members(
            made,
            *(f"b{n}" for n in range(MEMBERS // 2)),
            at=NOW - 400 * DAY,
            source="shop",
        ),
    ]
    rows = [
        (
            OrderPaid(account=ids[n], order=f"{n}-{ago}", amount=1000, currency="CNY"),
            ago,
        )
        for n, days in spans.items()
        for ago in days
    ]
    facts.record_many(
        [fact for fact, _ago in rows],
        community=made,
        by=None,
        at=NOW,
        happened_at=[NOW - ago * DAY for _fact, ago in rows],
    )
    deriver.catch_up()
    return made


def whenever() -> dict[int, list[int]]:
    """Days ago on which each member bought, at random; some stop."""
    random = np.random.default_rng(8)
    spans = {}
    for n in range(MEMBERS):
        ago, days = float(random.integers(200, 390)), []
        while ago > 0:
            days.append(int(ago))
            ago -= 1 + random.exponential(40 if n % 2 else 90)
            if random.random() < 0.12:
                break
        spans[n] = days
    return spans


def test_buyers_are_estimated_by_source_and_tested() -> None:
    """I7"""
    made = shop(whenever())
    by = staff_models.system(made)
    found = estimates.estimate(
        by=by, at=NOW, days=90, breakdown=breakdowns.parse("source")
    )
    assert (found.whole.buyers, found.fitted) == (MEMBERS, MEMBERS)
    assert {part.key: part.buyers for part in found.parts} == {
        "card": MEMBERS // 2,
        "shop": MEMBERS // 2,
    }
    orders, amount = found.whole.orders, found.whole.amount
    assert orders and amount
    assert orders.low < orders.value < orders.high
    assert amount.value == pytest.approx(1000 * orders.value, rel=0.01)
    parts = [part.orders for part in found.parts]
    assert sum(part.value for part in parts if part) == pytest.approx(orders.value)
    assert 0 < found.active < MEMBERS
    assert sum(row.buyers for row in found.backtest.rows) <= MEMBERS
    assert found.backtest.holds
    # Whoever has left buys nothing; the others stay.
    factories.leave(made, "a0", at=NOW - DAY)
    assert estimates.estimate(by=by, at=NOW).whole.buyers == MEMBERS - 1

    api = clients.create_client(made)
    body = api.get("/lifetime-value?days=90&by=source").body
    assert body["whole"]["buyers"] == MEMBERS - 1
    assert {part["key"] for part in body["parts"]} == {"shop", "card"}
    assert api.get("/lifetime-value?days=91").status == 422

    page = clients.browser(factories.staff(made)).get(
        "/insight/lifetime-value/?days=90&by=source"
    )
    text = page.content.decode()
    assert "159 buyers are expected to order about" in text
    assert "inside the interval" in text


def test_an_estimate_is_kept_until_an_order_is_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = shop({n: days for n, days in whenever().items() if n})
    by = staff_models.system(made)
    fitted: list[int] = []
    fit = buying_model.fit

    def count_and_fit(bought: Purchases) -> Fit:
        fitted.append(len(bought))
        return fit(bought)

    monkeypatch.setattr(buying_model, "fit", count_and_fit)
    first = estimates.estimate(by=by, at=NOW)
    assert estimates.estimate(by=by, at=NOW) == first
    # All orders, and those before the days that are kept back.
    assert len(fitted) == 2

    buyer = account_queries.find(made, ["a0"])["a0"]
    for ago, buyers in ((0, MEMBERS - 1), (40, MEMBERS)):
        order = OrderPaid(
            account=buyer, order=f"late-{ago}", amount=1000, currency="CNY"
        )
        when = NOW - ago * DAY
        facts.record_many([order], community=made, by=None, at=NOW, happened_at=[when])
        deriver.catch_up()
        # Today is not complete, so that its orders change nothing.
        assert estimates.estimate(by=by, at=NOW).whole.buyers == buyers
        assert len(fitted) == (2 if buyers < MEMBERS else 4)


def test_reasons_without_an_estimate() -> None:
    made = shop({n: [n % 50 + 1] for n in range(MEMBERS)})
    by = staff_models.system(made)
    with pytest.raises(NotEnoughOrders, match="180 days"):
        estimates.estimate(by=by, at=NOW)
    with pytest.raises(NotEnoughOrders, match="0 members bought again"):
        estimates.estimate(by=by, at=NOW + 200 * DAY)


def test_subscriptions_are_refused() -> None:
    made = shop({n: list(range(5, 300, 30)) for n in range(40)})
    with pytest.raises(NotEnoughOrders, match="subscription"):
        estimates.estimate(by=staff_models.system(made), at=NOW)


def test_few_buyers_have_no_estimate() -> None:
    spans = whenever()
    made = shop({n: days for n, days in spans.items() if n >= MEMBERS // 2 - 20})
    found = estimates.estimate(
        by=staff_models.system(made), at=NOW, breakdown=breakdowns.parse("source")
    )
    (small,) = [part for part in found.parts if part.buyers < 30]
    assert (small.key, small.buyers, small.orders, small.amount) == (
        "card",
        20,
        None,
        None,
    )


def test_nine_in_ten_intervals_contain_what_happens() -> None:
    true = BuyingModel(r=0.8, alpha=6.0, a=0.7, b=3.0)
    inside = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        bought, later = simulate(true, 300, 40.0, 20.0, random)
        models = estimates.fit_models(bought)
        drawn, _amounts = estimates.simulate_totals(bought, models, 20.0)
        low, high = np.percentile(drawn, estimates.LEVEL)
        inside += low <= later <= high
    assert inside >= 15


def simulate(
    model: BuyingModel,
    number: int,
    weeks: float,
    more: float,
    random: np.random.Generator,
) -> tuple[purchases.Purchases, int]:
    """Members who behave as the model says, and what they buy in `more` weeks."""
    rows, later = [], 0
    for _ in range(number):
        rate, stopping = (
            random.gamma(model.r, 1 / model.alpha),
            random.beta(model.a, model.b),
        )
        now = last = 0.0
        count = 0
        while (now := now + random.exponential(1 / rate)) <= weeks + more:
            if now > weeks:
                later += 1
            else:
                last, count = now, count + 1
            if random.random() < stopping:
                break
        rows.append((count, last, weeks, random.gamma(4, 5) if count else 0.0))
    columns = np.array(rows, dtype=np.float64).T
    return purchases.Purchases(np.arange(number), *columns), later
