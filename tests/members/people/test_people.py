from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, erasure, suppression
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.attributes import values as attribute_values
from qunce.members.people import identifier_merges, merges, people
from qunce.members.tags import assignments
from qunce.members.tags import models as tag_models
from qunce.sets import audiences
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases

PHONE = {"phone": "13800138001"}


def test_accounts_with_equal_phones_are_one_person(shop: Community, by: Staff) -> None:
    factories.member(shop, "ann", identifiers=PHONE)
    factories.member(shop, "ann-2", identifiers={"phone": "+86 138 0013 8001"})
    assert factories.matching_keys(shop, {"all": []}) == ["ann"]
    assert people.get(shop, "ann-2").id == account_queries.get(shop, "ann").pk


@pytest.mark.parametrize("kind", ["unionid", "phone", "email"])
def test_accounts_with_equal_identifiers_are_merged(
    shop: Community, by: Staff, kind: str
) -> None:
    value = {"unionid": "oX1", "phone": "13800138001", "email": "a@b.cn"}[kind]
    ann = factories.member(shop, "ann", identifiers={kind: value})
    too = factories.member(shop, "too")
    assert accounts.add_identifier(account=too, kind=kind, value=value, by=by, at=AT)
    assert not accounts.add_identifier(
        account=too, kind=kind, value=value, by=by, at=AT
    )
    assert account_queries.account_ids_of_person(too.pk) == [ann.pk, too.pk]
    assert factories.recorded_facts(shop, "member.merged") == [
        (too.pk, {"other": ann.pk, "reason": kind})
    ]


def test_person_has_left_when_all_accounts_have(shop: Community, by: Staff) -> None:
    ann = factories.member(shop, "ann", identifiers=PHONE)
    too = factories.member(shop, "too", identifiers=PHONE)
    accounts.leave(account=ann, by=by, at=AT)
    assert factories.matching_keys(shop, {"all": []}) == ["ann"]
    assert people.get(shop, "ann").present
    accounts.leave(account=too, by=by, at=LATER)
    assert factories.matching_keys(shop, {"all": []}) == []
    assert people.get(shop, "ann").left_at == LATER


def test_merged_person_has_tags_and_values_of_both(shop: Community, by: Staff) -> None:
    ann, too = factories.member(shop, "ann"), factories.member(shop, "too")
    vip, city = (
        factories.tag(shop, "vip"),
        attributes.define(community=shop, name="city", type="choice", by=by, at=AT),
    )
    assignments.set_depths(tag=vip, depths={ann.pk: 2, too.pk: 3}, by=by, at=AT)
    for moment, values in ((AT, {ann.pk: "Wuxi"}), (LATER, {too.pk: "Xi'an"})):
        attributes.set_values(attribute=city, values=values, by=by, at=moment)
    people.merge(left=too, right=ann, note="said so", by=by, at=AT)
    person = people.get(shop, "too")
    assert person.id == ann.pk
    assert person.tags == {"vip": 5}
    assert person.attributes["city"].text == "Xi'an"
    assert factories.matching_keys(
        shop, {"tag": {"any": ["vip"], "depth": {"eq": 5}}}
    ) == ["ann"]
    with pytest.raises(merges.AlreadyMerged):
        people.merge(left=ann, right=too, by=by, at=AT)


def test_unmerge_restores_both_people(shop: Community, by: Staff) -> None:
    ann, too = factories.member(shop, "ann"), factories.member(shop, "too")
    vip = factories.tag(shop, "vip")
    assignments.apply(tag=vip, accounts=[too.pk], by=by, at=AT)
    people.merge(left=ann, right=too, by=by, at=AT)
    assert factories.matching_keys(shop, {"tag": {"any": ["vip"]}}) == ["ann"]
    people.unmerge(left=ann, right=too, by=by, at=LATER)
    assert factories.matching_keys(shop, {"tag": {"any": ["vip"]}}) == ["too"]
    assert factories.matching_keys(shop, {"all": []}) == ["ann", "too"]
    with pytest.raises(merges.NotMerged):
        people.unmerge(left=ann, right=too, by=by, at=LATER)


def test_unmerged_accounts_are_not_merged_by_identifiers_again(
    shop: Community, by: Staff
) -> None:
    ann = factories.member(shop, "ann", identifiers=PHONE)
    too = factories.member(shop, "too", identifiers=PHONE)
    people.unmerge(left=ann, right=too, by=by, at=AT)
    accounts.add_identifier(account=too, kind="email", value="a@b.cn", by=by, at=AT)
    accounts.add_identifier(account=ann, kind="email", value="a@b.cn", by=by, at=AT)
    assert factories.matching_keys(shop, {"all": []}) == ["ann", "too"]
    factories.member(shop, "third", identifiers=PHONE)
    assert (
        account_queries.account_ids_of_person(account_queries.get(shop, "third").pk)[0]
        == ann.pk
    )
    assert account_queries.account_ids_of_person(too.pk) == [too.pk]
    people.merge(left=ann, right=too, by=by, at=LATER)
    assert factories.matching_keys(shop, {"all": []}) == ["ann"]


def test_people_are_connected_components_of_merges(shop: Community, by: Staff) -> None:
    a, b, c, d = (factories.member(shop, key) for key in "abcd")
    people.merge(left=c, right=d, by=by, at=AT)
    people.merge(left=a, right=b, by=by, at=AT)
    people.merge(left=b, right=d, by=by, at=AT)
    assert account_queries.account_ids_of_person(c.pk) == [a.pk, b.pk, c.pk, d.pk]
    undone = people.unmerge(left=a, right=c, by=by, at=LATER)
    assert (undone.left_id, undone.right_id) == (b.pk, d.pk)
    assert account_queries.account_ids_of_person(a.pk) == [a.pk, b.pk]
    assert account_queries.account_ids_of_person(d.pk) == [c.pk, d.pk]


