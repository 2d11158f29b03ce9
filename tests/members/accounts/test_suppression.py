"""Erased people: they come back by no door, and their data is not kept."""

from __future__ import annotations

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, suppression
from qunce.members.accounts.models import Account, Suppression
from qunce.members.people import people
from tests import factories
from tests.factories import AT, LATER

PHONE = {"phone": "13800138001"}


@pytest.fixture
def erased(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann", identifiers=PHONE)
    people.erase(account=ann, by=by, at=AT)


@pytest.mark.usefixtures("erased")
def test_erased_person_does_not_come_back(shop: Community, by: Staff) -> None:
    bob = factories.member(shop, "bob")
    with pytest.raises(suppression.PersonErased):
        accounts.create(community=shop, key="ann", by=by, at=LATER)
    with pytest.raises(suppression.PersonErased):
        accounts.create(community=shop, key="new", identifiers=PHONE, by=by, at=LATER)
    with pytest.raises(suppression.PersonErased):
        accounts.ensure(community=shop, keys=["bob", " ann\u200b"], by=by, at=LATER)
    with pytest.raises(suppression.PersonErased):
        accounts.add_identifier(
            account=bob, kind="phone", value="+86 138 0013 8001", by=by, at=LATER
        )
    values = [(bob.pk, "phone", "13800138001")]
    accounts.add_identifiers(community=shop, values=values, by=by, at=LATER)
    assert not bob.identifiers.exists()
    assert factories.matching_keys(shop, {"all": []}) == ["bob"]


@pytest.mark.usefixtures("erased")
def test_list_holds_no_personal_data(shop: Community) -> None:
    digests = set(Suppression.objects.values_list("digest", flat=True))
    assert len(digests) == 2
    assert all(len(digest) == 64 for digest in digests)
    # Another community has another secret.
    other = factories.community("other")
    eve = factories.member(other, "eve", identifiers=PHONE)
    people.erase(account=eve, by=factories.staff(other, login="boss"), at=AT)
    theirs = Suppression.objects.filter(community=other)
    assert digests.isdisjoint(theirs.values_list("digest", flat=True))


@pytest.mark.usefixtures("erased")
def test_other_communities_are_not_affected(shop: Community) -> None:
    other = factories.community("other")
    factories.member(other, "ann", identifiers=PHONE)
    assert factories.matching_keys(other, {"all": []}) == ["ann"]


@pytest.mark.usefixtures("erased")
def test_suppression_is_lifted_by_any_of_their_identifiers(
    shop: Community, by: Staff
) -> None:
    clerk = factories.staff(shop, "operator", "olga")

    def lift(staff: Staff) -> int:
        phone = "+86 138-0013-8001"
        return suppression.lift(
            community=shop, kind="phone", value=phone, by=staff, at=LATER
        )

    with pytest.raises(permissions.NotAllowed):
        lift(clerk)
    assert suppression.count(shop) == 1
    assert lift(by) == 2
    assert suppression.count(shop) == 0
    factories.member(shop, "ann")
    with pytest.raises(suppression.NotSuppressed):
        lift(by)


def test_hotline_of_an_erased_person_suppresses_nobody_else(
    shop: Community, by: Staff
) -> None:
    hotline = {"phone": "4008001234"}
    for n in range(6):
        factories.member(shop, f"k{n}", name=f"k{n}", identifiers=hotline)
    people.erase(account=Account.objects.get(key="k0"), by=by, at=AT)
    factories.member(shop, "k7", identifiers=hotline)
    with pytest.raises(suppression.PersonErased):
        factories.member(shop, "k0")
