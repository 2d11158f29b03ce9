"""`qunce meet-ups`, `malls` and `games`: lists of activities, check-in by pasted names."""

from __future__ import annotations

from pathlib import Path

import pytest

from qunce.activities.meetups.models import SignUp
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.games import builders as games
from tests.activities.mall import builders as mall
from tests.activities.meetups import builders as meetups
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)
NOW = ("--json", "--at", AT.isoformat())


def test_pasted_names_are_checked_in_line_by_line(
    run: Run, shop: Community, by: Staff, tmp_path: Path
) -> None:
    meetup = meetups.open_meetup(by)
    (bob,) = factories.account_ids(shop, ("bob",))
    meetups.say(meetup, bob)
    number, opened = str(meetup.pk), meetups.START.isoformat()
    shown = run("meet-ups", "sign-ups", number, *NOW).json
    assert [(row["member_id"], row["state"]) for row in shown["sign_ups"]] == [
        (bob, "seated")
    ]
    names = tmp_path / "came.txt"
    names.write_text("bob\n\ncyd\nnobody\nbob\n")
    at = ("--json", "--at", opened)
    lines = run("meet-ups", "check-in", number, str(names), *at).json["lines"]
    assert [row["line"] for row in lines] == ["bob", "cyd", "nobody", "bob"]
    assert lines[0]["problem"] == ""
    assert "has not signed up" in lines[1]["problem"]
    assert lines[2]["problem"] != ""
    assert "Checked in already" in lines[3]["problem"]
    assert SignUp.objects.get().state == "attended"
    assert run("malls", "redemptions", number, *NOW).code != 0


def test_redemptions_are_listed_and_undone(
    run: Run, shop: Community, by: Staff
) -> None:
    (zoe,) = mall.rich(by, "zoe")
    opened = mall.open_mall(by)
    mall.redeem(opened, zoe)
    number = str(opened.pk)
    (row,) = run("malls", "redemptions", number, *NOW).json["redemptions"]
    assert (row["member_id"], row["points"], row["state"]) == (zoe, 30, "to_claim")
    undone = run("malls", "undo", number, str(row["id"]), "typed twice", *NOW).json
    assert undone["is_undone"]
    assert run("malls", "undo", number, str(row["id"]), "again", *NOW).code != 0


def test_standings_of_a_game_are_listed_by_points(
    run: Run, shop: Community, by: Staff
) -> None:
    game = games.chain(by)
    assert run("games", "standings", str(game.pk), *NOW).json["standings"] == []
    assert run("games", "standings", "999999", *NOW).code != 0
