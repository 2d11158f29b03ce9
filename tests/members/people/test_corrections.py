"""Wrong identifiers: replaced, removed, shared by too many, and what rested on them."""

from __future__ import annotations

import pytest

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account, PastIdentifier, SharedIdentifier
from qunce.members.people import corrections, merges, people
from qunce.members.people.merges import Merge
from tests import factories
from tests.factories import AT, LATER

PHONE, OTHER = "13800138001", "13900139001"


def people_of(community: Community, *keys: str) -> list[set[str]]:
    """The keys of these accounts, person by person."""
    ids = account_queries.find(community, keys)
    persons = account_queries.person_ids(ids.values())
    by_person: dict[int, set[str]] = {}
    for key in keys:
        by_person.setdefault(persons[ids[key]], set()).add(key)
    return list(by_person.values())


@pytest.mark.both_databases
def test_replaced_phone_parts_who_were_joined_by_it(shop: Community, by: Staff) -> None:
    factories.member(shop, "ann", identifiers={"phone": PHONE})
    bob = factories.member(shop, "bob", identifiers={"phone": PHONE})
    factories.member(shop, "cat", identifiers={"phone": OTHER})
    assert people_of(shop, "ann", "bob", "cat") == [{"ann", "bob"}, {"cat"}]
    joins = corrections.correct(
        account=bob, kind="phone", value=PHONE, new="+86 139 0013 9001", by=by, at=LATER
    )
    assert people_of(shop, "ann", "bob", "cat") == [{"ann"}, {"bob", "cat"}]
    assert [each.value for each in joins.parted] == [PHONE]
    assert [each.value for each in joins.merged] == [OTHER]
    (past,) = PastIdentifier.objects.all()
    assert (past.account_id, past.value, past.removed_at) == (bob.pk, PHONE, LATER)
    assert past.removed_by_id == by.pk
    assert len(factories.recorded_facts(shop, "member.identifier_removed")) == 1
    assert people.get(shop, "bob").identifiers == [("phone", OTHER)]


def test_accounts_that_share_something_else_stay_joined(
    shop: Community, by: Staff
) -> None:
    both = {"phone": PHONE, "email": "ann@example.com"}
    ann = factories.member(shop, "ann", identifiers=both)
    factories.member(shop, "too", identifiers=both)
    joins = corrections.correct(account=ann, kind="phone", value=PHONE, by=by, at=LATER)
    assert people_of(shop, "ann", "too") == [{"ann", "too"}]
    assert [each.reason for each in joins.merged] == ["email"]


def test_others_stay_joined_when_the_middle_one_loses_the_phone(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann", identifiers={"phone": PHONE})
    for key in ("bob", "cat"):
        factories.member(shop, key, identifiers={"phone": PHONE})
    corrections.correct(account=ann, kind="phone", value=PHONE, by=by, at=LATER)
    assert people_of(shop, "ann", "bob", "cat") == [{"ann"}, {"bob", "cat"}]


def test_merge_by_hand_does_not_rest_on_an_identifier(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann", identifiers={"phone": PHONE})
    bob = factories.member(shop, "bob")
    people.merge(left=ann, right=bob, by=by, at=AT)
    corrections.correct(account=ann, kind="phone", value=PHONE, by=by, at=LATER)
    assert people_of(shop, "ann", "bob") == [{"ann", "bob"}]


@pytest.mark.both_databases
def test_correction_is_no_veto_but_staff_undoing_a_merge_is(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann", identifiers={"phone": PHONE})
    bob = factories.member(shop, "bob", identifiers={"phone": PHONE})
    corrections.correct(account=bob, kind="phone", value=PHONE, by=by, at=LATER)
    accounts.add_identifier(account=bob, kind="phone", value=PHONE, by=by, at=LATER)
    assert people_of(shop, "ann", "bob") == [{"ann", "bob"}]
    people.unmerge(left=ann, right=bob, by=by, at=LATER)
    corrections.correct(account=bob, kind="phone", value=PHONE, by=by, at=LATER)
    accounts.add_identifier(account=bob, kind="phone", value=PHONE, by=by, at=LATER)
    assert people_of(shop, "ann", "bob") == [{"ann"}, {"bob"}]


def test_identifier_that_an_account_does_not_have_is_not_found(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann", identifiers={"phone": PHONE})
    with pytest.raises(corrections.IdentifierNotFound):
        corrections.correct(account=ann, kind="phone", value=OTHER, by=by, at=LATER)


@pytest.mark.both_databases
def test_shared_identifier_joins_nobody_and_parts_whom_it_had_joined(
    shop: Community, by: Staff
) -> None:
    keys = [f"k{n}" for n in range(5)]
    for key in keys:
        factories.member(shop, key, name=key, identifiers={"phone": PHONE})
    assert people_of(shop, *keys) == [set(keys)]
    factories.member(shop, "k5", name="k5", identifiers={"phone": PHONE})
    keys.append("k5")
    assert people_of(shop, *keys) == [{key} for key in keys]
    (shared,) = SharedIdentifier.objects.all()
    assert (shared.kind, shared.value, shared.account_count) == ("phone", PHONE, 6)
    # The mark stays: the others do not suddenly become one person.
    last = Account.objects.get(key="k5")
    corrections.correct(account=last, kind="phone", value=PHONE, by=by, at=LATER)
    assert people_of(shop, *keys) == [{key} for key in keys]
    assert not Merge.objects.filter(undone_at__isnull=True).exists()


@pytest.mark.parametrize(("name", "most"), [("", 10), ("Ann", 10)])
def test_accounts_of_one_name_are_one_person_up_to_a_number(
    shop: Community, name: str, most: int
) -> None:
    keys = [f"k{n}" for n in range(most + 1)]
    for key in keys[:most]:
        factories.member(shop, key, name=name, identifiers={"phone": PHONE})
    assert people_of(shop, *keys[:most]) == [set(keys[:most])]
    factories.member(shop, keys[most], name=name, identifiers={"phone": PHONE})
    assert people_of(shop, *keys) == [{key} for key in keys]


@pytest.mark.both_databases
def test_limit_of_shared_identifiers_is_the_communitys(
    shop: Community, by: Staff
) -> None:
    communities.set_identity(community=shop, region="CN", shared_identifier_limit=2)
    for key in ("ann", "bob"):
        factories.member(shop, key, name=key, identifiers={"phone": PHONE})
    assert people_of(shop, "ann", "bob") == [{"ann", "bob"}]
    factories.member(shop, "cat", name="cat", identifiers={"phone": PHONE})
    assert people_of(shop, "ann", "bob", "cat") == [{"ann"}, {"bob"}, {"cat"}]


@pytest.mark.both_databases
def test_merge_names_its_evidence(shop: Community, by: Staff) -> None:
    factories.member(shop, "ann", identifiers={"phone": PHONE})
    factories.member(shop, "bob", identifiers={"phone": PHONE})
    (merge,) = Merge.objects.all()
    assert (merge.reason, merge.value, merge.job_id) == ("phone", PHONE, None)
    assert merges.list_vetoes(shop).count() == 0
