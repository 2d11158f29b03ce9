"""The demo's tables against its Parquet files, added up here by a second method."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import pytest

from qunce.demo.shop.data import Journey

LAST_DAY = date(2026, 11, 20)
ZONE = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def journey(journey_folder: Path) -> Journey:
    return Journey(journey_folder, LAST_DAY)


@pytest.fixture(scope="module")
def orders(journey: Journey) -> pa.Table:
    return journey.orders()


@pytest.fixture(scope="module")
def lines(journey_folder: Path) -> pa.Table:
    return pyarrow.parquet.read_table(journey_folder / "transactions.parquet")


def local(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(ZONE)


def test_households_are_members_with_what_is_known_of_some(journey: Journey) -> None:
    members = journey.members()
    assert members.num_rows == len(set(members["key"].to_pylist())) == 2469
    known = [row for row in members.to_pylist() if row["age"]]
    assert len(known) == 801
    first = next(row for row in known if row["key"] == "1")
    assert (first["age"], first["kids_count"]) == ("65+", "0")


def test_every_eighth_household_has_an_address_of_its_own(journey: Journey) -> None:
    emails = dict(
        zip(
            *(journey.members()[name].to_pylist() for name in ("key", "email")),
            strict=True,
        )
    )
    with_email = {key: email for key, email in emails.items() if email}
    assert {int(key) for key in with_email} == {
        int(k) for k in emails if not int(k) % 8
    }
    assert len(set(with_email.values())) == len(with_email)
    assert all(email.endswith("@example.com") for email in with_email.values())


def test_every_basket_becomes_an_order(orders: pa.Table, lines: pa.Table) -> None:
    assert orders.num_rows == pc.count_distinct(lines["basket_id"]).as_py() == 155_848
    amounts = [Decimal(text) for text in orders["amount"].to_pylist()]
    assert sum(amounts) == Decimal("4596039.58")
    assert round(pc.sum(lines["sales_value"]).as_py(), 2) == 4596039.58
    assert sum(amount == 0 for amount in amounts) == 478


def test_basket_has_the_sum_and_the_items_of_its_lines(
    orders: pa.Table, lines: pa.Table
) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    quantities: Counter[str] = Counter()
    for basket, value, quantity in zip(
        lines["basket_id"].to_pylist(),
        lines["sales_value"].to_pylist(),
        lines["quantity"].to_pylist(),
        strict=True,
    ):
        sums[str(basket)] += Decimal(str(value))
        quantities[str(basket)] += quantity
    for row in orders.to_pylist()[::97]:
        items = json.loads(row["items"], parse_float=Decimal)
        paid = round(sums[row["order_key"]], 2)  # some prices are 2.4899999999999998
        assert Decimal(row["amount"]) == paid
        assert sum(item["amount"] for item in items) == paid
        assert sum(item["quantity"] for item in items) == quantities[row["order_key"]]


def test_dates_are_shifted_to_the_given_last_day_and_times_kept(
    orders: pa.Table, lines: pa.Table
) -> None:
    moved = {row["order_key"]: local(row["paid_at"]) for row in orders.to_pylist()}
    days = {moment.date() for moment in moved.values()}
    assert (min(days), max(days)) == (LAST_DAY - timedelta(days=364), LAST_DAY)
    stamps = lines["transaction_timestamp"].cast(pa.timestamp("us"))
    for basket, stamp in zip(
        lines["basket_id"].to_pylist()[::997], stamps.to_pylist()[::997], strict=True
    ):
        was = stamp.replace(tzinfo=UTC).astimezone(ZONE)
        now = moved[str(basket)]
        assert now.date() - was.date() == LAST_DAY - date(2017, 12, 31)
        assert now.time() == was.time() or was.hour == 2  # the hour that clocks skip


def test_sends_and_redemptions_have_the_numbers_of_the_data(journey: Journey) -> None:
    sends, redeemed = journey.sends(), journey.redemptions()
    assert (sends.num_rows, _people(sends)) == (6589, 1559)
    assert (redeemed.num_rows, _people(redeemed)) == (2102, 410)
    for table in (sends, redeemed):
        assert len(set(table["key"].to_pylist())) == table.num_rows
    assert len({row["campaign"] for row in _payloads(sends)}) == 27


def _people(table: pa.Table) -> int:
    return len(set(table["member_key"].to_pylist()))


def _payloads(table: pa.Table) -> list[dict[str, Any]]:
    return [json.loads(text) for text in table["payload"].to_pylist()]


def test_coupons_are_redeemed_with_a_purchase_of_that_day(
    journey: Journey, orders: pa.Table, journey_folder: Path
) -> None:
    bought = set(
        zip(
            orders["member_key"].to_pylist(), orders["paid_at"].to_pylist(), strict=True
        )
    )
    redeemed = journey.redemptions().to_pylist()
    assert {(row["member_key"], row["happened_at"]) for row in redeemed} <= bought
    raw = pyarrow.parquet.read_table(
        journey_folder / "coupon_redemptions.parquet"
    ).to_pylist()
    shift = LAST_DAY - date(2017, 12, 31)
    assert [local(row["happened_at"]).date() for row in redeemed] == [
        row["redemption_date"].date() + shift for row in raw
    ]


def test_household_is_in_the_group_of_its_most_visited_store(
    journey: Journey, lines: pa.Table
) -> None:
    assert len(journey.stores()) == 457
    visits: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for household, store, basket in zip(
        lines["household_id"].to_pylist(),
        lines["store_id"].to_pylist(),
        lines["basket_id"].to_pylist(),
        strict=True,
    ):
        visits[household][store].add(basket)
    homes = journey.memberships().to_pylist()
    assert len({home["member_key"] for home in homes}) == len(homes) == 2469
    for home in homes:
        stores = visits[int(home["member_key"])]
        most = max(len(baskets) for baskets in stores.values())
        assert len(stores[int(home["group_key"].removeprefix("store-"))]) == most


def test_household_has_no_facts_before_it_joined(
    journey: Journey, orders: pa.Table
) -> None:
    members = journey.members().to_pylist()
    joined = {row["key"]: row["joined_at"] for row in members}
    tables = [(orders, "paid_at"), (journey.sends(), "happened_at")]
    for table, column in [*tables, (journey.redemptions(), "happened_at")]:
        for key, moment in zip(
            table["member_key"].to_pylist(), table[column].to_pylist(), strict=True
        ):
            assert joined[key] <= moment


def test_sample_has_all_data_of_some_households(
    journey_folder: Path, orders: pa.Table
) -> None:
    some = Journey(journey_folder, LAST_DAY, sample=25)
    keys = some.members()["key"].to_pylist()
    assert len(keys) == 25
    theirs = orders.filter(pc.is_in(orders["member_key"], pa.array(keys)))
    assert some.orders().equals(theirs)
    assert set(some.sends()["member_key"].to_pylist()) <= set(keys)
