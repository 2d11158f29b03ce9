"""`qunce campaigns`, `qunce contact-budget` and `qunce hold-out`."""

from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_campaign_is_reviewed_started_and_stopped(run: Run, shop: Community) -> None:
    boss = factories.staff(shop, "owner", "boss")
    factories.campaign(boss)
    review = run("campaigns", "review", "News", "--json").json
    assert (review["matched"], review["size"], review["variants"]) == (4, 4, {"": 4})
    assert review["kept_for"] == []
    assert run("campaigns", "keep-place", "News", "on", "--json").json == {
        "key": "News",
        "keeps_place": True,
        "kept": 0,
    }
    run("campaigns", "approval", "2", "--json")
    assert run("campaigns", "start", "News", "--expected", "4").code != 0
    run("campaigns", "approval", "off")
    assert run("campaigns", "start", "News", "--expected", "3").code != 0
    started = run("campaigns", "start", "News", "--expected", "4", "--json").json
    assert started["state"] == "sending"
    assert run("campaigns", "pause", "News", "--json").json["state"] == "paused"
    results = run("campaigns", "results", "News", "--json").json
    assert (results["planned"], results["left"]) == (4, 4)
    assert run("campaigns", "cancel", "News", "--json").json["state"] == "cancelled"
    assert "News  cancelled" in run("campaigns", "list").output


def test_contact_budget_and_hold_out_are_set(run: Run, shop: Community) -> None:
    assert "marketing · 7 days: at most 2" in run("contact-budget", "show").output
    words = ("--limit", "day=none", "--limit", "calendar-week=3")
    quiet = ("--quiet", "22:00-08:00", "--hold", "12")
    found = run("contact-budget", "set", *words, *quiet, "--json").json
    assert [limit["mode"] for limit in found["limits"]] == ["none", "at_most"]
    assert (found["quiet_start"], found["hold_minutes"]) == (1320, 720)
    assert "Quiet hours: 22:00–08:00" in run("contact-budget", "show").output
    assert run("contact-budget", "set", "--limit", "year=2").code == 2
    assert run("contact-budget", "set", "--quiet", "late").code == 2
    assert run("hold-out", "set", "2.5", "--json").json["percent"] == 2.5
    assert run("hold-out", "set", "99").code == 2
