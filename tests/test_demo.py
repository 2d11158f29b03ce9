"""`qunce demo` from an empty home, against the Parquet files asked in plain Python.

A sample of households, to be quick; all of them with DEMO_HOUSEHOLDS=2469.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from decimal import Decimal
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pyarrow.parquet
import pytest

from tests.home import migrated

SAMPLE = int(os.environ.get("DEMO_HOUSEHOLDS", "200"))
AT = "2026-11-21T15:00:00+00:00"
NEXT_DAY = "2026-11-22T15:00:00+00:00"
TODAY = date(2026, 11, 21)
SHIFT = TODAY - timedelta(days=1) - date(2017, 12, 31)
ZONE = ZoneInfo("America/New_York")
PETS = {"DOG FOODS", "CAT FOOD"}
WEB_ORDERS = 6
WEB_PAID = {"CAD": ("312", "62", "250"), "MXN": ("1890", "0", "1890")}
WEB_DOLLARS = 250 * Decimal("0.74") + 1890 * Decimal("0.05")
"""The orders of the web shop, whose customers are households."""


@dataclass
class Household:
    """What the Parquet files say of one household, on days as the demo moves them."""

    baskets: dict[int, tuple[date, Decimal, set[str]]] = field(default_factory=dict)
    stores: Counter[int] = field(default_factory=Counter)
    letters: list[date] = field(default_factory=list)
    redeemed: list[date] = field(default_factory=list)
    facts: dict[str, str | None] = field(default_factory=dict)

    @cached_property
    def bought(self) -> list[date]:
        return sorted(day for day, _amount, _goods in self.baskets.values())

    def silent_days(self) -> int:
        return (TODAY - self.bought[-1]).days

    def spent(self, within: int) -> Decimal:
        since = TODAY - timedelta(days=within - 1)
        return sum(
            (amount for day, amount, _ in self.baskets.values() if day >= since),
            Decimal(0),
        )

    def times(self, goods: str) -> int:
        return sum(goods in bought for _day, _amount, bought in self.baskets.values())


@pytest.fixture(scope="module")
def households(journey_folder: Path) -> dict[str, Household]:
    def rows(name: str) -> list[dict[str, Any]]:
        table = pyarrow.parquet.read_table(journey_folder / f"{name}.parquet")
        if "household_id" in table.column_names:
            table = table.filter(pc.is_in(table["household_id"], chosen))
        found: list[dict[str, Any]] = table.to_pylist()
        return found

    ids = pyarrow.parquet.read_table(journey_folder / "transactions.parquet")[
        "household_id"
    ]
    chosen = pc.array_take(pc.unique(ids), pc.sort_indices(pc.unique(ids)))[:SAMPLE]
    people = {key: Household() for key in chosen.to_pylist()}
    goods = {row["product_id"]: row for row in rows("products")}
    for line in rows("transactions"):
        _add_line(people[line["household_id"]], line, goods.get(line["product_id"], {}))
    starts = {
        row["campaign_id"]: row["start_date"] for row in rows("campaign_descriptions")
    }
    for row in rows("campaigns"):
        day = starts[row["campaign_id"]].date() + SHIFT
        people[row["household_id"]].letters.append(day)
    for row in rows("coupon_redemptions"):
        day = row["redemption_date"].date() + SHIFT
        people[row["household_id"]].redeemed.append(day)
    for row in rows("demographics"):
        people[row["household_id"]].facts = row
    return {str(key): household for key, household in people.items()}


def _add_line(
    household: Household, line: dict[str, Any], product: dict[str, Any]
) -> None:
    stamp = line["transaction_timestamp"].to_pydatetime().replace(tzinfo=UTC)
    day = stamp.astimezone(ZONE).date() + SHIFT
    basket = line["basket_id"]
    if basket not in household.baskets:
        household.stores[line["store_id"]] += 1
    _day, amount, goods = household.baskets.get(basket, (day, Decimal(0), set()))
    named = product.get("product_category") or product.get("department")
    cents = round(Decimal(str(line["sales_value"])), 2)
    household.baskets[basket] = (day, amount + cents, goods | ({named} - {None}))


ANSWER = """
import contextlib, io, json, sys
from qunce.cli import main
for line in sys.stdin:
    answers = []
    for words in json.loads(line):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            assert main.main([*words, "--json"]) == 0
        answers.append(json.loads(output.getvalue()))
    print(json.dumps(answers), flush=True)
