"""S4: members outside the scope are not found, neither in lists nor by id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import named_members, people, visibility
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


@pytest.fixture
def narrow(shop: Community) -> Staff:
    """Staff who see only members with the tag `mine`."""
    factories.tag(shop, "mine")
    rule = {"tag": {"any": ["mine"]}}
    return factories.staff(shop, "operator", "narrow", scope=rule)


def test_member_in_scope_is_found_by_id_and_by_key(
    shop: Community, narrow: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.apply_tag(shop, "mine", ann)
    assert visibility.get(by=narrow, account=ann, at=LATER).key == "ann"
    assert named_members.get_by_key(by=narrow, key="ann", at=LATER).pk == ann
    assert visibility.filter_visible(by=narrow, accounts=[ann, bob], at=LATER) == {ann}


LOOK_UPS: dict[str, Callable[[Staff, int], Any]] = {
    "get": lambda by, pk: visibility.get(by=by, account=pk, at=LATER),
    "check": lambda by, pk: visibility.check_visible(by=by, accounts=[pk], at=LATER),
    "by_key": lambda by, pk: named_members.get_by_key(by=by, key="bob", at=LATER),
}


@pytest.mark.parametrize("look_up", LOOK_UPS.values(), ids=LOOK_UPS)
def test_member_outside_the_scope_is_not_found(
    shop: Community, narrow: Staff, look_up: Callable[[Staff, int], Any]
) -> None:
    (bob,) = factories.members(shop, "bob")
    with pytest.raises(account_queries.MemberNotFound):
        look_up(narrow, bob)


def test_members_of_other_communities_and_erased_ones_are_not_found(
    shop: Community, by: Staff
) -> None:
    stranger = factories.member(factories.community("other"), "stranger")
    ann = factories.member(shop, "ann")
    people.erase(account=ann, by=by, at=AT)
    for account in (stranger.pk, ann.pk, 10**9):
        with pytest.raises(account_queries.MemberNotFound):
            visibility.get(by=by, account=account, at=LATER)
        assert visibility.filter_visible(by=by, accounts=[account], at=LATER) == set()


def test_every_account_of_a_visible_person_is_visible(
    shop: Community, narrow: Staff, by: Staff
) -> None:
    ann, too = factories.member(shop, "ann"), factories.member(shop, "too")
    factories.apply_tag(shop, "mine", too.pk)
    with pytest.raises(account_queries.MemberNotFound):
        visibility.get(by=narrow, account=ann.pk, at=LATER)
    people.merge(left=ann, right=too, by=by, at=AT)
    assert visibility.get(by=narrow, account=too.pk, at=LATER) == too
    assert visibility.filter_visible(by=narrow, accounts=[too.pk], at=LATER) == {ann.pk}


def test_former_members_stay_visible(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann")
    accounts.leave(account=ann, by=by, at=AT)
    assert visibility.get(by=by, account=ann.pk, at=LATER) == ann
