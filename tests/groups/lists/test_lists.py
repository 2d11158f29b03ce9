"""The whitelist and the blacklist."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.lists import exemptions, lists
from qunce.groups.lists.models import ListEntry, ListName
from qunce.members.people import staff_accounts
from qunce.sets import audiences
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db
BLACK, WHITE = ListName.BLACK, ListName.WHITE


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def add(by: Staff, account: int | None = None, **fields: Any) -> ListEntry:
    defaults: dict[str, Any] = {"list_name": BLACK, "reason": "adverts", "at": AT}
    return lists.add(
        community=by.community, by=by, account=account, **{**defaults, **fields}
    )


def test_blacklisted_person_is_kept_out_of_every_group(
    shop: Community, owner: Staff
) -> None:
    spammer, friend = factories.members(shop, "spammer", "friend")
    north = factories.group(shop, "north")
    add(owner, spammer)
    assert lists.is_blacklisted(account=spammer, at=AT)
    assert lists.is_blacklisted(account=spammer, group=north, at=AT)
    assert not lists.is_blacklisted(account=friend, group=north, at=AT)


def test_entry_of_some_groups_holds_there_only(shop: Community, owner: Staff) -> None:
    (spammer,) = factories.members(shop, "spammer")
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    add(owner, spammer, groups=[north])
    assert lists.is_blacklisted(account=spammer, group=north, at=AT)
    assert not lists.is_blacklisted(account=spammer, group=south, at=AT)
    assert not lists.is_blacklisted(account=spammer, at=AT)


def test_entry_counts_for_accounts_merged_later(shop: Community, owner: Staff) -> None:
    spammer, _second = factories.members(shop, "spammer", "second")
    add(owner, spammer)
    factories.merge(shop, "spammer", "second")
    second = _second
    assert lists.is_blacklisted(account=second, at=LATER)
    factories.unmerge(shop, "spammer", "second")
    assert not lists.is_blacklisted(account=second, at=LATER)
    assert lists.is_blacklisted(account=spammer, at=LATER)


def test_id_of_a_channel_is_listed_before_the_member_is_known(
    shop: Community, owner: Staff
) -> None:
    add(owner, channel="matrix", channel_key="@spam:example.org")
    account = factories.member(shop, "@spam:example.org", channel="matrix").pk
    other = factories.member(shop, "@fine:example.org", channel="matrix").pk
    assert lists.is_blacklisted(account=account, at=AT)
    assert not lists.is_blacklisted(account=other, at=AT)


def test_entry_ends_with_its_expiry(shop: Community, owner: Staff) -> None:
    (spammer,) = factories.members(shop, "spammer")
    entry = add(owner, spammer, expires_at=AT + timedelta(hours=1))
    assert lists.is_blacklisted(account=spammer, at=AT + timedelta(minutes=59))
    assert not lists.is_blacklisted(account=spammer, at=AT + timedelta(hours=1))
    assert lists.expire_due(at=AT + timedelta(minutes=30)) == 0
    assert lists.expire_due(at=LATER) == 1
    entry.refresh_from_db()
    assert entry.ending == "expired"


def test_person_can_be_listed_again_after_an_expiry_that_is_not_recorded(
    shop: Community, owner: Staff
) -> None:
    (spammer,) = factories.members(shop, "spammer")
    add(owner, spammer, expires_at=AT + timedelta(hours=1))
    with pytest.raises(lists.AlreadyListed, match="Change that entry"):
        add(owner, spammer)
    add(owner, spammer, at=LATER)
    assert lists.is_blacklisted(account=spammer, at=LATER)


def test_removed_entry_holds_no_longer(shop: Community, owner: Staff) -> None:
    (spammer,) = factories.members(shop, "spammer")
    entry = add(owner, spammer)
    lists.remove(entry=entry, by=owner, at=LATER)
    assert not lists.is_blacklisted(account=spammer, at=LATER)
    with pytest.raises(lists.ListEntryNotFound):
        lists.remove(entry=entry, by=owner, at=LATER)


def test_extended_entry_holds_longer_and_elsewhere(
    shop: Community, owner: Staff
) -> None:
    (spammer,) = factories.members(shop, "spammer")
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    entry = add(owner, spammer, groups=[north], expires_at=LATER)
    lists.extend(entry=entry, groups=[north, south], expires_at=None, by=owner, at=AT)
    assert lists.is_blacklisted(account=spammer, group=south, at=LATER)
    lists.extend(entry=entry, groups=[], by=owner, at=AT)
    assert lists.is_blacklisted(account=spammer, at=LATER)


def test_people_who_work_here_are_never_blacklisted(
    shop: Community, owner: Staff
) -> None:
    (helper,) = factories.members(shop, "helper")
    staff_accounts.mark(accounts=[helper], by=owner, at=AT)
    with pytest.raises(lists.StaffNotListed):
        add(owner, helper)
    add(owner, helper, list_name=WHITE)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"list_name": "grey"}, "Choose the whitelist or the blacklist"),
        ({"reason": "x" * 201}, "The reason has at most 200"),
        ({"expires_at": AT}, "must be in the future"),
        ({"account": None}, "Give a member, or the platform"),
    ],
)
def test_bad_entries_are_refused(
    shop: Community, owner: Staff, fields: dict[str, Any], sentence: str
) -> None:
    (spammer,) = factories.members(shop, "spammer")
    with pytest.raises(lists.InvalidListEntry, match=sentence):
        add(owner, **{"account": spammer, **fields})


def test_staff_of_some_groups_list_people_there_only(
    shop: Community, owner: Staff
) -> None:
    (spammer,) = factories.members(shop, "spammer")
    north = factories.group(shop, "north", spammer)
    south = factories.group(shop, "south")
    clerk = factories.staff(shop, "operator", "clerk", groups=["north"])
    with pytest.raises(permissions.NotAllowed):
        add(clerk, spammer)
    with pytest.raises(groups.GroupNotFound):
        add(clerk, spammer, groups=[south])
    entry = add(owner, spammer, groups=[south])
    assert not lists.list_visible(clerk, AT).exists()
    with pytest.raises(lists.ListEntryNotFound):
        lists.remove(entry=entry, by=clerk, at=AT)
    lists.extend(entry=entry, groups=[north, south], by=owner, at=AT)
    assert lists.list_visible(clerk, AT).count() == 1
    # They see it, and may not end what also concerns a group that they do not see.
    with pytest.raises(groups.GroupNotFound):
        lists.remove(entry=entry, by=clerk, at=AT)


def test_viewers_change_no_list(shop: Community, owner: Staff) -> None:
    (spammer,) = factories.members(shop, "spammer")
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        add(viewer, spammer)


def test_rule_finds_people_on_a_list(shop: Community, owner: Staff) -> None:
    spammer, second, local = factories.members(shop, "spammer", "second", "local")
    north = factories.group(shop, "north")
    add(owner, spammer)
    add(owner, local, groups=[north])
    factories.merge(shop, "spammer", "second")

    def find(**args: str) -> list[int]:
        rule = {"listed": {"on": "black", **args}}
        return list(audiences.people(community=shop, rule=rule, by=owner, at=AT))

    assert find() == [spammer]
    assert find(group="north") == [spammer, local]
    entry = ListEntry.objects.get(account_id=spammer)
    lists.remove(entry=entry, by=owner, at=AT)
    assert find() == []
    assert second


def test_grounds_of_exemption(shop: Community, owner: Staff) -> None:
    plain, staff, helper, white = factories.members(shop, "p", "s", "h", "w")
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    by = staff_models.system(shop)
    groups.add_members(group=north, accounts=[helper], role="volunteer", by=by, at=AT)
    groups.add_members(group=south, accounts=[staff], role="atmosphere", by=by, at=AT)
    add(owner, white, list_name=WHITE, groups=[north])

    def ground(group: groups.Group, account: int) -> str | None:
        found = exemptions.find(group=group, account=account, at=AT)
        return found.ground if found else None

    assert ground(north, plain) is None
    assert ground(north, staff) == "staff"
    assert ground(north, helper) == "volunteer"
    assert ground(south, helper) is None
    assert ground(north, white) == "whitelist"
    assert ground(south, white) is None
