"""K8: an explanation says what was found: when, in which order, and money as money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts.models import Account
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

LOCAL = "%Y-%m-%d %H:%M"


@pytest.fixture
def shop(transactional_db: None) -> Community:
    """Ann paid 120.00 and 80.50 yuan, a day apart, and was refunded 20.00 later."""
    shop = factories.community(timezone="UTC", language="en")
    factories.member(shop, "ann", joined_at=AT)
    factories.member(shop, "bob", joined_at=AT)
    factories.order(shop, "ann", amount=12_000, paid_at=day(1))
    factories.order(shop, "ann", amount=8_050, paid_at=day(2))
    factories.refund(shop, "o1", amount=2_000, at=day(4))
    deriver.catch_up()
    return shop


def day(number: int) -> Any:
    return AT + timedelta(days=number)


def time(number: int) -> str:
    return str(day(number).strftime(LOCAL))


def explain(shop: Community, rule: Any, key: str = "ann") -> str:
    explanation = audiences.explain(
        community=shop,
        rule=rule,
        by=staff_models.system(shop),
        at=day(9),
        account=Account.objects.get(key=key).pk,
    )
    return explanation.reasons[-1].text


def test_first_and_last_time_are_named_with_their_amounts(shop: Community) -> None:
    rule = {"did": {"kind": "order.paid", "first": {"within": "30d"}}}
    assert f"the first time was {time(1)} (CNY 120.00)" in explain(shop, rule)
    assert "the first time was never" in explain(shop, rule, "bob")
    rule = {"did": {"kind": "order.paid", "last": {"before": "30d"}}}
    text = explain(shop, rule)
    assert f"the last time was {time(2)} (CNY 80.50)" in text
    assert "(required: more than 30 days ago)" in text


def test_sums_of_money_are_money(shop: Community) -> None:
    total = {"field": "amount", "gte": 10_000, "lt": 30_000}
    text = explain(shop, {"did": {"kind": "order.paid", "sum": total}})
    assert "total amount is CNY 200.50 (required: ≥ CNY 100.00, < CNY 300.00)" in text
    average = {"field": "amount", "gte": 10_025}
    text = explain(shop, {"did": {"kind": "order.paid", "average": average}})
    assert "average amount is CNY 100.25 (required: ≥ CNY 100.25)" in text
    text = explain(shop, {"did": {"kind": "order.paid", "max": average}}, "bob")
    assert "highest amount is not known" in text


def test_sequence_names_every_step_that_was_found(shop: Community) -> None:
    steps = [{"kind": "order.paid"}, {"kind": "order.refunded"}]
    text = explain(shop, {"seq": {"steps": steps, "within": "7d"}})
    found = f"found: paid an order {time(1)} (CNY 120.00) → was refunded for an order"
    assert f"{found} {time(4)} (CNY 20.00)" in text


def test_sequence_says_what_is_missing_or_too_slow(shop: Community) -> None:
    steps = [{"kind": "order.paid"}, {"kind": "order.refunded"}]
    text = explain(shop, {"seq": {"steps": steps, "within": "24h"}})
    # The quickest of the chains: from the second payment.
    assert f"paid an order {time(2)}" in text
    assert "which took 2 days" in text
    steps = [{"kind": "order.refunded"}, {"kind": "order.paid"}]
    text = explain(shop, {"seq": {"steps": steps}})
    assert text.endswith("(CNY 20.00), but no paid an order after that")
    assert explain(shop, {"seq": {"steps": steps}}, "bob").endswith("found: nothing")


def test_hours_of_the_day_are_part_of_the_text(shop: Community) -> None:
    hour = day(1).hour
    rule = {"did": {"kind": "order.paid", "hours": [hour, hour + 1]}}
    assert f"between {hour:02}:00 and {hour + 1:02}:00" in explain(shop, rule)
    assert "times: 2" in explain(shop, rule)
    rule = {"did": {"kind": "order.paid", "hours": [hour + 1, hour]}}
    assert "times: 0" in explain(shop, rule)
