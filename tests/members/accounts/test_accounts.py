from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, identifiers
from qunce.members.accounts import queries as account_queries
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def test_who_joins_is_in_the_community_and_in_the_log(
    shop: Community, by: Staff
) -> None:
    joined = AT - timedelta(days=9)
    ann = accounts.create(
        community=shop,
        key=" ann ",
        name="Ann",
        joined_at=joined,
        source="stall",
        by=by,
        at=AT,
    )
    assert factories.matching_keys(shop, {"all": []}) == ["ann"]
    assert factories.matching_keys(shop, {"source": {"any": ["stall"]}}) == ["ann"]
    assert factories.recorded_facts(shop, "member.joined") == [
        (ann.pk, {"channel": "import", "source": "stall"})
    ]


def test_a_key_is_known_once_on_a_channel(shop: Community, by: Staff) -> None:
    factories.member(shop, "ann")
    factories.member(shop, "ann", channel="matrix")
    with pytest.raises(accounts.AccountAlreadyExists):
        factories.member(shop, "ann")
    with pytest.raises(account_queries.AmbiguousMember, match="matrix:ann"):
        account_queries.get(shop, "ann")
    assert account_queries.get(shop, "matrix:ann").channel == "matrix"


def test_leavers_are_out_unless_asked_for(shop: Community, by: Staff) -> None:
    ann, bob = factories.member(shop, "ann"), factories.member(shop, "bob")
    accounts.leave(account=ann, by=by, at=AT)
    assert factories.matching_keys(shop, {"all": []}) == ["bob"]
    assert factories.matching_keys(shop, {"with_left": {"left": {}}}) == ["ann"]
    with pytest.raises(accounts.PresenceConflict):
        accounts.leave(account=ann, by=by, at=AT)
    accounts.rejoin(account=ann, by=by, at=LATER)
    assert factories.matching_keys(shop, {"all": []}) == ["ann", "bob"]
    with pytest.raises(accounts.PresenceConflict):
        accounts.rejoin(account=bob, by=by, at=LATER)


def test_another_communitys_member_is_not_found(shop: Community, by: Staff) -> None:
    other = factories.community("other")
    stranger = factories.member(other, "eve")
    with pytest.raises(account_queries.MemberNotFound):
        account_queries.get(shop, "eve")
    with pytest.raises(account_queries.MemberNotFound):
        account_queries.check_ids(shop, [stranger.pk])


def test_only_what_differs_is_changed(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann", name="Ann", source="stall")
    assert accounts.update(account=ann, name="Ann", by=by, at=AT) == []
    changed = accounts.update(account=ann, name="Anna", source="shop", by=by, at=AT)
    assert changed == ["name", "source_id"]
    assert factories.matching_keys(shop, {"source": {"any": ["shop"]}}) == ["ann"]


def test_unknown_keys_are_made_in_bulk_once(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann", channel="matrix")
    keys = ["ann", *(f"k{n:04}" for n in range(2_500))]
    found = accounts.ensure(community=shop, keys=keys, by=by, at=AT)
    assert found["ann"] == ann.pk
    assert accounts.ensure(community=shop, keys=keys, by=by, at=AT) == found
    assert len(factories.matching_keys(shop, {"all": []})) == 2_501
    assert len(factories.recorded_facts(shop, "member.joined")) == 2_501


def test_made_in_bulk_they_joined_when_it_is_said(shop: Community, by: Staff) -> None:
    early = AT - timedelta(days=40)
    keys = {"ann": early, "bob": AT}
    accounts.ensure(community=shop, keys=keys, source="till", by=by, at=AT)
    assert factories.matching_keys(shop, {"joined": {"before": "30d"}}) == ["ann"]
    assert factories.matching_keys(shop, {"source": {"any": ["till"]}}) == ["ann", "bob"]


def test_a_viewer_may_not_add_anybody(shop: Community) -> None:
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        accounts.create(community=shop, key="ann", by=viewer, at=AT)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("phone", "+86 138-0013-8001", "13800138001"),
        ("phone", "008613800138001", "13800138001"),
        ("phone", "８６１３８００１３８００１", "13800138001"),
        ("phone", "0044 20 7946 0958", "+442079460958"),
        ("phone", "(010) 6552 9988", "01065529988"),
        ("email", " Ann@Example.COM ", "ann@example.com"),
        ("unionid", " oX1-b ", "oX1-b"),
    ],
)
def test_one_spelling_for_each_identifier(kind: str, given: str, kept: str) -> None:
    assert identifiers.normalise(kind, given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("phone", "138****8001"),
        ("phone", "00000000000"),
        ("phone", "12"),
        ("email", "ann at example.com"),
        ("unionid", " "),
        ("Not a kind", "x"),
    ],
)
def test_what_cannot_tell_people_apart_is_refused(kind: str, given: str) -> None:
    with pytest.raises(identifiers.InvalidIdentifier):
        identifiers.normalise(kind, given)


@pytest.mark.parametrize("bad", ["x" * 201, "\0", "\ud800"])
def test_names_that_cannot_be_kept_are_refused(
    shop: Community, by: Staff, bad: str
) -> None:
    with pytest.raises(accounts.InvalidAccount):
        factories.member(shop, "ann", name=bad)
    with pytest.raises(accounts.InvalidAccount):
        factories.member(shop, f"a{bad}")
    ann = factories.member(shop, "ann", name=" <img onerror=x>\u202e\n=A1 ")
    assert ann.name == "<img onerror=x>\u202e =A1"
    with pytest.raises(accounts.InvalidAccount):
        accounts.update(account=ann, name=bad, by=by, at=AT)
