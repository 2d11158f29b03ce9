"""S4 · scope: who is out of sight is as good as unknown, in lists and by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people, visibility
from qunce.members.tags import assignments, library
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


@pytest.fixture
def narrow(shop: Community) -> Staff:
    """Sees those who carry `mine` alone."""
    factories.tag(shop, "mine")
    rule = {"tag": {"any": ["mine"]}}
    return staff_models.create(community=shop, login="narrow", scope=rule, at=AT)


def give(shop: Community, key: str, *members: int) -> None:
    by = staff_models.system(shop)
    tag = library.get(shop, key)
    assignments.apply(tag=tag, accounts=members, by=by, at=AT)


def test_a_member_in_scope_is_seen_by_number_and_by_key(
    shop: Community, narrow: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    give(shop, "mine", ann)
    assert visibility.get(by=narrow, account=ann, at=LATER).key == "ann"
    assert visibility.get_by_key(by=narrow, key="ann", at=LATER).pk == ann
    assert visibility.filter_visible(by=narrow, accounts=[ann, bob], at=LATER) == {ann}


ASKED: dict[str, Callable[[Staff, int], Any]] = {
    "get": lambda by, pk: visibility.get(by=by, account=pk, at=LATER),
    "check": lambda by, pk: visibility.check_visible(by=by, accounts=[pk], at=LATER),
    "by_key": lambda by, pk: visibility.get_by_key(by=by, key="bob", at=LATER),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_out_of_scope_is_unknown(
    shop: Community, narrow: Staff, asked: Callable[[Staff, int], Any]
) -> None:
    (bob,) = factories.members(shop, "bob")
    with pytest.raises(account_queries.MemberNotFound):
        asked(narrow, bob)


def test_another_community_and_the_erased_are_unknown(
    shop: Community, by: Staff
) -> None:
    stranger = factories.member(factories.community("other"), "stranger")
    ann = factories.member(shop, "ann")
    people.erase(account=ann, by=by, at=AT)
    for account in (stranger.pk, ann.pk, 10**9):
        with pytest.raises(account_queries.MemberNotFound):
            visibility.get(by=by, account=account, at=LATER)
        assert visibility.filter_visible(by=by, accounts=[account], at=LATER) == set()


def test_any_account_of_a_person_in_scope_is_seen(
    shop: Community, narrow: Staff, by: Staff
) -> None:
    ann, too = factories.member(shop, "ann"), factories.member(shop, "too")
    give(shop, "mine", too.pk)
    with pytest.raises(account_queries.MemberNotFound):
        visibility.get(by=narrow, account=ann.pk, at=LATER)
    people.merge(left=ann, right=too, by=by, at=AT)
    assert visibility.get(by=narrow, account=too.pk, at=LATER) == too
    assert visibility.filter_visible(by=narrow, accounts=[too.pk], at=LATER) == {ann.pk}


def test_who_left_stays_in_sight(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann")
    accounts.leave(account=ann, by=by, at=AT)
    assert visibility.get(by=by, account=ann.pk, at=LATER) == ann
