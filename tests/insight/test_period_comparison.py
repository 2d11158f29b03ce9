"""Metrics of complete days compared with the days before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight import period_comparison
from qunce.insight.metric_definitions import METRICS
from qunce.insight.period_comparison import Comparison
from qunce.sets.mirror import deriver
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)


@pytest.fixture
def shop() -> Community:
    return factories.community(currency="USD", timezone="UTC")


def pay(
    shop: Community, ago: int, amount: int = 1050, account: int | None = None
) -> None:
    paid_at = NOW - timedelta(days=ago)
    factories.order(shop, account, amount, paid_at, key=f"{ago}-{account}", at=NOW)


def compare(shop: Community, by: Staff, span: int = 28) -> dict[str, Comparison]:
    deriver.catch_up()
    comparisons = period_comparison.compare_community(
        community=shop, by=by, at=NOW, span=span
    )
    return {comparison.metric.name: comparison for comparison in comparisons}


def test_complete_days_are_compared_without_today(shop: Community, by: Staff) -> None:
    """I16"""
    for ago in (0, 1, 28, 29, 56, 57):
        pay(shop, ago)
    comparison = compare(shop, by)["orders"]
    assert (comparison.total, comparison.previous_total) == (2, 2)
    assert comparison.change == 0
    assert comparison.values[-1] == 1
    assert len(comparison.values) == 29
    assert len(comparison.previous_values) == 28


def test_change_is_in_percent_of_the_previous_days(shop: Community, by: Staff) -> None:
    pay(shop, 1)
    for ago in (29, 30, 31):
        pay(shop, ago)
    comparison = compare(shop, by)["orders"]
    assert (comparison.total_text, comparison.previous_total_text) == ("1", "3")
    assert comparison.change_text == "\N{MINUS SIGN}66.7 %"


def test_money_is_in_whole_units(shop: Community, by: Staff) -> None:
    pay(shop, 1)
    pay(shop, 2, 995)
    comparison = compare(shop, by)["paid"]
    assert (comparison.total_text, comparison.unit) == ("20.45", "USD")
    assert comparison.change_text == ""


def test_people_of_several_days_count_once(shop: Community, by: Staff) -> None:
    ann, ben = factories.members(shop, "ann", "ben")
    for ago in range(1, 8):
        pay(shop, ago, account=ann)
    pay(shop, 2, account=ben)
    pay(shop, 9, account=ben)
    comparison = compare(shop, by, span=7)["buyers"]
    assert (comparison.total, comparison.previous_total) == (2, 1)
    assert comparison.total_text == "2"
    assert comparison.total_note


def test_total_of_a_moment_is_the_last_one(shop: Community, by: Staff) -> None:
    for ago in (20, 3, 0):
        factories.member(shop, f"m{ago}", joined_at=NOW - timedelta(days=ago), at=NOW)
    comparison = compare(shop, by, span=7)["members"]
    assert (comparison.total, comparison.previous_total) == (2, 1)
    assert comparison.values[-1] == 3


def test_figure_has_the_previous_days_below_the_days(
    shop: Community, by: Staff
) -> None:
    pay(shop, 28)
    pay(shop, 56)
    figure = compare(shop, by)["orders"].figure
    current, previous = figure.series
    assert current.values[0] == previous.values[0] == 1
    assert previous.days is not None
    assert figure.days[0] - previous.days[0] == timedelta(days=28)
    assert figure.ends_today
    assert previous.values[-1] is None


def test_each_metric_has_a_label_of_its_own() -> None:
    """I16"""
    labels = [str(metric.label) for metric in METRICS.values()]
    assert labels
    assert len(set(labels)) == len(labels)
