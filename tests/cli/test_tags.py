from __future__ import annotations

import json

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def keys(run: Run) -> list[str]:
    return [tag["key"] for tag in run("tags", "list", "--json").json["tags"]]


def test_tags_are_listed_with_their_members(run: Run, shop: Community) -> None:
    assert run("tags", "list", "--json").json == {
        "tags": [{"key": "vip", "name": "vip", "group": None, "members": 2}]
    }


def test_tag_is_added_to_a_group(run: Run, shop: Community) -> None:
    added = run("tags", "add", "tea", "--group", "bought", "--name", "Tea", "--json")
    assert added.json == {"tag": "tea"}
    tags = run("tags", "list", "--json").json["tags"]
    tea = {"key": "tea", "name": "Tea", "group": "bought", "members": 0}
    assert tea in tags and len(tags) == 2
    assert run("tags", "add", "tea").code == 4
    assert run("tags", "add", "cup", "--group", "nowhere").code == 3


def test_template_adds_what_is_missing(run: Run, shop: Community) -> None:
    first = run("tags", "add-from-template", "education", "--json").json
    assert "subject:english" in first["created"]
    again = run("tags", "add-from-template", "education", "--json").json
    assert again == {"created": []}
    groups = {tag["group"] for tag in run("tags", "list", "--json").json["tags"]}
    assert groups == {None, "learner", "project", "subject"}
    assert run("tags", "add-from-template", "farming").code == 2


def test_tag_group_refuses_a_name_that_breaks_its_rule(
    run: Run, shop: Community
) -> None:
    group = run("tag-groups", "add", "stage", "--prefix", "stage:", "--exclusive")
    assert group.code == 0
    wrong = run("tags", "apply", "new", "--new-in", "stage", "--members", "ann")
    assert wrong.code == 2
    assert "stage:" in wrong.errors
    right = run("tags", "apply", "stage:new", "--new-in", "stage", "--members", "ann")
    assert right.code == 0


def test_tag_groups_are_listed_with_their_rules(run: Run, shop: Community) -> None:
    run("tag-groups", "add", "stage", "--prefix", "stage:", "--exclusive")
    bought, stage = run("tag-groups", "list", "--json").json["tag_groups"]
    assert (bought["key"], bought["exclusive"], bought["prefix"]) == (
        "bought",
        False,
        "",
    )
    assert (stage["key"], stage["exclusive"]) == ("stage", True)
    assert stage["prefix"] == "stage:"


def test_keys_of_merged_tags_and_synonyms_lead_to_the_tag(
    run: Run, shop: Community
) -> None:
    run("tags", "apply", "gold", "--new-in", "bought", "--members", "cyd")
    assert run("tags", "merge", "gold", "vip", "--json").json["changed"] == 2
    assert run("tags", "add-synonym", "vip", "noble").code == 0
    for key in ("vip", "gold", "noble"):
        rule = json.dumps({"tag": {"any": [key]}})
        assert run("audience", "count", rule).output == "3\n"


def test_tag_is_archived_and_restored(run: Run, shop: Community) -> None:
    archived = run("tags", "archive", "vip", "--json").json
    assert archived == {"tag": "vip", "state": "archived"}
    assert keys(run) == []
    assert run("tags", "apply", "vip", "--members", "cyd").code == 4
    assert run("tags", "restore", "vip", "--json").json["state"] == "active"
    assert keys(run) == ["vip"]


def test_report_names_duplicates_and_rare_tags(run: Run, shop: Community) -> None:
    run("tags", "apply", "likes tea", "--new-in", "bought", "--members", "ann")
    run("tags", "apply", "Likes-Tea", "--new-in", "bought", "--members", "ann,bob")
    report = run("tags", "report", "--json").json
    assert report["duplicates"] == [["Likes-Tea", "likes tea"]]
    assert report["single_use"] == ["likes tea"] and report["unused"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("tags", "add", "tea"),
        ("tags", "archive", "vip"),
        ("tags", "merge", "vip", "vip"),
        ("tags", "apply", "vip", "--members", "cyd"),
        ("tags", "remove", "vip", "--members", "ann"),
        ("tag-groups", "add", "stage"),
    ],
)
def test_viewers_change_no_tags(
    run: Run, shop: Community, words: tuple[str, ...]
) -> None:
    factories.staff(shop, login="vic", role="viewer")
    assert run(*words, "--as", "vic").code == 4
    assert run("tags", "list", "--json").json["tags"][0]["members"] == 2


def test_tag_is_moved_owned_renamed_and_loses_a_synonym(
    run: Run, shop: Community
) -> None:
    """K3."""
    factories.staff(shop, "operator", "olga")
    run("tag-groups", "add", "stage", "--several")
    run("tag-groups", "add", "stage")
    changed = run(
        *("tags", "edit", "vip", "--group", "stage", "--owner", "olga"),
        *("--name", "VIP", "--description", "buys monthly", "--json"),
    ).json
    assert (changed["group"], changed["owner"], changed["name"]) == (
        "stage",
        "olga",
        "VIP",
    )
    assert run("tags", "edit", "vip", "--group", "", "--json").json["group"] is None
    assert run("tags", "edit", "vip", "--deepened-by", "tag.added").code == 2
    run("tags", "add-synonym", "vip", "loyal")
    assert run("tags", "remove-synonym", "vip", "loyal").code == 0
    assert run("tags", "remove-synonym", "vip", "loyal").code == 3
    run("tag-groups", "edit", "stage", "--prefix", "s:", "--guidance", "Write s:1.")
    refused = run("tags", "add", "x", "--group", "stage")
    assert (refused.code, "Write s:1." in refused.errors) == (2, True)


def test_merge_is_listed_and_undone(run: Run, shop: Community) -> None:
    run("tags", "add", "old")
    run("tags", "apply", "old", "--members", "cyd", "--note", "fair")
    merged = run("tags", "merge", "old", "vip", "--json").json["batch"]
    assert keys(run) == ["vip"]
    listed = run("tags", "batches", "--json").json["batches"]
    assert listed[0]["batch"] == merged
    assert [row["note"] for row in listed][:2] == ["old", "fair"]
    run("tags", "undo", str(merged))
    assert keys(run) == ["old", "vip"]
    run("tags", "dismiss-duplicate", "old", "vip")
