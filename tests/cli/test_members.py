from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.tags import assignments, library
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)
EVERYONE = '{"all": []}'
PHONE = "13800001111"


@pytest.fixture
def full(shop: Community) -> Community:
    """Ann has an identifier, attributes of several types, and was in two groups."""
    actor: dict[str, Any] = {"by": staff_models.system(shop), "at": AT}
    ann = account_queries.get(shop, "ann")
    accounts.add_identifier(account=ann, kind="phone", value=PHONE, **actor)
    values = {
        "city": ("text", "Lanzhou"),
        "points": ("number", "40.5"),
        "adult": ("bool", "yes"),
        "likes": ("multi", "tea;wine"),
        "born": ("date", "1990-04-03"),
    }
    for name, (kind, value) in values.items():
        attribute = attributes.define(community=shop, name=name, type=kind, **actor)
        attributes.set_values(attribute=attribute, values={ann.pk: value}, **actor)
    room = groups.get(shop, "room")
    hall = groups.create(community=shop, key="hall", **actor)
    for group in (room, hall):
        groups.add_members(group=group, accounts=[ann.pk], **actor)
    groups.remove_members(group=hall, accounts=[ann.pk], **actor)
    vip = library.get(shop, "vip")
    assignments.set_depths(tag=vip, depths={ann.pk: 3}, **actor)
    return shop


def test_everything_stored_about_a_member_is_shown(run: Run, full: Community) -> None:
    shown = run("members", "show", "ann", "--json").json
    facts = shown.pop("facts")
    hall, room = shown.pop("groups")
    assert shown == {
        "key": "ann",
        "name": "安",
        "accounts": ["import:ann"],
        "present": True,
        "joined_at": "2026-03-05T20:00:00+08:00",
        "left_at": None,
        "identifiers": [{"kind": "phone", "value": PHONE}],
        "attributes": {
            "adult": {"type": "bool", "value": True},
            "born": {"type": "date", "value": "1990-04-03"},
            "city": {"type": "text", "value": "Lanzhou"},
            "likes": {"type": "multi", "value": ["tea", "wine"]},
            "points": {"type": "number", "value": "40.5"},
        },
        "tags": {"vip": 3},
        "staff": None,
    }
    assert (hall["key"], hall["state"]) == ("hall", "left")
    assert hall["left_at"] is not None
    assert (room["key"], room["state"], room["role"]) == ("room", "joined", "member")
    assert "group.left" in [fact["kind"] for fact in facts]


def test_people_read_it_in_lines(run: Run, full: Community) -> None:
    lines = run("members", "show", "ann", "--facts", "1").output.splitlines()
    assert "安, is in the community" in lines[0]
    text = "\n".join(lines)
    assert "vip ×3" in text
    assert "adult: yes" in text
    assert "likes: tea; wine" in text
    assert "room" in text and "hall" not in text


def test_list_has_the_same_records(run: Run, full: Community) -> None:
    listed = run("members", "list", "--json").json["members"]
    assert [record["key"] for record in listed] == ["ann", "bob", "cyd", "dee"]
    shown = run("members", "show", "ann", "--json").json
    shown.pop("facts")
    assert listed[0] == shown
    assert listed[1]["attributes"] == {} and listed[1]["groups"] == []


def test_list_can_be_narrowed_limited_and_continued(run: Run, shop: Community) -> None:
    def keys(*words: str) -> list[str]:
        answer = run("members", "list", *words, "--json").json
        return [record["key"] for record in answer["members"]]

    assert keys("--rule", '{"tag": {"any": ["vip"]}}') == ["ann", "bob"]
    assert keys("--limit", "1") == ["ann"]
    assert keys("--after", "bob", "--limit", "1") == ["cyd"]
    assert run("members", "list", "--rule", '{"tag": {"any": ["x"]}}').code == 2


def test_identifiers_are_masked_without_the_permission(
    run: Run, full: Community
) -> None:
    factories.staff(full, login="vic", role="viewer")
    actor: dict[str, Any] = {"by": staff_models.system(full), "at": AT}
    accounts.create(community=full, key="13800002222", name="Eve", **actor)
    listed = run("members", "list", "--json", "--as", "vic").json["members"]
    assert listed[0]["identifiers"] == [{"kind": "phone", "value": "138****1111"}]
    assert listed[4]["key"] == "138****2222"
    assert listed[4]["accounts"] == ["import:138****2222"]
    full_list = run("members", "list", "--json").json["members"]
    assert full_list[0]["identifiers"] == [{"kind": "phone", "value": PHONE}]
    assert full_list[4]["key"] == "13800002222"


def test_member_is_shown_with_all_accounts(run: Run, shop: Community) -> None:
    merged = run("members", "merge", "ann", "bob", "--note", "same phone")
    assert merged.output == "ann and bob are one person.\n"
    shown = run("members", "show", "bob", "--json").json
    assert shown["key"] == "ann"
    assert shown["accounts"] == ["import:ann", "import:bob"]
    assert shown["tags"] == {"vip": 2}
    assert "member.merged" in [fact["kind"] for fact in shown["facts"]]