def test_merge_keeps_one_exclusive_tag_and_unmerge_restores_the_other(
    shop: Community, by: Staff
) -> None:
    stage = factories.tag_group(shop, "stage", exclusive=True)
    cold, warm = factories.tag(shop, "cold", stage), factories.tag(shop, "warm", stage)
    ann, too = factories.member(shop, "ann"), factories.member(shop, "too")
    assignments.apply(tag=cold, accounts=[ann.pk], by=by, at=AT)
    assignments.apply(tag=warm, accounts=[too.pk], by=by, at=AT)
    people.merge(left=ann, right=too, by=by, at=AT)
    assert people.get(shop, "ann").tags == {"cold": 1}
    people.unmerge(left=ann, right=too, by=by, at=LATER)
    assert people.get(shop, "ann").tags == {"cold": 1}
    assert people.get(shop, "too").tags == {"warm": 1}


def test_unmerging_one_of_three_replays_the_remaining_merge(
    shop: Community, by: Staff
) -> None:
    stage = factories.tag_group(shop, "stage", exclusive=True)
    cold, warm = factories.tag(shop, "cold", stage), factories.tag(shop, "warm", stage)
    a, b, c = (factories.member(shop, key) for key in "abc")
    assignments.apply(tag=cold, accounts=[a.pk], by=by, at=AT)
    assignments.apply(tag=warm, accounts=[c.pk], by=by, at=AT)
    people.merge(left=a, right=b, by=by, at=AT)
    people.merge(left=b, right=c, by=by, at=AT)
    assert people.get(shop, "c").tags == {"cold": 1}
    people.unmerge(left=a, right=b, by=by, at=LATER)
    assert people.get(shop, "b").tags == {"warm": 1}
    assert people.get(shop, "a").tags == {"cold": 1}


def test_many_accounts_are_merged_in_one_call(shop: Community, by: Staff) -> None:
    keys = [f"k{n}" for n in range(60)]
    ids = accounts.ensure(community=shop, keys=keys, by=by, at=AT)
    values = [(ids[key], "phone", f"1380000{n // 3:04}") for n, key in enumerate(keys)]
    accounts.add_identifiers(community=shop, values=values, by=by, at=AT)
    assert len(factories.matching_keys(shop, {"all": []})) == 20
    again = accounts.add_identifiers(community=shop, values=values, by=by, at=AT)
    assert again == identifier_merges.Joins()


def test_accounts_of_two_communities_are_never_merged(
    shop: Community, by: Staff
) -> None:
    other = factories.community("other")
    ann = factories.member(shop, "ann", identifiers=PHONE)
    eve = factories.member(other, "eve", identifiers=PHONE)
    assert account_queries.account_ids_of_person(ann.pk) == [ann.pk]
    with pytest.raises(account_queries.MemberNotFound):
        people.merge(left=ann, right=eve, by=by, at=AT)


def test_erased_person_is_hidden_immediately_and_leaves_no_data(
    shop: Community, by: Staff
) -> None:
    factories.member(shop, "bob")
    ann = factories.member(shop, "ann", name="Ann", identifiers=PHONE)
    too = factories.member(shop, "too", identifiers=PHONE)
    vip = factories.tag(shop, "vip")
    likes = attributes.define(community=shop, name="likes", type="multi", by=by, at=AT)
    assignments.apply(tag=vip, accounts=[too.pk], by=by, at=AT)
    for value in ("tea; milk", "tea"):
        attributes.set_values(attribute=likes, values={ann.pk: value}, by=by, at=AT)
    everyone = audiences.people(community=shop, rule={"all": []}, by=by, at=AT)
    person = people.erase(account=too, by=by, at=LATER)
    assert factories.matching_keys(shop, {"with_left": {"all": []}}) == ["bob"]
    with pytest.raises(account_queries.MemberNotFound):
        account_queries.get(shop, "ann")
    (due,) = job_queue.QueuedJob.objects.filter(job=people.SCRUB_JOB)
    assert due.key == str(person)
    for _twice in range(2):
        erasure.scrub(due.key, at=LATER + timedelta(hours=1))
    values = attribute_values.AttributeValue.objects.filter(account_id=ann.pk)
    assert set(values.values_list("text", "present")) == {(None, False)}
    assert not any("tea" in row.item for row in values)
    assert not attribute_values.PastValue.objects.exists()
    assert not tag_models.Tagging.objects.filter(present=True).exists()
    assert len(everyone) == 2
    with pytest.raises(suppression.PersonErased):
        factories.member(shop, "ann", identifiers=PHONE)
    phone = "+86 138 0013 8001"
    suppression.lift(community=shop, kind="phone", value=phone, by=by, at=LATER)
    factories.member(shop, "ann", identifiers=PHONE)
    assert factories.matching_keys(shop, {"all": []}) == ["bob", "ann"]


def test_refusals_do_not_show_whole_numbers(shop: Community, by: Staff) -> None:
    left, right = (
        factories.member(shop, key) for key in ("13800138000", "ann@example.com")
    )
    people.merge(left=left, right=right, by=by, at=LATER)
    with pytest.raises(merges.AlreadyMerged) as refused:
        people.merge(left=left, right=right, by=by, at=LATER)
    assert "13800138000" not in str(refused.value)
    assert "ann@" not in str(refused.value)
    assert "138****8000" in str(refused.value)
