"""Lists, gates and overlaps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.entry import requests
from qunce.groups.groups import Group
from qunce.groups.overlaps import group_sets
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def room(shop: Community) -> Group:
    return Group.objects.get(community=shop, key="room")


def test_people_are_listed_removed_exported_and_imported(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    add = ("lists", "add", "black")
    assert run(*add).code == 2
    known = run(*add, "--member", "bob", "--reason", "adverts", "--json").json
    assert (known["key"], known["list"], known["groups"]) == ("bob", "black", [])
    assert run(*add, "--member", "bob").code == 4
    unknown = ("--channel", "matrix", "--key", "@eve:x.example", "--group", "room")
    listed = run(*add, *unknown, "--until", "2099-01-01", "--json").json
    assert (listed["groups"], listed["channel"]) == (["room"], "matrix")
    assert "adverts" in run("lists", "list", "--list", "black").output
    assert run("lists", "list", "--list", "white").output == ""
    # A spreadsheet would run the id of Matrix.
    exported = run("lists", "export", "black", "--channel", "matrix").output
    assert exported.startswith("'@eve:x.example,,matrix,")
    assert run("lists", "remove", str(listed["id"])).code == 0
    assert len(run("lists", "list", "--ended", "--json").json["entries"]) == 1
    file = tmp_path / "black.csv"
    file.write_text(exported, encoding="utf-8")
    words = ("lists", "import", "black", str(file))
    shown = run(*words, "--dry-run", "--json").json
    assert (shown["people"][0]["key"], shown["added"]) == ("@eve:x.example", 0)
    assert run(*words, "--json").json["added"] == 1
    assert "on the list already" in run(*words).output


def test_policies_of_a_room_are_imported(run: Run, tmp_path: Path) -> None:
    content = {"entity": "@spam:x.example", "recommendation": "m.ban", "reason": "ads"}
    event = {"type": "m.policy.rule.user", "state_key": "r1", "content": content}
    file = tmp_path / "events.json"
    file.write_text(json.dumps([event]), encoding="utf-8")
    assert run("lists", "import", "black", str(file)).code == 0
    (entry,) = run("lists", "list", "--json").json["entries"]
    assert (entry["key"], entry["reason"]) == ("@spam:x.example", "ads")
    file.write_text("[{", encoding="utf-8")
    assert "not valid JSON" in run("lists", "import", "black", str(file)).errors


def test_a_gate_is_set_and_lets_people_in(
    run: Run, shop: Community, owner: Staff, room: Group
) -> None:
    assert run("gates", "start", "room").code == 4
    assert run("gates", "set", "room", "--questions", "{").code == 2
    questions = json.dumps([{"text": "Which tea?"}])
    terms = ("--keyword", "tea", "--questions", questions, "--max-attempts", "3")
    gate = run("gates", "set", "room", *terms, "--approval", "--json").json
    assert (gate["keywords"], gate["needs_approval"]) == (["tea"], True)
    assert gate["questions"][0]["text"] == "Which tea?"
    assert "room" in run("gates", "start", "room").output
    ann, bob = factories.account_ids(shop, ("ann", "bob"))
    for account in (ann, bob):
        requests.open_request(group=room, account=account, by=owner, at=AT)
    waiting = run("gates", "requests", "--group", "room", "--json").json["requests"]
    assert [row["step"] for row in waiting] == ["keyword", "keyword"]
    assert run("gates", "let-in", str(waiting[0]["id"])).code == 0
    assert run("gates", "refuse", str(waiting[1]["id"])).code == 0
    assert run("gates", "requests").output == ""
    passed = run("gates", "requests", "--state", "passed", "--json").json["requests"]
    assert [row["id"] for row in passed] == [waiting[0]["id"]]
    assert run("gates", "stop", "room").code == 0
    (row,) = run("gates", "list", "--json").json["gates"]
    assert (row["group"], row["is_on"]) == ("room", False)
    assert "Which tea?" in run("gates", "show", "room").output


def test_overlaps_are_shown_and_cleaned_after_a_look(
    run: Run, shop: Community, owner: Staff
) -> None:
    park = factories.group(shop, "park", "ann", "cyd")
    hall = factories.group(shop, "hall", "ann", "bob")
    group_sets.create(name="City", groups=[park, hall], by=owner, at=AT)
    (row,) = run("overlaps", "list", "--json").json["group_sets"]
    assert (row["name"], row["members"]) == ("City", 1)
    pk = str(row["id"])
    shown = run("overlaps", "show", pk, "--json").json
    assert [person["groups"] for person in shown["people"]] == [["park", "hall"]]
    preview = run("overlaps", "clean", pk, "--dry-run", "--json").json
    assert preview["count"] == 1
    assert "--dry-run" in run("overlaps", "clean", pk).errors
    assert run("overlaps", "clean", pk, "--expected", "2").code == 4
    started = run("overlaps", "clean", pk, "--expected", "1", "--json").json
    assert (started["state"], started["total"]) == ("running", 1)
    assert "1" in run("overlaps", "clean-ups").output
    assert run("overlaps", "undo", str(started["id"])).code == 0
