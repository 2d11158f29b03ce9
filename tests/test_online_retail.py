"""The real file of a British wholesaler, against the totals that are known of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pytest_django import Settings

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.jobs import jobs
from qunce.importing.plan.options import ImportOptions
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.targets.orders.writer import OrderWriter
from qunce.insight import retention
from qunce.insight.retention import RetentionQuery
from qunce.members.accounts import models as account_models
from qunce.sales.models import Order
from qunce.sets.mirror import deriver

AT = datetime(2026, 3, 5, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")
MIDNIGHT = datetime(2011, 12, 10, tzinfo=ZONE)


class Killed(Exception):
    """The process is gone."""


@pytest.fixture
def file(data: Path, settings: Settings, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    return data / "online_retail" / "online_retail.csv.xz"


@pytest.fixture
def shop(transactional_db: None) -> Community:
    return communities.create(
        key="retail", at=AT, timezone="Europe/London", currency="GBP"
    )


def plan(shop: Community, file: Path) -> ImportPlan:
    return pipeline.plan(
        community=shop,
        source=sources.inspect(file),
        options=ImportOptions(target="orders"),
        by=staff_models.system(shop),
        at=AT,
    )


def lines() -> Iterator[tuple[int | None, Order, Decimal, Decimal]]:
    """Account, order, quantity and price of every line, read back from the database."""
    for order in Order.objects.order_by("pk").iterator():
        for item in json.loads(order.items or "[]", parse_float=Decimal):
            yield (
                order.account_id,
                order,
                Decimal(item["quantity"]),
                Decimal(item["price"]),
            )


def check_totals(shop: Community) -> None:
    assert account_models.Account.objects.filter(community=shop).count() == 4_372
    orders = Order.objects.filter(community_id=shop.pk)
    assert orders.count() == 25_900
    all_lines = list(lines())
    assert len(all_lines) == 541_909
    assert sum(account is None for account, *_rest in all_lines) == 135_080
    assert sum(q * p for _a, _o, q, p in all_lines) == Decimal("9747747.934")
    known = [line for line in all_lines if line[0] is not None]
    assert sum(q * p for _a, _o, q, p in known) == Decimal("8300065.814")
    details = orders.values_list("details", flat=True)
    assert len({json.loads(one or "{}")["Country"] for one in details}) == 38
    check_cleaned([line for line in known if line[2] > 0 and line[3] > 0])
    check_cohort(known)
    check_retention(shop)


def check_cleaned(clean: list[tuple[Any, ...]]) -> None:
    assert len(clean) == 397_884
    assert sum(q * p for _a, _o, q, p in clean) == Decimal("8911407.904")
    bought: dict[int, set[str]] = {}
    spent: dict[int, Decimal] = {}
    last: dict[int, datetime] = {}
    for account, order, quantity, price in clean:
        bought.setdefault(account, set()).add(order.key)
        spent[account] = spent.get(account, Decimal(0)) + quantity * price
        last[account] = max(last.get(account, order.paid_at), order.paid_at)
    assert len(bought) == 4_338
    assert len({key for keys in bought.values() for key in keys}) == 18_532
    assert sum(len(keys) > 1 for keys in bought.values()) == 2_845
    recency = [(MIDNIGHT - moment.astimezone(ZONE)).days for moment in last.values()]
    assert quartiles(recency) == [17, 50, 141.75]
    assert quartiles([len(keys) for keys in bought.values()]) == [1, 2, 5]
    # The median is 674.485, half-way between two roundings.
    money = quartiles([float(each) for each in spent.values()])
    assert money == pytest.approx([307.41, 674.48, 1661.74], abs=0.0051)


def quartiles(values: list[Any]) -> list[float]:
    return [float(one) for one in np.percentile(values, [25, 50, 75])]


def check_cohort(known: list[tuple[Any, ...]]) -> None:
    months: dict[int, set[tuple[int, int]]] = {}
    for account, order, _quantity, _price in known:
        months.setdefault(account, set()).add((order.paid_at.year, order.paid_at.month))
    cohort = [
        paid_months for paid_months in months.values() if min(paid_months) == (2010, 12)
    ]
    expected = [(2010, 12), *((2011, month) for month in range(1, 13))]
    active = [sum(month in paid_months for paid_months in cohort) for month in expected]
    assert active == [948, 362, 317, 367, 341, 376, 360, 336, 336, 374, 354, 474, 260]


def check_retention(shop: Community) -> None:
    """Insight's table has the cohort of 2010-12 to the digit; returns count like orders."""
    deriver.catch_up()
    kinds = "order.paid,order.refunded"
    query = RetentionQuery(f"first:{kinds}", kinds, "month", 13, until=MIDNIGHT.date())
    table = retention.compute(query=query, by=staff_models.system(shop), at=AT)
    first = table.cohorts[0]
    expected = [948, 362, 317, 367, 341, 376, 360, 336, 336, 374, 354, 474, 260]
    assert [cell.people for cell in first.cells] == expected
    assert sum(cohort.size for cohort in table.cohorts) == 4_372


def test_online_retail_is_imported_killed_resumed_and_repeated(
    shop: Community, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_plan = plan(shop, file)
    assert import_plan.mapping["InvoiceNo"] == "order_key"
    batches_left = iter(range(2))
    write = OrderWriter.write

    def kill(self: OrderWriter, batch: Any) -> Any:
        if next(batches_left, None) is None:
            raise Killed
        return write(self, batch)

    with monkeypatch.context() as patched:
        patched.setattr(OrderWriter, "write", kill)
        with pytest.raises(Killed):
            pipeline.run(import_plan)
    assert 0 < Order.objects.count() < 25_900
    import_plan = plan(shop, file)
    outcome = pipeline.run(import_plan)
    note = "Amounts without a currency of their own are in GBP."
    assert pipeline.list_row_notes(import_plan) == [note]
    counts = outcome.job.counts
    assert jobs.ImportJob.objects.count() == 1
    assert (counts["orders"], counts["refunds"]) == (25_900, 3_838)
    assert (counts["lines"], counts["lines_without_member"]) == (541_909, 135_080)
    assert counts["value_millionths"] == 9_747_747_934_000
    assert counts["value_millionths_with_member"] == 8_300_065_814_000
    check_totals(shop)
    before = facts.Fact.objects.count()
    again = pipeline.run(plan(shop, file))
    assert (again.job.counts["orders"], again.job.counts["known"]) == (0, 25_900)
    assert facts.Fact.objects.count() == before
    assert account_models.Account.objects.count() == 4_372
