"""People in several groups: shown, cleaned, undone."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core import permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups, visibility
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.models import Action, ActionState
from qunce.groups.overlaps import (
    boards,
    clean_ups,
    doors,
    exposures,
    group_sets,
    likely_people,
)
from qunce.groups.overlaps.models import GroupSet
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.people import staff_accounts
from tests import factories
from tests.factories import AT, HOUR, LATER

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def join(group: Group, *accounts: int, hours: int = 0, role: str = "member") -> None:
    by = staff_models.system(group.community)
    at = AT + hours * HOUR
    groups.add_members(group=group, accounts=accounts, role=role, by=by, at=at)


def a_set(by: Staff, *members: Group, **fields: Any) -> GroupSet:
    defaults = {"name": "City", "groups": members, "by": by, "at": AT}
    created = group_sets.create(**{**defaults, **fields})
    return group_sets.get(pk=created.pk, by=by)


def leaving(by: Staff, group_set: GroupSet) -> list[tuple[int, str, str]]:
    shown = clean_ups.preview(group_set=group_set, by=by, at=LATER)
    return [(d.account, d.group.key, d.kept.key) for d in shown.departures]


def test_board_counts_people_once(shop: Community, owner: Staff) -> None:
    kim, second, sam, helper = factories.members(shop, "kim", "second", "sam", "helper")
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    join(north, kim, sam, helper)
    join(south, second, helper)
    city = a_set(owner, north, south)
    assert list(boards.load(group_set=city, by=owner, at=LATER).people) == [helper]
    staff_accounts.mark(accounts=[helper], by=owner, at=AT)
    factories.merge(shop, "kim", "second")
    board = boards.load(group_set=city, by=owner, at=LATER)
    assert list(board.people) == [kim]
    assert board.pairs == {(north.pk, south.pk): 1}


def test_clean_up_by_each_account_and_undone(shop: Community, owner: Staff) -> None:
    kim, second = factories.members(shop, "kim", "second")
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    join(north, kim)
    join(south, kim, second, hours=1)
    factories.merge(shop, "kim", "second")
    city = a_set(owner, north, south)
    assert leaving(owner, city) == [(kim, "south", "north"), (second, "south", "north")]
    with pytest.raises(Exception, match="2 departures now"):
        clean_ups.start(group_set=city, expected=5, by=owner, at=LATER)
    run = clean_ups.start(group_set=city, expected=2, by=owner, at=LATER)
    assert clean_ups.progress_of(run).waiting == 2
    executor.run_due(at=LATER)
    assert clean_ups.progress_of(run).by_hand == 2
    Action.objects.filter(account_id=kim).update(state=ActionState.DONE)
    assert clean_ups.progress_of(run).done == 1
    assert clean_ups.undo(clean_up=run, by=owner, at=LATER) == 1
    states = dict(Action.objects.values_list("kind", "state").filter(account_id=second))
    assert states == {"kick": "cancelled"}
    assert Action.objects.filter(account_id=kim, kind="invite").count() == 1
    with pytest.raises(Exception, match="not possible"):
        clean_ups.undo(clean_up=run, by=owner, at=LATER)


def test_exempt_people_stay(shop: Community, owner: Staff) -> None:
    white, local, koc = factories.members(shop, "white", "local", "koc")
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    join(north, white, local, koc)
    join(south, white, local, hours=1)
    join(south, koc, hours=1, role="koc")
    city = a_set(owner, north, south)
    lists.add(community=shop, list_name="white", account=white, by=owner, at=AT)
    lists.add(
        community=shop,
        list_name="white",
        account=local,
        groups=[south],
        by=owner,
        at=AT,
    )
    # The roles and the whitelist of a group keep people there, not in the first group.
    assert leaving(owner, city) == [
        (local, "north", "south"),
        (koc, "north", "south"),
    ]
    group_sets.update(
        group_set=city, may_overlap=[[south.pk, north.pk]], by=owner, at=AT
    )
    assert leaving(owner, group_sets.get(pk=city.pk, by=owner)) == []


def test_many_departures_need_a_second_person(shop: Community, owner: Staff) -> None:
    keys = [f"m{number}" for number in range(clean_ups.MAX_ALONE + 1)]
    people = factories.members(shop, *keys)
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    join(north, *people)
    join(south, *people, hours=1)
    city = a_set(owner, north, south)
    run = clean_ups.start(group_set=city, expected=len(people), by=owner, at=LATER)
    assert run.state == "waiting"
    assert not Action.objects.exists()
    with pytest.raises(permissions.NotAllowed, match="second person"):
        clean_ups.approve(clean_up=run, by=owner, at=LATER)
    bob = factories.staff(shop, "manager", "bob")
    clean_ups.approve(clean_up=run, by=bob, at=LATER)
    assert Action.objects.count() == len(people)


def test_sets_with_a_hidden_group_are_unknown(shop: Community, owner: Staff) -> None:
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    city = a_set(owner, north, south)
    clerk = factories.staff(shop, "manager", "clerk", groups=["north"])
    with pytest.raises(group_sets.GroupSetNotFound):
        boards.load(group_set=city, by=clerk, at=AT)
    with pytest.raises(groups.GroupNotFound):
        a_set(clerk, north, south, name="Other")
    assert visibility.list_visible(clerk).count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "1 to 80"),
        ({"keep": "chosen"}, "Choose the group"),
        ({"may_overlap": [[1, 1]]}, "two different groups"),
        ({"door": "bolt"}, "Choose which group"),
        ({"groups": []}, "2 to 500"),
    ],
)
def test_bad_sets_are_refused(
    shop: Community, owner: Staff, fields: dict[str, Any], sentence: str
) -> None:
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    with pytest.raises(group_sets.InvalidGroupSet, match=sentence):
        a_set(owner, north, south, **fields)


def test_people_of_a_guarded_set_are_not_led_into_another_group(
    shop: Community, owner: Staff
) -> None:
    kim, _sam = factories.members(shop, "kim", "sam")
    north, south = factories.group(shop, "north", kim), factories.group(shop, "south")
    assert not doors.people_in_others(south)
    a_set(owner, north, south, door="refuse")
    assert list(doors.people_in_others(south)) == [kim]
    assert not doors.people_in_others(north)


def test_likely_people_are_shown_with_the_reason(shop: Community, owner: Staff) -> None:
    left = factories.member(shop, "a", name="林小满").pk
    right = factories.member(shop, "b", name="林小满").pk
    other = factories.member(shop, "c", name="王五").pk
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    join(north, left, other)
    join(south, right)
    city = a_set(owner, north, south)
    (found,) = likely_people.find(group_set=city, by=owner, at=LATER)
    assert (found.left, found.right, found.reason) == (left, right, "name")
    assert [group.key for group in found.right_groups] == ["south"]
    factories.merge(shop, "a", "b")
    assert likely_people.find(group_set=city, by=owner, at=LATER) == []


def test_exposed_atmosphere_accounts(shop: Community, owner: Staff) -> None:
    kim, warm, cosy, far = factories.members(shop, "kim", "warm", "cosy", "far")
    north, south, east = (
        factories.group(shop, key) for key in ("north", "south", "east")
    )
    join(north, kim)
    join(south, kim)
    join(north, warm, role="atmosphere")
    join(south, warm, role="atmosphere")
    join(south, cosy, role="atmosphere")
    join(east, far, role="atmosphere")
    join(north, far, role="atmosphere")
    source = interned_names.ensure("source", shop.pk, ["test"])["test"]
    moment = timestamps.to_micros(AT)
    texts = [
        NewText("1", warm, north.pk, moment, "这款真的好用！"),
        NewText("2", cosy, south.pk, moment, "这款真的好用！"),
        NewText("3", far, east.pk, moment, "这款真的好用！"),
        NewText("4", cosy, south.pk, moment, "谢谢"),
        NewText("5", warm, north.pk, moment, "谢谢"),
    ]
    message_texts.store(shop, source, texts)
    found = exposures.find(by=owner, at=LATER)
    assert [(e.left.key, e.right.key, e.shared, e.line) for e in found] == [
        ("north", "south", 1, ""),
        ("north", "south", 1, "这款真的好用！"),
    ]


def test_a_clean_up_of_hidden_members_is_hidden(shop: Community, owner: Staff) -> None:
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    seen, secret = factories.members(shop, "seen", "secret")
    for group in (north, south):
        join(group, seen, secret)
    group_set = a_set(owner, north, south)
    scope = {"members": {"keys": ["seen"]}}
    scoped = factories.staff(shop, "manager", "sue", scope=scope)

    both = clean_ups.start(group_set=group_set, expected=2, by=owner, at=LATER)
    with pytest.raises(clean_ups.CleanUpNotFound):
        clean_ups.undo(clean_up=both, by=scoped, at=LATER)
    assert clean_ups.list_visible(scoped) == []
    assert [row.pk for row in clean_ups.list_visible(owner)] == [both.pk]

    own = clean_ups.start(group_set=group_set, expected=1, by=scoped, at=LATER)
    assert [item.account_id for item in clean_ups.list_items(own)] == [seen]
    clean_ups.undo(clean_up=own, by=scoped, at=LATER)


def test_hidden_staff_accounts_and_unread_lines_are_not_quoted(
    shop: Community, owner: Staff
) -> None:
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    (helper,) = factories.named_members(shop, "helper")
    (guest,) = factories.members(shop, "visitor")
    for group in (north, south):
        join(group, guest)
        join(group, helper, role="atmosphere")
    scope = {"members": {"keys": ["visitor"]}}
    scoped = factories.staff(shop, "operator", "sue", scope=scope)
    assert [each.names for each in exposures.find(by=owner, at=LATER)] == [("Helper",)]
    assert exposures.find(by=scoped, at=LATER) == []
