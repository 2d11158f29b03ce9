from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.importing import pipeline
from qunce.importing.jobs import jobs
from qunce.sales import orders
from qunce.sales.models import Order
from tests import factories
from tests.importing import helpers

pytestmark = pytest.mark.both_databases


def rows(*names: str) -> list[tuple[Any, ...]]:
    return list(Order.objects.order_by("key").values_list(*names))


def test_orders_are_imported_once(shop: Community, tmp_path: Path) -> None:
    items = '[{""category"":""茶"",""quantity"":1}]'
    text = (
        "order_key,member_key,paid_at,amount,currency,items,refunded_at\n"
        f'1,a,2026-03-01 09:00,"1,234.50",,"{items}",\n'
        "2,a,2026-03-02,8,USD,,2026-03-03\n3,,2026-03-02,0,,,\n"
    )
    path = helpers.write(tmp_path, text)
    outcome = helpers.run(shop, path, "orders")
    assert outcome.job.counts["orders"] == 3
    assert outcome.job.counts["orders_without_member"] == 1
    assert rows("key", "amount", "currency", "refunded_amount") == [
        ("1", 123450, "CNY", 0),
        ("2", 800, "USD", 800),
        ("3", 0, "CNY", 0),
    ]
    a = Order.objects.get(key="1").account_id
    paid = factories.recorded_facts(shop, "order.paid")
    # Orders that are paid and nothing else are written before the others of a batch.
    assert sorted(paid, key=lambda fact: fact[1]["order"]) == [
        (a, {"order": "1", "amount": 123450, "currency": "CNY", "categories": ["茶"]}),
        (a, {"order": "2", "amount": 800, "currency": "USD", "categories": []}),
        (None, {"order": "3", "amount": 0, "currency": "CNY", "categories": []}),
    ]
    assert factories.recorded_facts(shop, "order.refunded") == [
        (
            a,
            {
                "order": "2",
                "amount": 800,
                "currency": "USD",
                "paid_at": timestamps.to_micros(Order.objects.get(key="2").paid_at),
            },
        )
    ]
    before = Fact.objects.count()
    again = helpers.run(shop, path, "orders")
    assert (again.job.counts["orders"], again.job.counts["known"]) == (0, 3)
    assert Fact.objects.count() == before


def test_lines_are_summed_up_to_orders(shop: Community, tmp_path: Path) -> None:
    text = (
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "1,x,Tea,2,12/1/2010 8:26,2.555,17850.0,UK\n"
        "C2,x,Tea,-1,12/13/2010 8:26,2.55,17850.0,UK\n"
        "1,y,Cup,1,12/1/2010 8:26,1.1,17850.0,France\n"
    )
    outcome = helpers.run(shop, helpers.write(tmp_path, text), "orders")
    assert rows("key", "amount", "refunded_amount", "details") == [
        ("1", 621, 0, '{"Country":["France","UK"]}'),
        ("C2", 0, 255, '{"Country":"UK"}'),
    ]
    assert json.loads(Order.objects.get(key="1").items or "") == [
        {"sku": "x", "name": "Tea", "quantity": 2, "price": 2.555},
        {"sku": "y", "name": "Cup", "quantity": 1, "price": 1.1},
    ]
    assert outcome.job.counts["value_millionths"] == 3_660_000
    assert factories.matching_keys(shop, {"all": []}) == ["17850"]


def test_shop_exports_need_no_mapping(shop: Community, tmp_path: Path) -> None:
    text = (
        "订单编号,买家会员名,买家实际支付金额,订单付款时间,宝贝标题,宝贝数量\n"
        "77,小红,￥88.00,2026/3/5 9:07,龙井茶,2\n"
    )
    helpers.run(shop, helpers.write(tmp_path, text, encoding="gb18030"), "orders")
    assert rows("key", "amount", "items") == [
        ("77", 8800, '[{"name":"龙井茶","quantity":2}]')
    ]


