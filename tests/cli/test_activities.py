"""`qunce activities`."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from qunce.activities.activities.models import Activity
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.running import draft, running
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_activity_is_entered_moved_on_and_reviewed(
    run: Run, shop: Community, by: Staff, tmp_path: Path
) -> None:
    account = factories.member(shop, "zhang", name="张三").pk
    factories.group(shop, "north", account)
    number = str(running(by).pk)
    when = ("--json", "--at", AT.isoformat())
    assert run("activities", "enter", number, "zhang", *when).json["accepted"]
    assert run("activities", "enter", number, "nobody", *when).code != 0
    chat = tmp_path / "chat.txt"
    chat.write_text("张三：打卡\n李四：打卡\n张三：你好", encoding="utf-8")
    pasted = run("activities", "paste", number, "north", str(chat), *when).json
    assert (pasted["unsure"], pasted["refused"], pasted["others"]) == (1, 1, 1)
    shown = run("activities", "show", number, *when).json
    assert (shown["people"], shown["typed"]) == (1, 1)
    for step in ("pause", "resume", "close", "settle"):
        reason = ("Lunch",) if step == "pause" else ()
        assert run("activities", step, number, *reason, *when).code == 0
    row = run("activities", "review", number, "Start on Monday", *when).json
    assert (row["state"], row["lesson"]) == ("reviewed", "Start on Monday")
    draft(by)
    rows = run("activities", "list", "--state", "draft", *when).json["activities"]
    assert [each["id"] for each in rows] == [Activity.objects.get(state="draft").pk]


SETTINGS = {"proof": "text", "make_up_days": 3}


def test_a_draft_is_created_with_the_settings_of_its_kind(
    run: Run, shop: Community, by: Staff
) -> None:
    factories.group(shop, "north")
    kinds = {
        row["key"]: row for row in run("activities", "kinds", "--json").json["kinds"]
    }
    assert SETTINGS.keys() <= {each["name"] for each in kinds["check_in"]["settings"]}
    row = run(
        *("activities", "create", "check_in", "Thirty pages"),
        *("--starts", "2026-03-05T20:00", "--ends", "2026-04-05T20:00"),
        *("--may-join", '{"group": {"any": ["north"]}}', "--group", "north"),
        *("--points-limit", "500", "--money-limit", "12.50"),
        *("--settings", json.dumps(SETTINGS), "--json", "--at", AT.isoformat()),
    ).json
    created = Activity.objects.get(pk=row["id"])
    zone = ZoneInfo(shop.timezone)
    assert created.starts_at.astimezone(zone).isoformat()[:16] == "2026-03-05T20:00"
    assert SETTINGS.items() <= created.settings.items()
    assert created.may_join == {"group": {"any": ["north"]}}
    assert [group.key for group in created.groups.all()] == ["north"]
    assert (created.points_limit, created.money_limit) == (500, 1_250)
    assert created.notified is None


@pytest.mark.parametrize(
    ("option", "value", "place"),
    [
        ("--starts", "tomorrow", "not a valid time"),
        ("--group", "nowhere", "“nowhere”"),
        ("--settings", "[]", "object"),
        ("--settings", '{"proof": "video"}', "one of"),
        ("--settings", "{", "JSON"),
        ("--settings", '{"speed": 1}', "speed"),
        ("--money-limit", "1.234", "1.234"),
        ("--may-join", '{"colour": 1}', "colour"),
    ],
)
def test_a_draft_that_is_not_understood_is_not_created(
    run: Run, shop: Community, by: Staff, option: str, value: str, place: str
) -> None:
    given = {"--starts": "2026-03-05T20:00", option: value}
    words = [word for pair in given.items() for word in pair]
    result = run("activities", "create", "check_in", "Thirty pages", *words)
    assert result.code != 0
    assert place in result.errors
    assert not Activity.objects.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-03-08T02:30", "does not exist in America/Los_Angeles"),
        ("2026-11-01T01:30", "is there twice in America/Los_Angeles"),
    ],
)
def test_a_time_that_clocks_skip_or_repeat_is_refused(
    run: Run, text: str, says: str
) -> None:
    shop = factories.community(language="en", timezone="America/Los_Angeles")
    factories.staff(shop)
    words = ("activities", "create", "check_in", "x", "--starts")
    result = run(*words, text)
    assert result.code != 0
    assert says in result.errors
    assert run(*words, f"{text}-08:00").code == 0


def test_other_words_of_the_same_day_are_another_attempt(
    run: Run, shop: Community, by: Staff
) -> None:
    factories.member(shop, "zhang")
    number = str(running(by).pk)
    when = ("--json", "--at", AT.isoformat())
    enter = ("activities", "enter", number, "zhang", *when)
    assert not run(*enter, "--said", "one").json["repeated"]
    assert run(*enter, "--said", "one").json["repeated"]
    assert not run(*enter, "--said", "two").json["repeated"]
