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


def test_new_member_is_present_and_recorded(shop: Community, by: Staff) -> None:
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


@pytest.mark.both_databases
def test_key_is_unique_per_channel(shop: Community, by: Staff) -> None:
    factories.member(shop, "ann")
    factories.member(shop, "ann", channel="matrix")
    with pytest.raises(accounts.AccountAlreadyExists):
        factories.member(shop, "ann")
    with pytest.raises(account_queries.AmbiguousMember, match="matrix:ann"):
        account_queries.get(shop, "ann")
    assert account_queries.get(shop, "matrix:ann").channel == "matrix"


def test_former_members_are_excluded_unless_asked_for(
    shop: Community, by: Staff
) -> None:
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


@pytest.mark.both_databases
def test_member_of_another_community_is_not_found(shop: Community, by: Staff) -> None:
    other = factories.community("other")
    stranger = factories.member(other, "eve")
    with pytest.raises(account_queries.MemberNotFound):
        account_queries.get(shop, "eve")
    with pytest.raises(account_queries.MemberNotFound):
        account_queries.check_ids(shop, [stranger.pk])


@pytest.mark.both_databases
def test_update_changes_only_fields_that_differ(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann", name="Ann", source="stall")
    assert accounts.update(account=ann, name="Ann", by=by, at=AT) == []
    changed = accounts.update(account=ann, name="Anna", source="shop", by=by, at=AT)
    assert changed == ["name", "source_id"]
    assert factories.matching_keys(shop, {"source": {"any": ["shop"]}}) == ["ann"]


def test_ensure_creates_missing_accounts_once(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann", channel="matrix")
    keys = ["ann", *(f"k{n:04}" for n in range(2_500))]
    ids = accounts.ensure(community=shop, keys=keys, by=by, at=AT)
    assert ids["ann"] == ann.pk
    assert accounts.ensure(community=shop, keys=keys, by=by, at=AT) == ids
    assert len(factories.matching_keys(shop, {"all": []})) == 2_501
    assert len(factories.recorded_facts(shop, "member.joined")) == 2_501


def test_ensure_uses_the_given_join_times(shop: Community, by: Staff) -> None:
    earlier = AT - timedelta(days=40)
    keys = {"ann": earlier, "bob": AT}
    accounts.ensure(community=shop, keys=keys, source="till", by=by, at=AT)
    assert factories.matching_keys(shop, {"joined": {"before": "30d"}}) == ["ann"]
    assert factories.matching_keys(shop, {"source": {"any": ["till"]}}) == [
        "ann",
        "bob",
    ]


def test_viewer_may_not_create_members(shop: Community) -> None:
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        accounts.create(community=shop, key="ann", by=viewer, at=AT)


@pytest.mark.parametrize(
    ("kind", "text", "normal"),
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
def test_identifiers_are_normalised(kind: str, text: str, normal: str) -> None:
    assert identifiers.normalise(kind, text) == normal


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("phone", "138****8001"),
        ("phone", "12"),
        ("email", "ann at example.com"),
        ("Not a kind", "x"),
    ],
)
def test_invalid_identifiers_are_rejected(kind: str, text: str) -> None:
    with pytest.raises(identifiers.InvalidIdentifier):
        identifiers.normalise(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"), [("phone", "00000000000"), ("unionid", " "), ("unionid", "NULL")]
)
def test_placeholders_say_none_and_are_no_identifiers(
    shop: Community, by: Staff, kind: str, text: str
) -> None:
    assert identifiers.normalise(kind, text) is None
    account = accounts.create(community=shop, key="ann", by=by, at=AT)
    with pytest.raises(identifiers.InvalidIdentifier):
        accounts.add_identifier(account=account, kind=kind, value=text, by=by, at=AT)


@pytest.mark.both_databases
@pytest.mark.parametrize("bad", ["x" * 201, "\0", "\ud800"])
def test_names_that_cannot_be_stored_are_rejected(
    shop: Community, by: Staff, bad: str
) -> None:
    with pytest.raises(accounts.InvalidAccount):
        factories.member(shop, "ann", name=bad)
    with pytest.raises(accounts.InvalidAccount):
        factories.member(shop, f"a{bad}")
    ann = factories.member(shop, "ann", name=" <img onerror=x>\u202e\n=A1 ")
    assert ann.name == "<img onerror=x> =A1"
    with pytest.raises(accounts.InvalidAccount):
        accounts.update(account=ann, name=bad, by=by, at=AT)