def test_merge_is_undone(run: Run, shop: Community) -> None:
    run("members", "merge", "ann", "bob")
    assert run("audience", "count", EVERYONE).output == "3\n"
    run("members", "unmerge", "ann", "bob")
    assert run("audience", "count", EVERYONE).output == "4\n"


def test_erasing_needs_a_confirmation(run: Run, shop: Community) -> None:
    assert run("members", "erase", "ann").code == 4
    assert run("members", "show", "ann").code == 0
    assert run("members", "erase", "ann", "--for-good").code == 0
    assert run("audience", "count", EVERYONE).output == "3\n"
    assert run("members", "show", "ann").code == 3


def test_members_outside_the_scope_are_unknown(run: Run, shop: Community) -> None:
    factories.staff(
        shop, login="lin", scope={"members": {"keys": ["bob"]}}, role="operator"
    )
    hidden = run("members", "show", "ann", "--as", "lin")
    assert hidden.code == 3
    assert hidden.errors == run(
        "members", "show", "anne", "--as", "lin"
    ).errors.replace("anne", "ann")
    assert run("members", "show", "bob", "--as", "lin", "--json").json["present"]
    listed = run("members", "list", "--as", "lin", "--json").json["members"]
    assert [record["key"] for record in listed] == ["bob"]
    assert run("members", "merge", "ann", "bob", "--as", "lin").code == 3


def test_hidden_groups_are_not_shown(run: Run, full: Community) -> None:
    lin = factories.staff(full, login="lin", role="manager")
    lin.groups = ["hall"]
    lin.save()
    shown = run("members", "show", "ann", "--as", "lin", "--json").json
    assert [group["key"] for group in shown["groups"]] == ["hall"]


def test_json_is_one_document_per_answer(run: Run, shop: Community) -> None:
    assert json.loads(run("members", "list", "--limit", "0", "--json").output) == {
        "members": []
    }


def test_wrong_identifier_is_replaced(run: Run, full: Community) -> None:
    factories.member(full, "too", identifiers={"phone": PHONE})
    args = ("--value", PHONE, "--new", "13900139001", "--json")
    report = run("members", "correct", "too", *args).json
    assert report == {
        "corrected": "too",
        "parted": [{"left": "ann", "right": "too"}],
        "joined": [],
    }
    shown = run("members", "show", "13900139001", "--json").json
    assert shown["key"] == "too"


def test_suppression_can_be_lifted(run: Run, full: Community) -> None:
    assert run("members", "erase", "ann", "--for-good").code == 0
    assert run("members", "lift-suppression", "--value", "13900139001").code == 3
    assert run("members", "lift-suppression", "--value", PHONE).code == 0
    assert factories.member(full, "ann").present


def test_staff_are_assigned_by_a_rule_with_a_checked_count(
    run: Run, shop: Community
) -> None:
    staff_models.create(community=shop, login="wang", name="王芳", at=AT)
    stale = run(
        "members", "assign", "--rule", EVERYONE, "--to", "王芳", "--expect", "99"
    )
    assert stale.code == 4 and "not 99" in stale.errors
    answer = run("members", "assign", "--members", "ann", "--to", "wang", "--json").json
    assert (answer["selected"], answer["changed"]) == (1, 1)
    assert run("members", "show", "ann", "--json").json["staff"] == "wang"
    unknown = run("members", "assign", "--members", "ann", "--to", "nobody-here")
    assert unknown.code == 3 and "no active staff member" in unknown.errors
    assert run("members", "assign", "--members", "ann", "--json").json["changed"] == 1


def test_everything_about_a_person_is_written_to_an_archive(
    run: Run, full: Community, tmp_path: Path
) -> None:
    file = tmp_path / "ann.zip"
    answer = run("members", "export-data", "ann", "--output", str(file), "--json").json
    assert answer["sections"]["identifiers"] == 1
    with zipfile.ZipFile(file) as archive:
        (row,) = json.loads(archive.read("identifiers.json"))
        assert {"accounts.json", "groups.json", "tags.json"} <= set(archive.namelist())
    assert row["value"] == PHONE


def test_members_opt_out_and_in_again(run: Run, shop: Community) -> None:
    chosen = ("--members", "ann,bob", "--json")
    assert run("opt-outs", "add", *chosen).json == {"opted_out": 2}
    assert run("opt-outs", "add", *chosen).json == {"opted_out": 0}
    assert run("opt-outs", "remove", "--rule", EVERYONE, "--json").json == {
        "opted_in": 2
    }


def test_sidebar_shows_what_to_offer_and_why(run: Run, shop: Community) -> None:
    shown = run("members", "sidebar", "cyd", "--json").json
    assert [offer["rule"] for offer in shown["offers"]] == ["first_order"]
    assert "Joined today, no order yet." in run("members", "sidebar", "cyd").output
