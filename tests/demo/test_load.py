"""`qunce demo` with the simulated community only, against the simulator's own totals."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from qunce.demo.coffee import evening_numbers, feedback
from qunce.demo.simulation.community import SimulatedCommunity
from qunce.demo.simulation.settings import Settings
from tests.home import migrated
from tests.test_demo import Home

MEMBERS = int(os.environ.get("DEMO_MEMBERS", "300"))
AT = "2026-11-21T06:30:00+00:00"
NEXT_DAY = "2026-11-22T06:30:00+00:00"
ASKED = """
import django, json
django.setup()
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]
from datetime import UTC, datetime
from django.test import Client
from django.urls import reverse
from qunce.console.navigation import AREAS
from qunce.console.today import items, providers, task_providers
from qunce.core.staff import sessions
from qunce.core.staff.models import Staff
from qunce.members.people import visibility
at = datetime.fromisoformat(%r)
owner = Staff.objects.get(login="coffee")
ivy = Staff.objects.get(login="coffee-branch")
client = Client(headers={"accept-language": "en"})
client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
session = client.session
sessions.start(session, address="192.0.2.1", agent="Tester", at=datetime.now(UTC))
session.save()
pages = {tab.view: client.get(reverse(tab.view)) for area in AREAS for tab in area.tabs}
seen = visibility.visible_people(by=ivy, at=at)
print(json.dumps({
    "pages": {view: [page.status_code, page.content.decode()] for view, page in pages.items()},
    "today": [item.key.split("-")[0] for item in items.list_items(owner, at=at)],
    "branch": [ivy.custom_role.name, ivy.unit.name, len(seen)],
}))
"""
WRITERS = """
import django, json
django.setup()
from qunce.demo.coffee import feedback
from qunce.members.accounts.models import Account
from qunce.members.message_texts.models import MessageText
texts = MessageText.objects.filter(key__startswith="feedback:")
accounts = Account.objects.filter(pk__in=texts.values("account_id"))
keys = accounts.exclude(key=feedback.CREW).values_list("key", flat=True)
print(json.dumps(list(keys)))
"""


def demo(at: str = AT) -> list[str]:
    words = ["demo", "--no-serve", "--sample", "0", "--members", str(MEMBERS)]
    return [*words, "--at", at]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with contextlib.closing(Home(migrated(tmp_path_factory.mktemp("coffee")))) as home:
        yield home


@pytest.fixture(scope="module")
def report(home: Home) -> dict[str, Any]:
    return home.run(demo())[0]


@pytest.fixture(scope="module")
def asked(report: dict[str, Any], home: Home) -> dict[str, Any]:
    """What the pages show, what is to do today, and what the staff of a branch see."""
    answer: dict[str, Any] = json.loads(home.ask(ASKED % AT).splitlines()[-1])
    return answer


@pytest.fixture(scope="module")
def simulation() -> SimulatedCommunity:
    local = datetime.fromisoformat(AT).astimezone(ZoneInfo("Asia/Shanghai"))
    return SimulatedCommunity(
        Settings(local.replace(tzinfo=None), "en", members=MEMBERS)
    )


def test_status_reports_the_totals_of_the_simulation(
    report: dict[str, Any], home: Home, simulation: SimulatedCommunity
) -> None:
    (status,) = home.query(["status", "--at", AT])
    totals = simulation.totals
    assert (status["community"], status["currency"]) == ("coffee", "CNY")
    assert status["members"] == totals.members
    assert status["accounts"] == totals.accounts
    # Further groups have no API, so that staff type their numbers.
    assert status["groups"] == len(totals.groups) + evening_numbers.COUNT
    assert status["orders"] == totals.orders
    assert Decimal(status["paid"]) * 100 == totals.paid
    assert Decimal(status["refunded"]) * 100 == totals.refunded
    assert Decimal(status["sales"]) * 100 == totals.paid - totals.refunded
    assert (status["lag"], status["failed_work"]) == (0, 0)


def count(home: Home, rules: list[dict[str, Any]]) -> list[int]:
    words = [["audience", "count", json.dumps(rule), "--at", AT] for rule in rules]
    return [answer["count"] for answer in home.query(*words)]


def test_groups_and_tags_have_the_members_of_the_simulation(
    report: dict[str, Any], home: Home, simulation: SimulatedCommunity
) -> None:
    totals = simulation.totals
    groups = [{"group": {"any": [key]}} for key in totals.groups]
    # Somebody who has left keeps their tags, and staff have tagged some by hand since.
    words = simulation.settings.words.tags["service"]
    # Its twin has been merged into it.
    changed = {words.tags["course"], words.twins["course"]}
    names = [name for name in totals.tags if name not in changed]
    tags = [{"with_left": {"tag": {"any": [name]}}} for name in names]
    counts = count(home, groups + tags)
    assert counts == [*totals.groups.values(), *(totals.tags[name] for name in names)]


def test_what_members_did_is_what_they_did_in_the_simulation(
    report: dict[str, Any], home: Home, simulation: SimulatedCommunity
) -> None:
    sends = simulation.sends
    people = {
        "message.posted": [message.person for message in simulation.messages],
        "send.delivered": [send.person for send in sends.sends],
        "send.clicked": [send.person for send in sends.sends if send.clicked_at],
        "coupon.redeemed": [send.person for send in sends.sends if send.redeemed_at],
        "order.paid": [order.person for order in simulation.orders],
    }
    rules: list[dict[str, Any]] = [{"did": {"kind": kind}} for kind in people]
    rules.append({"opted_out": {"of": "messages"}})
    people["opted out"] = [opt_out.person for opt_out in sends.opt_outs]
    expected = [
        len({person.number for person in found if not person.left_at})
        for found in people.values()
    ]
    # Some write to the inbox besides, of whom a part had not written before.
    wrote = {person.number for person in people["message.posted"] if not person.left_at}
    keys = set(json.loads(home.ask(WRITERS).splitlines()[-1]))
    of_inbox = {
        person.number
        for person in simulation.people
        if person.key in keys and not person.left_at
    }
    assert 0 < len(of_inbox) <= len(keys) <= feedback.MEMBERS
    expected[0] = len(wrote | of_inbox)
    assert count(home, rules) == expected


def test_every_page_of_the_menu_says_that_it_is_simulated_and_shows_something(
    asked: dict[str, Any],
) -> None:
    pages: dict[str, tuple[int, str]] = asked["pages"]
    assert len(pages) > 15
    for view, (status, content) in pages.items():
        assert status == 200, view
        assert 'class="simulated"' in content, view
        assert 'class="empty"' not in content, view


def test_today_has_work_of_every_kind(asked: dict[str, Any]) -> None:
    kinds = {"task", "staff", "late", "stopped", "note", "import", "layers", "tag"}
    assert kinds <= set(asked["today"])


def test_somebody_has_a_role_of_the_brand_and_sees_a_city_only(
    asked: dict[str, Any], simulation: SimulatedCommunity
) -> None:
    role, unit, seen = asked["branch"]
    words = simulation.settings.words.branch
    assert (role, unit) == (words["role"], words["unit"])
    assert 0 < seen < MEMBERS / 2


def test_second_demo_adds_nothing_even_on_the_next_day(
    report: dict[str, Any], home: Home
) -> None:
    before, _next_day, after = home.run(
        ["status", "--at", AT], demo(NEXT_DAY), ["status", "--at", AT]
    )
    assert after == before


def test_files_of_the_demo_are_kept_as_they_were_imported(
    report: dict[str, Any], home: Home
) -> None:
    files = {path.name for path in Path(home.folder, "demo", "coffee").iterdir()}
    assert {"wecom-contacts.csv", "shop-orders.csv", "group-chat.csv"} <= files
