"""K3: tending the tag library."""

from __future__ import annotations

import pytest

from qunce.core import access, operators
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.members import (
    segments,
    tagcare,
    tagging,
    tagnames,
    tagreports,
    tags,
    tagtwins,
)
from tests.members import made
from tests.members.made import AT

pytestmark = pytest.mark.both_databases


def test_a_group_becomes_exclusive_only_if_nobody_carries_two(
    shop: Community, by: Operator
) -> None:
    ann, bob = made.members(shop, "ann", "bob")
    group = made.tag_group(shop, "stage")
    cold, warm = made.tag(shop, "cold", group), made.tag(shop, "warm", group)
    tagging.put(tag=cold, accounts=[ann, bob], by=by, at=AT)
    tagging.put(tag=warm, accounts=[ann], by=by, at=AT)
    with pytest.raises(tagcare.CarryTwo, match="1 member"):
        tagcare.change_group(group=group, exclusive=True, by=by, at=AT)
    group.refresh_from_db()
    assert not group.exclusive
    tagging.take_off(tag=warm, accounts=[ann], by=by, at=AT)
    tagcare.change_group(group=group, exclusive=True, name="Stage", by=by, at=AT)
    tagging.put(tag=warm, accounts=[ann], by=by, at=AT)
    assert tagging.of_people([ann]) == {"warm": 1}
    assert tags.get_group(shop, "stage").name == "Stage"


def test_a_groups_rule_is_changed_for_the_tags_to_come(
    shop: Community, by: Operator
) -> None:
    group = made.tag_group(shop, "exam")
    made.tag(shop, "old", group)
    naming = tagnames.Naming(prefix="exam:", guidance="Like exam:2026-12.")
    tagcare.change_group(group=group, naming=naming, makers=["viewer"], by=by, at=AT)
    with pytest.raises(tagnames.InvalidTagName, match="Like exam"):
        made.tag(shop, "soon", tags.get_group(shop, "exam"))
    assert tags.get_group(shop, "exam").makers == ["viewer"]
    naming = tagnames.Naming(pattern="(")
    with pytest.raises(tagnames.InvalidTagName):
        tagcare.change_group(group=group, naming=naming, by=by, at=AT)


def test_a_tag_moves_where_its_name_fits_and_nobody_carries_a_rival(
    shop: Community, by: Operator
) -> None:
    (ann,) = made.members(shop, "ann")
    exam = made.tag_group(shop, "exam", naming=tagnames.Naming(prefix="exam:"))
    stage = made.tag_group(shop, "stage", exclusive=True)
    cold, hot = made.tag(shop, "cold", stage), made.tag(shop, "hot")
    for tag in (cold, hot):
        tagging.put(tag=tag, accounts=[ann], by=by, at=AT)
    with pytest.raises(tagnames.InvalidTagName):
        tagcare.move(tag=hot, group=exam, by=by, at=AT)
    with pytest.raises(tagcare.CarryTwo):
        tagcare.move(tag=hot, group=stage, by=by, at=AT)
    tagging.take_off(tag=cold, accounts=[ann], by=by, at=AT)
    tagcare.move(tag=hot, group=stage, by=by, at=AT)
    assert tags.get(shop, "hot").group == stage
    tagcare.move(tag=hot, group=None, by=by, at=AT)
    assert tags.get(shop, "hot").group is None


def test_a_tag_is_handed_over_and_left_to_nobody(shop: Community, by: Operator) -> None:
    vip = made.tag(shop, "vip")
    tagcare.hand_over(tag=vip, owner=by, by=by, at=AT)
    assert tags.get(shop, "vip").owner == by
    tagcare.hand_over(tag=vip, owner=None, by=by, at=AT)
    assert tags.get(shop, "vip").owner is None


