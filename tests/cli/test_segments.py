from __future__ import annotations

import json
from typing import Any

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)
VIP = '{"tag": {"any": ["vip"]}}'


def saved(run: Run, *words: str) -> dict[str, Any]:
    (segment,) = run("segments", "save", *words, "--json").json["segments"]
    found: dict[str, Any] = segment
    return found


def test_segment_is_saved_listed_and_used(run: Run, shop: Community) -> None:
    vips = saved(run, "vips", VIP, "--name", "Very important")
    assert run("segments", "list", "--json").json == {"segments": [vips]}
    assert (vips["key"], vips["members"]) == ("vips", 2)
    assert run("audience", "count", "segment:vips").output == "2\n"


def test_saving_again_changes_the_rule_and_keeps_the_name(
    run: Run, shop: Community
) -> None:
    saved(run, "vips", VIP, "--name", "Very important")
    changed = saved(run, "vips", '{"all": []}')
    assert changed["members"] == 4
    assert changed["name"] == "Very important"


def test_segment_is_shown_with_its_rule(run: Run, shop: Community) -> None:
    saved(run, "vips", VIP, "--note", "for the spring list")
    shown = run("segments", "show", "vips", "--json").json
    assert shown == {
        "key": "vips",
        "name": "vips",
        "description": "for the spring list",
        "members": 2,
        "rule": json.loads(VIP),
        "state": "active",
    }
    assert VIP in run("segments", "show", "vips").output
    assert run("segments", "show", "nowhere").code == 3


def test_frozen_segment_does_not_change(run: Run, shop: Community) -> None:
    assert run("segments", "freeze", "then", VIP, "--json").json["members"] == 2
    run("tags", "apply", "vip", "--members", "cyd")
    frozen = '{"segment": {"frozen": ["then"]}}'
    assert run("audience", "list", frozen).output == "ann\nbob\n"
    assert run("audience", "list", VIP).output == "ann\nbob\ncyd\n"


def test_segment_is_archived_and_restored(run: Run, shop: Community) -> None:
    saved(run, "vips", VIP)
    saved(run, "more", "segment:vips")
    in_use = run("segments", "archive", "vips")
    assert in_use.code == 4
    assert "more" in in_use.errors
    assert run("segments", "archive", "more", "--json").json["state"] == "archived"
    (left,) = run("segments", "list", "--json").json["segments"]
    assert left["key"] == "vips"
    assert run("segments", "restore", "more").code == 0
    assert len(run("segments", "list", "--json").json["segments"]) == 2


def test_sizes_are_those_that_staff_may_see(run: Run, shop: Community) -> None:
    saved(run, "vips", VIP)
    factories.staff(
        shop, login="lin", scope={"members": {"keys": ["bob", "cyd"]}}, role="operator"
    )
    (seen,) = run("segments", "list", "--json", "--as", "lin").json["segments"]
    assert seen["members"] == 1


def test_viewers_save_and_freeze_nothing(run: Run, shop: Community) -> None:
    factories.staff(shop, login="vic", role="viewer")
    assert run("segments", "save", "vips", VIP, "--as", "vic").code == 4
    assert run("segments", "freeze", "vips", VIP, "--as", "vic").code == 4
    assert run("segments", "list", "--as", "vic", "--json").json == {"segments": []}


def test_sizes_of_a_segment_are_listed_by_day(run: Run, shop: Community) -> None:
    saved(run, "vips", VIP)
    sizes = run("segments", "sizes", "vips", "--json").json
    assert (sizes["key"], sizes["sizes"]) == ("vips", [])


def test_segment_is_watched(run: Run, shop: Community) -> None:
    saved(run, "vips", VIP)
    started = run("segments", "watch", "vips", "--json").json
    assert started == {"key": "vips", "watched": True, "members": 2}
    assert run("segments", "unwatch", "vips", "--json").json["watched"] is False
    assert run("segments", "watch", "nowhere").code == 3


def test_sentence_is_read_as_a_rule(run: Run, shop: Community) -> None:
    factories.tag(shop, "koc", name="KOC")
    answer = run("segments", "read", "KOC who bought this week", "--json").json
    assert answer["rule"]["all"][0] == {"tag": {"any": ["koc"]}}
    assert (
        answer["notes"][0] in run("segments", "read", "KOC who bought this week").output
    )
    saved(run, "tea", json.dumps(answer["rule"]))


def test_words_that_are_not_understood_are_shown(run: Run, shop: Community) -> None:
    result = run("segments", "read", "members who like dogs")
    assert "This is not understood:" in result.output
    assert "dogs" in result.output
    answer = run("segments", "read", "members who like dogs", "--json").json
    assert answer["rule"] is None
    assert {mark["state"] for mark in answer["marks"]} == {"understood", "unknown"}
    assert run("segments", "read", "VIP " * 200).code == 2


def test_what_could_be_meant_is_shown(run: Run, shop: Community) -> None:
    result = run("segments", "read", "bought or clicked a link and unsubscribed")
    assert "    (bought or clicked a link) and unsubscribed\n" in result.output
    assert "    bought or (clicked a link and unsubscribed)\n" in result.output
