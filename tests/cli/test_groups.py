from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import groups, memberships
from qunce.members.accounts import queries as account_queries
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def full(shop: Community) -> Community:
    """Ann is a KOC of the room, bob is in it, and there is a hall without members."""
    actor: dict[str, Any] = {"by": staff_models.system(shop), "at": AT}
    room = groups.get(shop, "room")
    ids = account_queries.find(shop, ["ann", "bob"])
    groups.add_members(group=room, accounts=ids.values(), **actor)
    memberships.change_role(group=room, account=ids["ann"], role="koc", **actor)
    groups.create(community=shop, key="hall", name="Hall", **actor)
    return shop


def test_groups_are_listed_with_their_sizes(run: Run, full: Community) -> None:
    room, hall = run("groups", "list", "--json").json["groups"]
    assert (hall["key"], hall["name"], hall["members"]) == ("hall", "Hall", 0)
    assert (room["key"], room["state"], room["members"]) == ("room", "growing", 2)


def test_group_is_shown_with_its_roles(run: Run, full: Community) -> None:
    shown = run("groups", "show", "room", "--json").json
    assert shown["members"] == 2
    assert shown["roles"] == [{"member_key": "ann", "role": "koc"}]
    assert "2 members" in run("groups", "show", "room").output
    assert run("groups", "show", "nowhere").code == 3


def test_staff_see_their_groups_and_members_only(run: Run, full: Community) -> None:
    lin = factories.staff(
        full, login="lin", scope={"members": {"keys": ["bob"]}}, role="operator"
    )
    lin.groups = ["room"]
    lin.save()
    (room,) = run("groups", "list", "--json", "--as", "lin").json["groups"]
    assert (room["key"], room["members"]) == ("room", 1)
    assert run("groups", "show", "room", "--json", "--as", "lin").json["roles"] == []
    hidden = run("groups", "show", "hall", "--as", "lin")
    assert hidden.code == 3
    assert run("groups", "show", "hall").code == 0
    assert run("status", "--json", "--as", "lin").json["groups"] == 1


def test_group_and_its_card_are_created_and_edited(run: Run, shop: Community) -> None:
    """V1"""
    lin = factories.staff(shop, login="lin")
    words = ("--platform", "douyin", "--whom", "parents", "--owner", lin.login)
    made = run("groups", "add", "tea", "--name", "Tea", *words, "--json").json
    assert (made["platform"], made["owner"]) == ("douyin", "lin")
    edited = run("groups", "edit", "tea", "--value", "recipes", "--owner", "", "--json")
    assert edited.json["card"] == {"whom": "parents", "value": "recipes"}
    assert edited.json["owner"] is None
    assert "recipes" in run("groups", "show", "tea").output
    assert run("groups", "edit", "tea", "--owner", "nobody").code == 3


def test_people_who_work_here_are_marked_and_listed(run: Run, full: Community) -> None:
    """V2"""
    assert run("staff-accounts", "mark", "ann", "--json").json["staff_accounts"][0]
    (ann,) = run("staff-accounts", "list", "--json").json["staff_accounts"]
    assert (ann["member_key"], ann["is_marked"], ann["roles"]) == ("ann", True, {})
    shown = run("groups", "show", "room", "--json").json
    assert (shown["members"], shown["staff"]) == (1, 1)
    assert run("status", "--json").json["staff_accounts"] == 1
    run("staff-accounts", "unmark", "ann")
    assert run("groups", "show", "room", "--json").json["members"] == 2


def test_metrics_are_listed_and_shown(run: Run, full: Community) -> None:
    """I16"""
    names = [row["name"] for row in run("metrics", "list", "--json").json["metrics"]]
    assert {"paid", "refunded", "net_sales", "joins"} <= set(names)
    shown = run("metrics", "show", "paid", "members", "--days", "3", "--json").json
    assert list(shown["metrics"]) == ["paid", "members"]
    assert len(shown["days"]) == len(shown["metrics"]["paid"]) == 3
    group = run("metrics", "show", "joins", "--group", "room", "--days", "2")
    assert "joins" in group.output
    assert run("metrics", "show", "joins").code == 3
