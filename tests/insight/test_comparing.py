from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.insight import metric_definitions, metrics, period_comparison
from qunce.insight.period_comparison import Comparison
from qunce.members.accounts import accounts
from qunce.sales import orders
from qunce.sets.mirror import deriver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)


@pytest.fixture
def shop() -> Community:
    return communities.create(key="shop", at=NOW, currency="USD", timezone="UTC")


@pytest.fixture
def by(shop: Community) -> Staff:
    return staff_models.system(shop)


def pay(shop: Community, ago: int, amount: int = 1050, who: int | None = None) -> None:
    orders.record_payment(
        community=shop,
        key=f"{ago}-{who}",
        account=who,
        amount=amount,
        currency="USD",
        paid_at=NOW - timedelta(days=ago),
        by=None,
        at=NOW,
    )


def told(shop: Community, by: Staff, span: int = 28) -> dict[str, Comparison]:
    deriver.catch_up()
    found = period_comparison.of_community(community=shop, by=by, at=NOW, span=span)
    return {number.term.name: number for number in found}


def test_days_that_are_over_are_compared_and_today_stands_apart(
    shop: Community, by: Staff
) -> None:
    """I16"""
    for ago in (0, 1, 28, 29, 56, 57):
        pay(shop, ago)
    number = told(shop, by)["orders"]
    assert (number.total, number.total_before) == (2, 2)
    assert number.change == 0
    assert number.values[-1] == 1
    assert len(number.values) == 29
    assert len(number.before) == 28


def test_money_is_told_in_whole_units(shop: Community, by: Staff) -> None:
    pay(shop, 1)
    pay(shop, 2, 995)
    number = told(shop, by)["sales"]
    assert (number.told, number.unit) == ("20.45", "USD")
    assert number.told_change == ""


def test_people_who_come_on_several_days_are_not_added_up(
    shop: Community, by: Staff
) -> None:
    ann = accounts.create(community=shop, key="ann", by=by, at=NOW).pk
    for ago in range(1, 8):
        pay(shop, ago, who=ann)
    number = told(shop, by, span=7)["buyers"]
    assert number.total == 1
    assert number.told == "1.0"


def test_the_figure_lays_the_days_before_under_the_days(
    shop: Community, by: Staff
) -> None:
    pay(shop, 28)
    pay(shop, 56)
    figure = told(shop, by)["orders"].figure
    now, before = figure.lines
    assert now.values[0] == before.values[0] == 1
    assert figure.unfinished
    assert before.values[-1] is None


def test_every_number_is_in_the_dictionary_once() -> None:
    """I16"""
    assert set(metric_definitions.TERMS) == {*metrics.OF_COMMUNITY, *metrics.OF_GROUP}
    words = [str(term.words) for term in metric_definitions.TERMS.values()]
    assert len(set(words)) == len(words)
