"""K3: tending the tag library."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.segments import segments
from qunce.members.tags import assignments, duplicates, library, person_tags
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import merges as tag_merges
from qunce.members.tags import naming as tag_naming
from qunce.members.tags import report as tag_report
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.both_databases


def test_group_becomes_exclusive_only_if_nobody_has_two_of_its_tags(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    group = factories.tag_group(shop, "stage")
    cold, warm = factories.tag(shop, "cold", group), factories.tag(shop, "warm", group)
    assignments.apply(tag=cold, accounts=[ann, bob], by=by, at=AT)
    assignments.apply(tag=warm, accounts=[ann], by=by, at=AT)
    with pytest.raises(tag_groups.TagsOverlap, match="1 member"):
        tag_groups.update(group=group, exclusive=True, by=by, at=AT)
    group.refresh_from_db()
    assert not group.exclusive
    assignments.remove(tag=warm, accounts=[ann], by=by, at=AT)
    tag_groups.update(group=group, exclusive=True, name="Stage", by=by, at=AT)
    assignments.apply(tag=warm, accounts=[ann], by=by, at=AT)
    assert person_tags.depths_of_person([ann]) == {"warm": 1}
    assert tag_groups.get_by_key(shop, "stage").name == "Stage"


def test_changed_naming_rule_applies_to_new_tags(shop: Community, by: Staff) -> None:
    group = factories.tag_group(shop, "exam")
    factories.tag(shop, "old", group)
    naming = tag_naming.NamingRule(prefix="exam:", guidance="Like exam:2026-12.")
    tag_groups.update(
        group=group, naming=naming, creator_roles=["viewer"], by=by, at=AT
    )
    with pytest.raises(tag_naming.InvalidTagName, match="Like exam"):
        factories.tag(shop, "soon", tag_groups.get_by_key(shop, "exam"))
    assert tag_groups.get_by_key(shop, "exam").creator_roles == ["viewer"]
    naming = tag_naming.NamingRule(pattern="(")
    with pytest.raises(tag_naming.InvalidTagName):
        tag_groups.update(group=group, naming=naming, by=by, at=AT)


def test_tag_moves_to_groups_that_allow_its_name_and_members(
    shop: Community, by: Staff
) -> None:
    (ann,) = factories.members(shop, "ann")
    exam = factories.tag_group(
        shop, "exam", naming=tag_naming.NamingRule(prefix="exam:")
    )
    stage = factories.tag_group(shop, "stage", exclusive=True)
    cold, hot = factories.tag(shop, "cold", stage), factories.tag(shop, "hot")
    for tag in (cold, hot):
        assignments.apply(tag=tag, accounts=[ann], by=by, at=AT)
    with pytest.raises(tag_naming.InvalidTagName):
        library.move(tag=hot, group=exam, by=by, at=AT)
    with pytest.raises(tag_groups.TagsOverlap):
        library.move(tag=hot, group=stage, by=by, at=AT)
    assignments.remove(tag=cold, accounts=[ann], by=by, at=AT)
    library.move(tag=hot, group=stage, by=by, at=AT)
    assert library.get(shop, "hot").group == stage
    library.move(tag=hot, group=None, by=by, at=AT)
    assert library.get(shop, "hot").group is None


def test_owner_of_a_tag_is_set_and_cleared(shop: Community, by: Staff) -> None:
    vip = factories.tag(shop, "vip")
    library.set_owner(tag=vip, owner=by, by=by, at=AT)
    assert library.get(shop, "vip").owner == by
    library.set_owner(tag=vip, owner=None, by=by, at=AT)
    assert library.get(shop, "vip").owner is None


def test_synonym_is_removed_unless_rules_may_use_it(shop: Community, by: Staff) -> None:
    vip, old = factories.tag(shop, "vip"), factories.tag(shop, "old")
    for key in ("贵宾", "大客户"):
        library.add_synonym(tag=vip, key=key, by=by, at=AT)
    tag_merges.merge(tag=old, into=vip, by=by, at=AT)
    segments.create(
        community=shop,
        key="s",
        name="Best",
        rule={"any": [{"tag": {"any": ["大客户"]}}]},
        by=by,
        at=AT,
    )
    synonyms = {synonym.key: synonym for synonym in vip.synonyms.all()}
    for key, reason in (("old", "merged"), ("大客户", "Best")):
        with pytest.raises(library.SynonymInUse, match=reason):
            library.remove_synonym(synonym=synonyms[key], by=by, at=AT)
    library.remove_synonym(synonym=synonyms["贵宾"], by=by, at=AT)
    with pytest.raises(library.TagNotFound):
        library.get(shop, "贵宾")


def test_only_managers_manage_tags(shop: Community) -> None:
    clerk = staff_models.create(community=shop, login="wu", role="operator", at=AT)
    vip, group = factories.tag(shop, "vip"), factories.tag_group(shop, "g")
    for verb in (
        lambda: library.move(tag=vip, group=group, by=clerk, at=AT),
        lambda: library.set_owner(tag=vip, owner=None, by=clerk, at=AT),
        lambda: tag_groups.update(group=group, name="x", by=clerk, at=AT),
    ):
        with pytest.raises(permissions.NotAllowed):
            verb()


def test_scoped_staff_undo_only_their_own_batches(shop: Community, by: Staff) -> None:
    """K7."""
    (ann,) = factories.members(shop, "ann")
    vip, other = factories.tag(shop, "vip"), factories.tag(shop, "other")
    scoped = staff_models.create(
        community=shop, login="li", role="manager", scope={"all": []}, at=AT
    )
    theirs = assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    mine = assignments.apply(tag=other, accounts=[ann], by=scoped, at=AT)
    with pytest.raises(assignments.BatchNotFound):
        assignments.undo(batch=theirs, by=scoped, at=AT)
    assert not assignments.may_undo(theirs, scoped)
    assert assignments.undo(batch=mine, by=scoped, at=AT) == 1
    merged = tag_merges.merge(tag=other, into=vip, by=by, at=AT)
    with pytest.raises(assignments.BatchNotFound):
        assignments.undo(batch=merged, by=scoped, at=AT)


def test_dismissed_duplicates_are_not_suggested_again(
    shop: Community, by: Staff
) -> None:
    tag, other = factories.tag(shop, "VIP 1"), factories.tag(shop, "vip-1")
    factories.tag(shop, "ViP1 ")
    assert len(tag_report.list_duplicates(shop)) == 3
    for _ in range(2):
        duplicates.dismiss(tag=other, other=tag, by=by, at=AT)
    pairs = [{tag.key for tag in pair} for pair in tag_report.list_duplicates(shop)]
    assert {"VIP 1", "vip-1"} not in pairs
    assert len(pairs) == 2
    assert len(factories.recorded_facts(shop, "tag.duplicate_dismissed")) == 1


def test_batches_are_listed_newest_first_and_by_tag(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    vip, koc = factories.tag(shop, "vip"), factories.tag(shop, "koc")
    first = assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    second = assignments.apply(tag=koc, accounts=[ann, bob], by=by, at=AT)
    assignments.apply(tag=koc, accounts=[ann, bob], by=by, at=AT)
    assert assignments.list_batches(by, before=0, limit=9) == [second, first]
    assert assignments.list_batches(by, before=second.pk, limit=9) == [first]
    assert assignments.list_batches_of_tag(vip, by, limit=9) == [first]
    # What was written later, of an earlier time.
    hour_ago = AT - timedelta(hours=1)
    oldest = assignments.apply(tag=vip, accounts=[bob], by=by, at=hour_ago)
    assert assignments.list_batches(by, limit=9) == [second, first, oldest]
    assert assignments.list_batches(by, before=first.pk, limit=9) == [oldest]
    assert assignments.get_batch(by=by, pk=first.pk) == first
    with pytest.raises(assignments.BatchNotFound):
        assignments.get_batch(
            by=factories.staff(factories.community("other"), "owner", "eve"),
            pk=first.pk,
        )
