"""What staff who see some groups or members can do to lists of everybody."""

from __future__ import annotations

import pytest

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListEntry, ListName, Scope
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def north(shop: Community) -> Group:
    return factories.group(shop, "north")


@pytest.fixture
def south(shop: Community) -> Group:
    return factories.group(shop, "south")


@pytest.fixture
def limited(shop: Community, north: Group) -> Staff:
    return factories.staff(shop, "operator", "lin", groups=["north"])


def add(by: Staff, account: int, *groups: Group, name: str = "") -> ListEntry:
    return lists.add(
        community=by.community,
        list_name=ListName.BLACK,
        account=account,
        groups=groups,
        by=by,
        at=AT,
        name=name,
    )


def test_nobody_lifts_what_holds_in_groups_that_they_do_not_see(
    shop: Community, owner: Staff, limited: Staff, north: Group, south: Group
) -> None:
    one, two, three = factories.members(shop, "one", "two", "three")
    everywhere, in_both = add(owner, one), add(owner, two, north, south)
    for entry in (everywhere, in_both):
        with pytest.raises((permissions.ScopeTooNarrow, errors.NotFound)):
            lists.extend(entry=entry, groups=[north], by=limited, at=AT)
    assert everywhere.scope == Scope.COMMUNITY
    assert lists.is_blacklisted(account=one, at=AT)
    assert lists.is_blacklisted(account=two, group=south, at=AT)

    own = add(limited, three, north)
    lists.extend(entry=own, reason="adverts", groups=[north], by=limited, at=AT)
    assert own.reason == "adverts"


def test_an_entry_of_a_hidden_group_is_not_quoted(
    shop: Community, owner: Staff, limited: Staff, north: Group, south: Group
) -> None:
    (spammer,) = factories.named_members(shop, "spammer")
    add(owner, spammer, south, name="Lin's cousin")
    with pytest.raises(lists.AlreadyListed) as hidden:
        add(limited, spammer, north)
    assert "cousin" not in str(hidden.value)
    with pytest.raises(lists.AlreadyListed, match="cousin"):
        add(owner, spammer, north)


def test_an_id_of_a_hidden_member_is_like_an_unknown_one(
    shop: Community, owner: Staff, north: Group
) -> None:
    factories.member(shop, "seen", channel="fake")
    factories.member(shop, "secret", channel="fake")
    scope = {"members": {"keys": ["seen"]}}
    scoped = factories.staff(shop, "operator", "sue", scope=scope)
    said = []
    for key in ("secret", "nobody"):
        with pytest.raises(permissions.ScopeTooNarrow) as refused:
            lists.add(
                community=shop,
                list_name=ListName.BLACK,
                channel="fake",
                channel_key=key,
                groups=[north],
                by=scoped,
                at=AT,
            )
        said.append(str(refused.value))
    assert said[0] == said[1]
