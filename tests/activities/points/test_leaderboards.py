"""Leaderboards of days, weeks, months and all time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from qunce.activities.points import earning, leaderboard, periods, reversals, sums
from qunce.activities.points.models import LeaderboardOptOut, PointScore
from qunce.core import community_days
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.people import staff_accounts
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.activities.points import builders
from tests.activities.points.builders import DAY
from tests.cli.runner import in_this_process
from tests.factories import AT
from tests.portal.phones import Phone

pytestmark = pytest.mark.django_db
TODAY = community_days.from_date(date(2026, 3, 5))

TEXTS = [
    # text, first day, last day; 2026-03-05 is a Thursday
    ("day", "2026-03-05", "2026-03-05"),
    ("week", "2026-03-02", "2026-03-08"),
    ("month", "2026-03-01", "2026-03-31"),
    ("2026-02-28", "2026-02-28", "2026-02-28"),
    ("2026-W01", "2025-12-29", "2026-01-04"),
    ("2026-w09", "2026-02-23", "2026-03-01"),
    ("2024-02", "2024-02-01", "2024-02-29"),
    ("all", "None", "None"),
]


@pytest.mark.parametrize(("text", "first", "last"), TEXTS)
def test_periods_are_read_and_written(text: str, first: str, last: str) -> None:
    period = periods.parse(text, TODAY)
    assert (str(period.first), str(period.last)) == (first, last)
    assert periods.parse(period.text, TODAY) == period


@pytest.mark.parametrize(
    "text",
    ["", "March", "2026-13", "2026-02-30", "2026-W54", "1969-12", "9999-01", "'; --"],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(periods.InvalidPeriod):
        periods.parse(text, TODAY)


@pytest.mark.parametrize("text", ["2026-02-01", "2025-W50", "2026-03-06", "2026-W11"])
def test_days_and_weeks_that_are_not_kept_are_refused(text: str) -> None:
    with pytest.raises(periods.InvalidPeriod, match=r"kept|begun"):
        leaderboard.parse_period(text, TODAY)


@pytest.fixture
def scored(shop: Community, by: Staff) -> dict[str, int]:
    """Points today, on Monday, in the week before, the month before and last year."""
    names = dict(zip("abcde", factories.members(shop, *"abcde"), strict=True))
    for days, (key, points) in zip(
        (0, 3, 7, 10, 300),
        {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}.items(),
        strict=True,
    ):
        builders.award(names[key], points, at=AT - days * DAY)
    builders.award(names["e"], 100, "import/1")
    deriver.catch_up()
    return names


def places(by: Staff, text: str) -> str:
    period = leaderboard.parse_period(text, by.community.day(AT))
    found = leaderboard.load(by=by, at=AT, period=period)
    return " ".join(f"{place.rank}:{place.points}" for place in found)


@pytest.mark.usefixtures("scored")
def test_each_period_has_its_own_places(by: Staff) -> None:
    assert places(by, "day") == "1:1"
    assert places(by, "2026-03-02") == "1:2"
    assert places(by, "week") == "1:2 2:1"
    assert places(by, "2026-W09") == "1:4 2:3"
    assert places(by, "month") == "1:2 2:1"
    assert places(by, "2026-02") == "1:4 2:3"
    assert places(by, "2025-05") == "1:5"
    assert places(by, "all") == "1:5 2:4 3:3 4:2 5:1"


def test_what_is_taken_back_counts_when_it_was_earned(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann")
    rule = builders.rule(shop)
    for day, key in ((0, "now"), (8, "before")):
        earning.earn(
            account_id=ann,
            rule_key=rule.key,
            source_key=key,
            by=None,
            at=AT - day * DAY,
        )
    deriver.catch_up()
    reversals.reverse_source(community=shop, source_key="before", by=None, at=AT)
    assert places(by, "2026-W09") == places(by, "2026-02-25") == ""
    assert places(by, "day") == places(by, "month") == places(by, "all") == "1:10"


def test_old_days_and_weeks_are_deleted(scored: dict[str, int], by: Staff) -> None:
    kept = set(PointScore.objects.values_list("period", flat=True))
    assert "d20517" in kept
    assert leaderboard.prune_due(at=AT) == 2
    later = AT + sums.DAYS_KEPT * DAY
    assert leaderboard.prune_due(at=later) == 4
    assert places(by, "2026-02") == "1:4 2:3"
    leaderboard.prune_due(at=AT + 400 * DAY)
    left = set(PointScore.objects.values_list("period", flat=True))
    assert left == {"all", "m24314", "m24313", "m24304"}


@pytest.mark.usefixtures("scored")
def test_staff_and_programs_choose_a_period(
    shop: Community, by: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = clients.browser(by)
    page = browser.get("/activities/points/leaderboard/?period=all").content.decode()
    assert "总榜" in page
    wrong = browser.get("/activities/points/leaderboard/?period=2026-13")
    assert wrong.status_code == 422
    assert "2026-W10" in wrong.content.decode()
    client = clients.create_client(shop)
    body = client.get("/points/leaderboard?period=2026-02").body
    assert (body["period"], body["first_day"]) == ("2026-02", "2026-02-01")
    assert [item["points"] for item in body["items"]] == [4, 3]
    assert client.get("/points/leaderboard?period=x").status == 422
    run = in_this_process(capsys, "--at", AT.isoformat(), "--lang", "en")
    found = run("points", "leaderboard", "--period", "all", "--json").json
    assert [place["points"] for place in found["places"]] == [5, 4, 3, 2, 1]
    assert run("points", "leaderboard", "--period", "x").code != 0


def test_members_choose_a_period_and_find_their_own_place(shop: Community) -> None:
    at = datetime.now(UTC)
    ids = factories.members(shop, *(f"m{n}" for n in range(12)))
    for number, account in enumerate(ids):
        builders.award(account, 100 - number, at=at)
    builders.award(ids[11], 500, "prize/old", at=at - 400 * DAY)
    deriver.catch_up()
    phone = Phone(shop)
    page = phone.sign_in(ids[11])
    assert "<td>12</td>" in page
    page = phone.open("me/leaderboard?period=all")
    assert "All time" in page
    assert "<td>1</td>" in page
    assert '<td class="number">589</td>' in page
    assert "<td>12</td>" in phone.open("me/leaderboard?period=day")
    assert "<td>12</td>" in phone.open("me/leaderboard?period=nonsense")


def test_beyond_the_searched_places_members_read_their_points(
    shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime.now(UTC)
    ids = factories.members(shop, *(f"m{n}" for n in range(4)))
    for number, account in enumerate(ids):
        builders.award(account, 100 - number, at=at)
    deriver.catch_up()
    monkeypatch.setattr(leaderboard, "MAX_SEARCHED", 3)
    page = Phone(shop).sign_in(ids[3])
    assert "You have 97 points; the first 3 places have more." in page


def test_leaderboard_ranks_members_alone(shop: Community, by: Staff) -> None:
    ids = factories.members(shop, "ann", "bob", "cat", "dan", "eve", "fay", "gus")
    ann, bob, cat, dan, _eve, fay, _gus = ids
    for account, points in zip(ids, (30, 20, 20, 90, 80, 70, 10), strict=True):
        builders.award(account, points)
    staff_accounts.mark(accounts=[dan], staff=by, by=by, at=AT)
    factories.leave(shop, "eve")
    leaderboard.opt_out(account_id=fay, by=by, at=AT)
    factories.merge(shop, "bob", "gus")
    deriver.catch_up()
    places = [
        (place.rank, place.person, place.points)
        for place in leaderboard.load(by=by, at=AT)
    ]
    assert places == [(1, ann, 30), (1, bob, 30), (3, cat, 20)]
    assert leaderboard.load(by=by, at=AT + 40 * DAY) == []
    for period in ("2026-03-05", "2026-W10", "2026-03", "all"):
        chosen = leaderboard.parse_period(period, shop.day(AT + 2 * DAY))
        assert len(leaderboard.load(by=by, at=AT, period=chosen)) == 3
    leaderboard.opt_in(account_id=fay, by=by, at=AT)
    assert not LeaderboardOptOut.objects.exists()