"""


@dataclass
class Home:
    folder: Path

    def run(self, *commands: list[str]) -> list[dict[str, Any]]:
        """Answers of several commands, given to a process of their own."""
        done = subprocess.run(
            [sys.executable, "-c", ANSWER],
            input=json.dumps(commands) + "\n",
            env=self._env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        answers: list[dict[str, Any]] = json.loads(done.stdout)
        return answers

    def query(self, *commands: list[str]) -> list[dict[str, Any]]:
        """Answers of commands that change nothing, from one process for all of them."""
        assert self._reader.stdin and self._reader.stdout
        self._reader.stdin.write(json.dumps(commands) + "\n")
        self._reader.stdin.flush()
        line = self._reader.stdout.readline()
        assert line, "the process has ended, see its errors"
        answers: list[dict[str, Any]] = json.loads(line)
        return answers

    @cached_property
    def _reader(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", ANSWER],
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the process that answers queries, if there is one."""
        if "_reader" in self.__dict__:
            self._reader.communicate()

    @property
    def _env(self) -> dict[str, str]:
        env = {**os.environ, "QUNCE_HOME": str(self.folder), "QUNCE_LANG": "en"}
        env.pop("DATABASE_URL", None)
        return env

    def ask(self, code: str) -> str:
        """What Python code prints in this home."""
        env = {**os.environ, "QUNCE_HOME": str(self.folder)}
        env["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
        env.pop("DATABASE_URL", None)
        command = [sys.executable, "-c", code]
        process = subprocess.run(command, env=env, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        return process.stdout

    def check(self, *pairs: tuple[dict[str, Any], set[str]]) -> None:
        """Each rule finds exactly these households."""
        words = [
            ["audience", "list", json.dumps(rule), "--at", AT] for rule, _ in pairs
        ]
        for (rule, expected), answer in zip(pairs, self.query(*words), strict=True):
            assert set(answer["keys"]) == expected, rule


def demo(at: str = AT) -> list[str]:
    return ["demo", "--no-serve", "--sample", str(SAMPLE), "--members", "0", "--at", at]


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, journey_folder: Path
) -> Iterator[Home]:
    with contextlib.closing(Home(migrated(tmp_path_factory.mktemp("demo")))) as home:
        yield home


@pytest.fixture(scope="module")
def report(home: Home) -> dict[str, Any]:
    return home.run(demo())[0]


def test_demo_has_the_figures_of_the_data_files(
    report: dict[str, Any], households: dict[str, Household]
) -> None:
    figures, every = report["figures"], households.values()
    assert figures["members"] == SAMPLE
    assert figures["demographics"] == sum(bool(household.facts) for household in every)
    assert figures["memberships"] == SAMPLE
    assert figures["groups"] == len(
        {store for household in every for store in household.stores}
    )
    assert figures["orders"] == sum(len(household.baskets) for household in every)
    assert Decimal(str(figures["sales"])) == sum(
        amount for household in every for _day, amount, _ in household.baskets.values()
    )
    assert figures["sends"] == sum(len(household.letters) for household in every)
    assert figures["recipients"] == sum(bool(household.letters) for household in every)
    assert figures["redemptions"] == sum(len(household.redeemed) for household in every)
    assert figures["redeemers"] == sum(bool(household.redeemed) for household in every)


def test_demo_names_the_source_of_its_data(report: dict[str, Any]) -> None:
    assert "The Complete Journey" in report["data"]
    assert "simulated from real households" in report["data"]


def test_status_agrees_with_the_figures_of_the_demo(
    report: dict[str, Any], home: Home
) -> None:
    (status,) = home.query(["status"])
    figures = report["figures"]
    assert (status["members"], status["orders"]) == (
        figures["members"],
        figures["orders"] + WEB_ORDERS,
    )
    assert Decimal(status["sales"]) == Decimal(str(figures["sales"])) + WEB_DOLLARS


def test_last_purchases_were_made_yesterday(
    report: dict[str, Any], home: Home, households: dict[str, Household]
) -> None:
    days = [(TODAY - timedelta(days=back)) for back in range(3)]
    home.check(
        *(
            (
                {"did": {"kind": "order.paid", "between": [day.isoformat()] * 2}},
                {
                    key
                    for key, household in households.items()
                    if day in household.bought
                },
            )
            for day in days
        )
    )
    assert any(days[1] in household.bought for household in households.values())


def test_depth_of_a_purchase_tag_is_the_number_of_purchases(
    report: dict[str, Any], home: Home, households: dict[str, Household]
) -> None:
    home.check(
        *(
            (
                {"tag": {"any": [f"bought:{goods}"], "depth": {"gte": depth}}},
                {
                    key
                    for key, household in households.items()
                    if household.times(goods) >= depth
                },
            )
            for goods, depth in (("SOFT DRINKS", 1), ("CHEESE", 12), ("CAT FOOD", 3))
        )
    )


def high(households: dict[str, Household]) -> set[str]:
    spent = {key: household.spent(180) for key, household in households.items()}
    least = sorted(spent.values())[-ceil(SAMPLE / 5)]
    return {key for key, amount in spent.items() if amount >= least}


def test_highest_value_layer_is_the_fifth_that_spent_most(
    report: dict[str, Any], home: Home, households: dict[str, Household]
) -> None:
    home.check(({"layer": {"of": "value", "in": ["high"]}}, high(households)))


def test_every_layering_has_everyone_in_one_layer(report: dict[str, Any]) -> None:
    assert set(report["layers"]) == {"value", "lifecycle"}
    assert set(report["layers"]["lifecycle"]) == {"new", "active", "cooling", "lost"}
    for sizes in report["layers"].values():
        assert sum(sizes.values()) == SAMPLE


def test_lifecycle_follows_the_gaps_between_purchases(
    report: dict[str, Any], home: Home, households: dict[str, Household]
) -> None:
    bounds = report["bounds"]["lifecycle"]
    new = {
        key
        for key, household in households.items()
        if (TODAY - household.bought[0]).days <= bounds["long"]
    }
    active = {
        key
        for key, household in households.items()
        if household.silent_days() <= bounds["median"]
    }
    home.check(
        ({"layer": {"of": "lifecycle", "in": ["new"]}}, new),
        ({"layer": {"of": "lifecycle", "in": ["active"]}}, active - new),
    )


def expected_segments(households: dict[str, Household]) -> dict[str, set[str]]:
    top = high(households)
    found: dict[str, set[str]] = defaultdict(set)
    for key, household in households.items():
        weeks = {(TODAY - day).days // 7 for day in household.bought}
        lately = [
            goods
            for day, _, goods in household.baskets.values()
            if (TODAY - day).days < 45
        ]
        pets = any(household.times(name) >= 5 for name in PETS)
        holds = {
            "high-value-silent": key in top and household.silent_days() >= 30,
            "campaigns-never-redeemed": len(household.letters) >= 2
            and not household.redeemed,
            "regulars-small-baskets": len(weeks & {*range(12)}) >= 10
            and key not in top,
            "pet-food-due": pets and not any(goods & PETS for goods in lately),
        }
        for name, is_in in holds.items():
            found[name] |= {key} if is_in else set()
    return found


def test_segments_contain_the_expected_households(
    report: dict[str, Any], home: Home, households: dict[str, Household]
) -> None:
    assert len(report["segments"]) == 6
    expected = expected_segments(households)
    home.check(
        *(({"segment": {"any": [name]}}, keys) for name, keys in expected.items())
    )
    for name, keys in expected.items():
        assert report["segments"][name] == len(keys)


def test_second_demo_adds_nothing_even_on_the_next_day(
    report: dict[str, Any], home: Home
) -> None:
    before, again, after, next_day = home.run(
        ["status"], demo(), ["status"], demo(at=NEXT_DAY)
    )
    assert again["figures"] == report["figures"]
    assert again["segments"] == report["segments"]
    assert after["facts"] == before["facts"]
    assert next_day["figures"] == report["figures"]


LIST_IMPORTS = """
import django, json
django.setup()
from datetime import datetime
from qunce.core import communities, exchange_rates
from qunce.core.staff.models import Staff
from qunce.importing import plan_review
from qunce.importing.jobs import join_report, reports, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.members.accounts import placeholders
community = communities.get("demo")
owner = Staff.objects.get(login="demo")
at = datetime.fromisoformat(%r)
jobs = [
    reports.describe(job) | join_report.load(job, by=owner)
    for job in ImportJob.objects.filter(source="web-shop").order_by("pk")
]
waiting = {
    upload.name: [
        question.key
        for question in plan_review.review(upload, by=owner, at=at).open_questions
    ]
    for upload in uploads.list_unused(community)
}
answer = {
    "jobs": {job["file"]: job for job in jobs},
    "waiting": waiting,
    "placeholders": [row.text for row in placeholders.Placeholder.objects.all()],
    "rates": [str(rate) for rate in exchange_rates.ExchangeRate.objects.all()],
}
print(json.dumps(answer, default=str))
"""


@pytest.fixture(scope="module")
def web_shop(report: dict[str, Any], home: Home) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(home.ask(LIST_IMPORTS % AT))
    return answer


def test_customers_of_the_web_shop_are_joined_with_households(
    web_shop: dict[str, Any], households: dict[str, Household]
) -> None:
    job = web_shop["jobs"]["web-shop-customers.csv"]
    assert job["state"] == "done"
    assert {pair["left"] for pair in job["joined"]} == {*list(households)[7:64:8]}
    assert {pair["kind"] for pair in job["joined"]} == {"email"}


def test_phone_of_the_parcel_shop_joins_nobody(web_shop: dict[str, Any]) -> None:
    (shared,) = web_shop["jobs"]["web-shop-customers.csv"]["shared"]
    assert (shared["kind"], shared["accounts"]) == ("phone", 6)
    assert web_shop["placeholders"] == ["not given"]


def test_orders_abroad_have_their_currencies_and_refunds(
    web_shop: dict[str, Any],
) -> None:
    counts = web_shop["jobs"]["web-shop-orders.csv"]["counts"]
    assert (counts["orders"], counts["refunds"]) == (WEB_ORDERS, 2)
    assert {
        currency: tuple(
            counts[f"{part}:{currency}"] for part in ("paid", "refunded", "net")
        )
        for currency in WEB_PAID
    } == WEB_PAID
    assert len(web_shop["rates"]) == len(WEB_PAID)


def test_opt_outs_are_imported_and_dates_wait_for_an_answer(
    web_shop: dict[str, Any],
) -> None:
    job = web_shop["jobs"]["newsletter-unsubscribes.csv"]
    assert (job["state"], job["counts"]["opted_out"]) == ("done", 3)
    assert web_shop["waiting"] == {"in-store-sign-ups.csv": ["dates:joined_at"]}


LIST_OPEN_ITEMS = """
import django, json
django.setup()
from datetime import datetime
from qunce.console.today import items, providers
from qunce.core.staff.models import Staff
owner = Staff.objects.get(login="demo")
listed = items.list_items(owner, at=datetime.fromisoformat(%r))
print(json.dumps([item.key.split("-")[0] for item in listed]))
"""


def test_demo_user_has_open_work_on_the_first_page(
    report: dict[str, Any], home: Home
) -> None:
    assert report["login"] == "demo"
    assert re.fullmatch("([a-z2-9]{4}-){3}[a-z2-9]{4}", report["password"])
    # The same one is shown at each start.
    stored = (home.folder / "demo" / "password").read_text().strip()
    assert stored == report["password"]
    listed = json.loads(home.ask(LIST_OPEN_ITEMS % AT))
    assert {"task", "note", "import", "layers"} <= set(listed)
