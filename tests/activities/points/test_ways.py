"""Points through files, the API, the command line and the console."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from qunce import schedule
from qunce.activities.points import balances, doctor_checks, spending
from qunce.activities.points.models import (
    PointCap,
    PointLiability,
    PointLot,
    PointRule,
)
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.staff.models import Staff
from qunce.importing.jobs import jobs
from qunce.importing.undo import undos
from tests import clients, factories
from tests.activities.points import builders
from tests.activities.points.builders import usable
from tests.cli.runner import in_this_process
from tests.factories import AT, LATER
from tests.importing import helpers

pytestmark = pytest.mark.django_db
FILE = (
    "会员号,积分余额,到期日\n"
    "ann,120,2027-03-05\n"
    "ann,120,2027-03-05\n"
    'bob,"1,000",\n'
    "cat,0,2027-03-05\n"
)


# Files


def test_file_of_balances_adds_lots_once_and_can_be_undone(
    shop: Community, by: Staff, tmp_path: Path
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    path = helpers.write(tmp_path, FILE)
    result = helpers.run(shop, path, "points")
    assert result.problems == []
    assert result.job.counts["lots"] == 3
    assert result.job.counts["points"] == 1_240
    assert (usable(ann), usable(bob)) == (240, 1_000)
    again = helpers.run(shop, path, "points")
    assert again.job.counts.get("lots", 0) == 0
    assert (usable(ann), usable(bob)) == (240, 1_000)
    spending.spend(account_id=ann, amount=40, key="mall/1", by=None, at=AT)
    undos.start(job=result.job, by=by, at=LATER)
    only = {name: schedule.SCHEDULE[name] for name in (jobs.JOB, jobs.UNDO_JOB)}
    while scheduler.run_due(only, clock=lambda: LATER + timedelta(hours=1)):
        pass
    found = balances.balance(account_id=ann, at=LATER)
    assert (found.usable, found.owed, usable(bob)) == (0, 40, 0)


@pytest.mark.parametrize("points", ["-5", "1.5", "many", "10000000000"])
def test_balance_that_is_no_number_of_points_is_refused(
    shop: Community, tmp_path: Path, points: str
) -> None:
    path = helpers.write(tmp_path, f"会员号,积分余额\nann,{points}\n")
    result = helpers.run(shop, path, "points")
    assert [problem.value for problem in result.problems] == [points]
    assert not PointLot.objects.exists()


# The API


def test_program_sets_a_rule_and_earns_spends_and_reverses(shop: Community) -> None:
    ann = factories.member(shop, "ann").pk
    client = clients.create_client(shop)
    rule = client.post(
        "/points/rules",
        {
            "name": "Reviews",
            "event": "review",
            "points": 10,
            "day_cap": 15,
            "week_cap": "none",
            "starts_at": "2026-01-01T00:00:00Z",
        },
    )
    assert rule.status == 201, rule.body
    key = rule.body["key"]
    assert (rule.body["day_cap"], rule.body["month_cap"]) == (15, "no_limit")
    assert rule.body["week_cap"] == "none"
    path = f"/points/rules/{rule.body['id']}"
    client.patch(path, {"week_cap": "no_limit"})
    assert client.post(f"{path}/start").body["is_on"]
    earned = client.post(
        f"/members/{ann}/points/earn", {"rule_key": key, "source_key": "review/1"}
    )
    assert earned.body["entry"]["points"] == 10
    again = client.post(
        f"/members/{ann}/points/earn", {"rule_key": key, "source_key": "review/1"}
    )
    assert again.body["entry"] is None
    assert again.body["why_not"] == "这件事已经得过积分。"
    spend = {"points": 4, "key": "mall/1"}
    ids = {
        client.post(f"/members/{ann}/points/spend", spend).body["id"] for _ in range(2)
    }
    assert len(ids) == 1
    assert client.get(f"/members/{ann}/points").body["usable"] == 6
    too_many = client.post(
        f"/members/{ann}/points/spend", {"points": 7, "key": "mall/2"}
    )
    assert too_many.status in (403, 409, 422)
    assert (
        client.post("/points/restore", {"key": "mall/1"}).body["entry"]["points"] == 4
    )
    taken = client.post("/points/reverse", {"source_key": "review/1"})
    assert [entry["points"] for entry in taken.body["entries"]] == [10]
    history = client.get(f"/members/{ann}/points/history").body["items"]
    assert [entry["points"] for entry in history] == [-10, 4, -4, 10]
    assert client.get(f"/members/{ann}/points/recount").body == {"differences": []}


# The command line


def test_commands_show_and_change_points(
    shop: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    run = in_this_process(capsys, "--at", AT.isoformat(), "--lang", "en")
    factories.member(shop, "ann")
    builders.rule(shop, starts_at=AT - 3 * builders.DAY)
    assert run("points", "earn", "ann", "review", "r/1", "--json").json["entry"]
    assert (
        run("points", "spend", "ann", "4", "--key", "k", "--json").json["points"] == 4
    )
    assert "6 points usable" in run("points", "balance", "ann").output
    assert run("points", "restore", "k", "--json").json["entry"]["points"] == 4
    run("points", "give", "ann", "5", "--reason", "thanks", "--key", "g")
    taken = run("points", "reverse", "r/1", "--json").json["entries"]
    assert [entry["points"] for entry in taken] == [10]
    assert run("points", "balance", "ann", "--json").json["usable"] == 5
    assert "agree" in run("points", "recount", "ann").output
    assert run("points", "spend", "ann", "6", "--key", "l").code != 0
    assert "review" in run("points", "rules").output


def test_commands_ask_a_second_person_and_show_what_is_owed_to_members(
    shop: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    factories.member(shop, "ann")
    for login in ("amy", "bob"):
        factories.staff(shop, login=login)
    amy, bob = (
        in_this_process(capsys, "--at", AT.isoformat(), "--lang", "en", "--as", login)
        for login in ("amy", "bob")
    )
    for key in ("a", "b"):
        amy("points", "give", "ann", "5000", "--reason", "sorry", "--key", key)
    first, second = (
        str(row["id"]) for row in amy("points", "waiting", "--json").json["adjustments"]
    )
    assert amy("points", "approve", first).code != 0
    assert bob("points", "approve", first, "--json").json["points"] == 5_000
    assert "Declined" in bob("points", "decline", second).output
    assert amy("points", "waiting", "--json").json["adjustments"] == []
    found = amy("points", "liability", "--json").json
    assert (found["points"], found["lines"][0]["month"]) == (5_000, None)
    assert "never" in amy("points", "liability").output
    text = amy("points", "leaderboard", "--period", "2026-01").output
    assert "Nobody earned points" in text


# The console


def test_rule_with_caps_in_words_is_created_and_switched_on(
    shop: Community, by: Staff
) -> None:
    browser = clients.browser(by)
    form = {
        "name": "Shopping",
        "event": "order",
        "points": "1",
        "per_amount": "10.00",
        "wait_days": "0",
        "valid_days": "365",
        "starts_on": "2026-03-01",
        "day_cap_mode": "at_most",
        "day_cap_count": "20",
        "week_cap_mode": "off",
        "month_cap_mode": "none",
    }
    wrong = browser.post("/activities/points/new/", {**form, "day_cap_count": ""})
    assert wrong.status_code == 422
    wrong = browser.post("/activities/points/new/", {**form, "week_cap_count": "5"})
    assert wrong.status_code == 422
    assert browser.post("/activities/points/new/", form).status_code == 303
    rule = PointRule.objects.get()
    assert (rule.day_cap, rule.week_cap, rule.month_cap) == (20, None, 0)
    assert (rule.per_amount, rule.is_on) == (10_00, False)
    browser.post(f"/activities/points/{rule.pk}/start/")
    text = browser.get("/activities/points/").content.decode()
    assert "Shopping" in text
    rule.refresh_from_db()
    assert rule.is_on


def test_points_by_hand_are_written_once_per_form(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann", name="Ann").pk
    other = factories.staff(shop, login="bob")
    browser, url = clients.browser(by), f"/activities/points/members/{ann}/"
    for _time in range(2):
        browser.post(url, {"points": "40", "reason": "<b>thanks</b>", "key": "f1"})
    page = browser.get(url).content.decode()
    assert "&lt;b&gt;thanks&lt;/b&gt;" in page
    assert list(PointLot.objects.values_list("account_id", "left")) == [(ann, 40)]
    browser.post(url, {"points": "5000", "reason": "much", "key": "f2"})
    assert PointLot.objects.count() == 1
    assert (
        "5,000"
        in clients.browser(other).get("/activities/points/approvals/").content.decode()
    )
    assert (
        browser.post(url, {"points": "0", "reason": "x", "key": "f3"}).status_code
        == 422
    )


# The doctor


def test_doctor_finds_what_does_not_follow_from_the_entries(shop: Community) -> None:
    ann = factories.member(shop, "ann").pk
    builders.award(ann, 10)
    assert list(doctor_checks.check_points()) == []
    PointLot.objects.update(left=9)
    found = {finding.code for finding in doctor_checks.check_points()}
    assert found == {"point_lots", "point_liability"}
    PointLot.objects.update(left=10)
    PointLiability.objects.update(points=11)
    found = {finding.code for finding in doctor_checks.check_points()}
    assert found == {"point_liability"}
    PointLiability.objects.update(points=10)
    rule = builders.rule(shop)
    PointCap.objects.create(rule=rule, person_id=ann, period="d1", used=1, cap=1)
    found = {finding.code for finding in doctor_checks.check_points()}
    assert found == {"point_caps"}