def test_later_file_amends_and_refunds(shop: Community, tmp_path: Path) -> None:
    head = "order_key,member_key,paid_at,amount,refunded_at,refunded_amount\n"
    helpers.run(shop, helpers.write(tmp_path, head + "1,a,2026-03-01,10,,\n"), "orders")
    later = helpers.write(tmp_path, head + "1,a,2026-03-01,12,2026-03-02,5\n")
    outcome = helpers.run(shop, later, "orders")
    assert (outcome.job.counts["amended"], outcome.job.counts["known"]) == (1, 0)
    assert rows("amount", "refunded_amount") == [(1200, 500)]
    assert [
        payload for _a, payload in factories.recorded_facts(shop, "order.amended")
    ] == [{"order": "1", "amount": 200, "currency": "CNY"}]
    (refunded,) = factories.recorded_facts(shop, "order.refunded")
    assert (refunded[1]["amount"], refunded[1]["currency"]) == (500, "CNY")
    assert helpers.run(shop, later, "orders").job.counts["amended"] == 0


def test_broken_orders_are_reported(shop: Community, tmp_path: Path) -> None:
    text = (
        "order_key,paid_at,amount,currency\n"
        "1,2026-03-01,10,RENMINBI\n2,,10,\n3,2026-03-01,,\n4,2026-03-01,ten,\n"
    )
    outcome = helpers.run(shop, helpers.write(tmp_path, text), "orders")
    reported = [(one.row, one.field) for one in outcome.problems]
    assert reported == [(2, "currency"), (3, "paid_at"), (4, "amount"), (5, "amount")]
    assert not Order.objects.exists()


LINES = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.integers(-5, 9),
        st.decimals(0, 99, places=3, allow_nan=False),
    ),
    max_size=25,
)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25
)
@given(LINES, st.sampled_from([2, 5, 1_000]))
def test_amounts_are_the_sums_of_lines(
    shop: Community,
    tmp_path: Path,
    lines: list[tuple[int, int, Decimal]],
    chunk: int,
) -> None:
    Order.objects.all().delete()
    text = "order_key,paid_at,sku,quantity,price\n" + "".join(
        f"{order},2026-03-01,s,{quantity},{price}\n" for order, quantity, price in lines
    )
    # Prices such as 1.000 alone do not show what their point means.
    path = helpers.write(tmp_path, text)
    plan = helpers.plan(shop, path, "orders", decimal="point")
    plan.options = dataclasses.replace(plan.options, chunk_rows=chunk)
    counts = pipeline.run(plan).job.counts
    totals: dict[str, Decimal] = {}
    for order, quantity, price in lines:
        totals[str(order)] = totals.get(str(order), Decimal(0)) + quantity * price
    cents = {key: round(total * 100) for key, total in totals.items()}
    assert {
        key: amount - back
        for key, amount, back in rows("key", "amount", "refunded_amount")
    } == cents
    value = sum(totals.values(), Decimal(0)) * 1_000_000
    assert counts.get("value_millionths", 0) == value


@pytest.mark.django_db(transaction=True)
def test_order_that_another_program_has_just_stored_is_known(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    lines = ["1,a,2026-03-01,5", "2,a,2026-03-01,6", "3,b,2026-03-01,7"]
    text = "\n".join(["order_key,member_key,paid_at,amount", *lines, "4,b,never,8", ""])
    plan = helpers.plan(shop, helpers.write(tmp_path, text), "orders", source="till")
    job = jobs.find_or_create(
        community=shop,
        file_name="file.csv",
        digest=plan.source.digest,
        options=plan.options,
        by=plan.by,
        at=plan.at,
    )
    with plan.resources:
        writer = plan.target.writer(job, plan)
        (chunk,) = plan.target.chunks(plan)
        batch = writer.batch(0, writer.load(chunk))
        # After the batch was prepared, and before it is written.
        orders.record_payment(
            community=shop,
            key="2",
            account=factories.account_ids(shop, ("a",))[0],
            amount=600,
            currency="CNY",
            paid_at=datetime(2026, 3, 1, tzinfo=ZoneInfo(shop.timezone)),
            source="till",
            by=by,
            at=factories.AT,
        )
        with transaction.atomic():
            counts = writer.write(batch)
    assert (counts["orders"], counts["known"], counts["amended"]) == (2, 1, 0)
    assert rows("key", "amount") == [("1", 500), ("2", 600), ("3", 700)]
    paid = factories.recorded_facts(shop, "order.paid")
    assert sorted(fact[1]["order"] for fact in paid) == ["1", "2", "3"]
