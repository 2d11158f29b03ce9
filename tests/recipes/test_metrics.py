"""The recipe for a metric.

One function in a module of qunce/insight/subjects, one row in tests/oracle/metrics.py,
translations.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from qunce import ingest
from qunce.core.communities import Community
from qunce.ingest.incoming_facts import IncomingFact
from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import METRICS, Place
from qunce.insight.subjects import activity
from qunce.sets import daily_totals
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser
from tests.oracle import metrics as oracle_metrics

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery


def test_metrics_have_oracle_rows_labels_and_definitions() -> None:
    by_day = {name for name, metric in METRICS.items() if metric.compute}
    assert set(oracle_metrics.METRICS) == by_day
    assert set(METRICS) - by_day <= set(oracle_metrics.SPAN_METRICS)
    labels = [str(metric.label) for metric in METRICS.values()]
    assert len(set(labels)) == len(METRICS) > 0
    definitions = {name: str(metric.definition) for name, metric in METRICS.items()}
    assert [name for name in definitions if not definitions[name].endswith(".")] == []
    levels = {level for metric in METRICS.values() for level in metric.levels}
    assert levels == {metric_definitions.COMMUNITY, metric_definitions.GROUP}


@pytest.fixture
def checkins_metric() -> Iterator[str]:
    """A metric written as the recipe says, and nothing else."""

    @metric_definitions.declare(
        metric_definitions.COMMUNITY,
        subject=activity.SUBJECT,
        label="Check-ins",
        unit=metric_definitions.TIMES,
        definition="How many times members checked in that day.",
        formula="number of checkin.done",
        places=(Place.TODAY, Place.OVERVIEW),
    )
    def checkins(query: MetricQuery) -> list[int]:
        return daily_totals.count_facts_by_day(kinds=["checkin.done"], **query.params)

    yield "checkins"
    del METRICS["checkins"]


@pytest.fixture
def checked_in_shop(transactional_db: None) -> Community:
    """A community with a member who checked in three times yesterday."""
    shop = factories.community(language="en", timezone="UTC")
    ann = factories.member(shop, "ann")
    now = datetime.now(UTC)
    yesterday = now - timedelta(days=1)
    # At different times, since equal facts without a key are one fact.
    incoming = [
        IncomingFact(
            kind="checkin.done",
            happened_at=yesterday - timedelta(microseconds=n),
            account=ann.pk,
        )
        for n in range(3)
    ]
    by = factories.staff(shop, login="setup")
    ingest.record_facts(community=shop, incoming=incoming, by=by, at=now)
    deriver.catch_up()
    return shop


def test_new_metric_is_on_the_pages_and_can_be_downloaded(
    checked_in_shop: Community, checkins_metric: str
) -> None:
    web = browser(factories.staff(checked_in_shop))
    page = web.get("/insight/").content.decode()
    assert ">Check-ins</h3>" in page
    assert "How many times members checked in that day." in page
    assert "/insight/charts/checkins/?days=28&amp;as=svg" in page
    assert ">Check-ins</span>" in web.get("/").content.decode()
    table = web.get("/insight/charts/checkins/", {"as": "csv"}).content.decode()
    assert table.splitlines()[2].split(",")[1] == "3"
    svg = web.get("/insight/charts/checkins/", {"as": "svg"})
    assert svg.content.startswith(b"<svg")


def test_metric_is_unknown_without_its_declaration(checked_in_shop: Community) -> None:
    web = browser(factories.staff(checked_in_shop))
    page = web.get("/insight/").content.decode()
    assert ">Active members</h3>" in page
    assert ">Check-ins</h3>" not in page
    assert web.get("/insight/charts/orders/").status_code == 200
    assert web.get("/insight/charts/checkins/").status_code == 404
