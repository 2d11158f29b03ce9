from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merges, people
from qunce.members.tags import assignments, expiry, person_tags
from qunce.members.tags import models as tag_models
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def test_batch_has_author_time_and_source(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    vip = factories.tag(shop, "vip")
    batch = assignments.apply(
        tag=vip, accounts=[ann, bob, ann], source="import", note="list", by=by, at=AT
    )
    assert (batch.changed, batch.tags, batch.by) == (2, [vip.pk], by)
    row = tag_models.Tagging.objects.get(tag=vip, account_id=ann)
    assert (row.tagged_at, row.by_id, row.source) == (AT, by.pk, "import")
    assert factories.recorded_facts(shop, "tag.added") == [
        (ann, {"tag": "vip", "depth": 1}),
        (bob, {"tag": "vip", "depth": 1}),
    ]
    assert assignments.apply(tag=vip, accounts=[ann], by=by, at=LATER).changed == 0


def test_applying_a_tag_again_keeps_its_depth(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    tea = factories.tag(shop, "tea")
    assignments.set_depths(tag=tea, depths={ann: 7}, by=by, at=AT)
    assignments.apply(tag=tea, accounts=[ann], by=by, at=AT)
    assert person_tags.depths_of_person([ann]) == {"tea": 7}
    assignments.set_depths(tag=tea, depths={ann: 0}, by=by, at=AT)
    assert person_tags.depths_of_person([ann]) == {}


def test_excluding_a_tag_keeps_untagged_members(shop: Community, by: Staff) -> None:
    ann, bob, _eve = factories.members(shop, "ann", "bob", "eve")
    vip, bad = factories.tag(shop, "vip"), factories.tag(shop, "bad")
    assignments.apply(tag=vip, accounts=[ann, bob], by=by, at=AT)
    assignments.apply(tag=bad, accounts=[bob], by=by, at=AT)
    assert factories.matching_keys(shop, {"tag": {"none": ["bad"]}}) == ["ann", "eve"]
    assert factories.matching_keys(shop, {"not": {"tag": {"any": ["bad"]}}}) == [
        "ann",
        "eve",
    ]
    assert factories.matching_keys(
        shop, {"tag": {"any": ["vip"], "none": ["bad"]}}
    ) == ["ann"]
    assert factories.matching_keys(shop, {"tag": {"untagged": True}}) == ["eve"]


def test_tags_are_applied_to_and_removed_from_the_person(
    shop: Community, by: Staff
) -> None:
    ann, too = factories.members(shop, "ann", "too")
    vip = factories.tag(shop, "vip")
    pair = [merges.Pair(ann, too)]
    merges.merge(community=shop, pairs=pair, by=by, at=AT)
    assignments.apply(tag=vip, accounts=[too], by=by, at=AT)
    assert assignments.apply(tag=vip, accounts=[ann], by=by, at=AT).changed == 0
    assert assignments.remove(tag=vip, accounts=[ann], by=by, at=AT).changed == 1
    assert factories.matching_keys(shop, {"tag": {"any": ["vip"]}}) == []


def test_person_has_one_tag_of_an_exclusive_group(shop: Community, by: Staff) -> None:
    ann, too, bob = factories.members(shop, "ann", "too", "bob")
    stage = factories.tag_group(shop, "stage", exclusive=True)
    cold, warm = factories.tag(shop, "cold", stage), factories.tag(shop, "warm", stage)
    merges.merge(community=shop, pairs=[merges.Pair(ann, too)], by=by, at=AT)
    assignments.apply(tag=cold, accounts=[ann, bob], by=by, at=AT)
    batch = assignments.apply(tag=warm, accounts=[too], by=by, at=AT)
    assert person_tags.depths_of_person([ann, too]) == {"warm": 1}
    assert factories.matching_keys(shop, {"tag": {"any": ["cold"]}}) == ["bob"]
    assignments.undo(batch=batch, by=by, at=LATER)
    assert person_tags.depths_of_person([ann, too]) == {"cold": 1}


def test_undo_restores_exactly_what_the_batch_changed(
    shop: Community, by: Staff
) -> None:
    ann, bob, eve = factories.members(shop, "ann", "bob", "eve")
    tea = factories.tag(shop, "tea")
    soon = AT + timedelta(days=3)
    assignments.set_depths(
        tag=tea, depths={ann: 2}, source="rule", expires_at=soon, by=by, at=AT
    )
    before = tag_models.Tagging.objects.filter(account_id=ann).values().get()
    batch = assignments.set_depths(
        tag=tea, depths={ann: 5, bob: 1, eve: 1}, by=by, at=LATER
    )
    assignments.set_depths(tag=tea, depths={eve: 3}, by=by, at=LATER)
    assert assignments.undo(batch=batch, by=by, at=LATER) == 2
    after = tag_models.Tagging.objects.filter(account_id=ann).values().get()
    assert {**after, "rev": 0} == {**before, "rev": 0}
    assert person_tags.depths_of_person([bob]) == {}
    assert person_tags.depths_of_person([eve]) == {"tea": 3}
    assert factories.matching_keys(shop, {"tag": {"any": ["tea"]}}) == ["ann", "eve"]
    with pytest.raises(assignments.BatchAlreadyUndone):
        assignments.undo(batch=batch, by=by, at=LATER)


def test_batches_can_be_undone_in_turn(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    tea = factories.tag(shop, "tea")
    batches = [
        assignments.set_depths(tag=tea, depths={ann: depth}, by=by, at=AT)
        for depth in (1, 2, 0, 4)
    ]
    for batch, left in zip(reversed(batches), ({}, 2, 1, {}), strict=True):
        assignments.undo(batch=batch, by=by, at=LATER)
        assert person_tags.depths_of_person([ann]) == ({"tea": left} if left else {})


def test_one_batch_can_span_several_verbs(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    first, second = factories.tag(shop, "first"), factories.tag(shop, "second")
    assignments.apply(tag=first, accounts=[ann], by=by, at=AT)
    batch = assignments.create_batch(community=shop, note="spring", by=by, at=AT)
    assignments.apply(tag=second, accounts=[ann, bob], batch=batch, by=by, at=AT)
    assignments.remove(tag=first, accounts=[ann], batch=batch, by=by, at=AT)
    assignments.apply(tag=first, accounts=[ann], batch=batch, by=by, at=AT)
    assignments.remove(tag=second, accounts=[bob], batch=batch, by=by, at=AT)
    assignments.undo(batch=batch, by=by, at=LATER)
    assert person_tags.depths_of_person([ann]) == {"first": 1}
    assert person_tags.depths_of_person([bob]) == {}


def test_expired_taggings_are_removed(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    hot = factories.tag(shop, "hot")
    assignments.apply(tag=hot, accounts=[ann, bob], expires_at=LATER, by=by, at=AT)
    assignments.apply(tag=hot, accounts=[bob], by=by, at=AT)
    assert expiry.remove_expired(at=AT) == 0
    assert expiry.remove_expired(at=LATER) == 1
    assert expiry.remove_expired(at=LATER) == 0
    assert factories.matching_keys(shop, {"tag": {"any": ["hot"]}}) == ["bob"]
    batch = tag_models.TagBatch.objects.get(source="expiry")
    assert batch.changed == 1


def test_more_people_than_fit_into_one_statement_are_tagged(
    shop: Community, by: Staff
) -> None:
    keys = [f"k{n}" for n in range(6_000)]
    ids = accounts.ensure(community=shop, keys=keys, by=by, at=AT)
    vip = factories.tag(shop, "vip")
    batch = assignments.apply(tag=vip, accounts=ids.values(), by=by, at=AT)
    assert batch.changed == 6_000
    assert len(factories.matching_keys(shop, {"tag": {"any": ["vip"]}})) == 6_000
    assert assignments.undo(batch=batch, by=by, at=LATER) == 6_000


def test_other_communities_and_viewers_are_rejected(shop: Community, by: Staff) -> None:
    other = factories.community("other")
    (eve,) = factories.members(other, "eve")
    (ann,) = factories.members(shop, "ann")
    vip = factories.tag(shop, "vip")
    with pytest.raises(account_queries.MemberNotFound):
        assignments.apply(tag=vip, accounts=[ann, eve], by=by, at=AT)
    viewer = factories.staff(shop, "viewer", "vic")
    with pytest.raises(permissions.NotAllowed):
        assignments.apply(tag=vip, accounts=[ann], by=viewer, at=AT)
    assert people.get(shop, "ann").tags == {}