def test_a_synonym_goes_unless_rules_may_name_it(shop: Community, by: Operator) -> None:
    vip, old = made.tag(shop, "vip"), made.tag(shop, "old")
    for key in ("贵宾", "大客户"):
        tags.add_synonym(tag=vip, key=key, by=by, at=AT)
    tagging.merge(tag=old, into=vip, by=by, at=AT)
    segments.create(
        community=shop,
        key="s",
        name="Best",
        rule={"any": [{"tag": {"any": ["大客户"]}}]},
        by=by,
        at=AT,
    )
    named = {synonym.key: synonym for synonym in vip.synonyms.all()}
    for key, said in (("old", "merged"), ("大客户", "Best")):
        with pytest.raises(tagcare.StillAsked, match=said):
            tagcare.remove_synonym(synonym=named[key], by=by, at=AT)
    tagcare.remove_synonym(synonym=named["贵宾"], by=by, at=AT)
    with pytest.raises(tags.UnknownTag):
        tags.get(shop, "贵宾")


def test_only_managers_tend_the_library(shop: Community) -> None:
    clerk = operators.create(community=shop, login="wu", role="operator", at=AT)
    vip, group = made.tag(shop, "vip"), made.tag_group(shop, "g")
    for verb in (
        lambda: tagcare.move(tag=vip, group=group, by=clerk, at=AT),
        lambda: tagcare.hand_over(tag=vip, owner=None, by=clerk, at=AT),
        lambda: tagcare.change_group(group=group, name="x", by=clerk, at=AT),
    ):
        with pytest.raises(access.NotAllowed):
            verb()


def test_who_sees_a_part_undoes_only_their_own_batches(
    shop: Community, by: Operator
) -> None:
    """K7."""
    (ann,) = made.members(shop, "ann")
    vip, other = made.tag(shop, "vip"), made.tag(shop, "other")
    scoped = operators.create(
        community=shop, login="li", role="manager", scope={"all": []}, at=AT
    )
    theirs = tagging.put(tag=vip, accounts=[ann], by=by, at=AT)
    mine = tagging.put(tag=other, accounts=[ann], by=scoped, at=AT)
    with pytest.raises(access.NotAllowed):
        tagging.undo(batch=theirs, by=scoped, at=AT)
    assert not tagging.may_undo(theirs, scoped)
    assert tagging.undo(batch=mine, by=scoped, at=AT) == 1
    merged = tagging.merge(tag=other, into=vip, by=by, at=AT)
    with pytest.raises(tagging.NotUndone):
        tagging.undo(batch=merged, by=by, at=AT)


def test_twins_that_are_to_stay_two_are_not_offered_again(
    shop: Community, by: Operator
) -> None:
    one, other = made.tag(shop, "VIP 1"), made.tag(shop, "vip-1")
    made.tag(shop, "ViP1 ")
    assert len(tagreports.twins(shop)) == 3
    for _ in range(2):
        tagtwins.keep_apart(tag=other, other=one, by=by, at=AT)
    pairs = [{tag.key for tag in pair} for pair in tagreports.twins(shop)]
    assert {"VIP 1", "vip-1"} not in pairs
    assert len(pairs) == 2
    assert len(made.told(shop, "tag.kept_apart")) == 1


def test_batches_are_listed_newest_first_and_by_tag(
    shop: Community, by: Operator
) -> None:
    ann, bob = made.members(shop, "ann", "bob")
    vip, koc = made.tag(shop, "vip"), made.tag(shop, "koc")
    first = tagging.put(tag=vip, accounts=[ann], by=by, at=AT)
    second = tagging.put(tag=koc, accounts=[ann, bob], by=by, at=AT)
    tagging.put(tag=koc, accounts=[ann, bob], by=by, at=AT)
    assert tagcare.batches(by, before=0, most=9) == [second, first]
    assert tagcare.batches(by, before=second.pk, most=9) == [first]
    assert tagcare.batches_of(vip, by, most=9) == [first]
    assert tagcare.get_batch(shop, first.pk) == first
    with pytest.raises(tagcare.UnknownBatch):
        tagcare.get_batch(made.shop("other"), first.pk)
