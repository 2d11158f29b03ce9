from __future__ import annotations

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.people import merges, people
from qunce.members.tags import assignments, library, person_tags
from qunce.members.tags import merges as tag_merges
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases


def test_undone_merge_restores_both_tags(shop: Community, by: Staff) -> None:
    """K3."""
    ann, bob = factories.members(shop, "ann", "bob")
    old, new = factories.tag(shop, "老客"), factories.tag(shop, "忠实")
    library.add_synonym(tag=old, key="regular", by=by, at=AT)
    library.add_synonym(tag=new, key="loyal", by=by, at=AT)
    assignments.set_depths(tag=old, depths={ann: 3, bob: 1}, by=by, at=AT)
    assignments.apply(tag=new, accounts=[bob], by=by, at=AT)
    batch = tag_merges.merge(tag=old, into=new, by=by, at=AT)
    assert library.get(shop, "regular") == new
    assert person_tags.depths_of_person([ann]) == {"忠实": 3}

    assert assignments.undo(batch=batch, by=by, at=LATER) == 3
    old.refresh_from_db()
    assert (old.state, old.merged_into) == ("active", None)
    assert library.get(shop, "老客") == library.get(shop, "regular") == old
    assert library.get(shop, "loyal") == new
    assert person_tags.depths_of_person([ann]) == {"老客": 3}
    assert person_tags.depths_of_person([bob]) == {"老客": 1, "忠实": 1}
    assert len(factories.recorded_facts(shop, "tag.unmerged")) == 1
    again = tag_merges.merge(tag=old, into=new, by=by, at=LATER)
    assert again.changed


def test_archived_tag_is_archived_again_after_an_undone_merge(
    shop: Community, by: Staff
) -> None:
    old, new = factories.tag(shop, "old"), factories.tag(shop, "new")
    library.archive(tag=old, by=by, at=AT)
    batch = tag_merges.merge(tag=old, into=new, by=by, at=AT)
    # Nobody had the tag; the merge is in the history of both tags all the same.
    assert assignments.list_batches_of_tag(old, by, limit=9) == [batch]
    assert assignments.list_batches_of_tag(new, by, limit=9) == [batch]
    assignments.undo(batch=batch, by=by, at=LATER)
    old.refresh_from_db()
    assert old.state == "archived"


def test_members_tagged_after_the_merge_keep_the_tag_that_remains(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    old, new = factories.tag(shop, "old"), factories.tag(shop, "new")
    assignments.apply(tag=old, accounts=[ann], by=by, at=AT)
    batch = tag_merges.merge(tag=old, into=new, by=by, at=AT)
    assignments.apply(tag=library.get(shop, "old"), accounts=[bob], by=by, at=AT)
    assignments.undo(batch=batch, by=by, at=LATER)
    assert factories.matching_keys(shop, {"tag": {"any": ["old"]}}) == ["ann"]
    assert factories.matching_keys(shop, {"tag": {"any": ["new"]}}) == ["bob"]


def test_merges_are_undone_in_turn(shop: Community, by: Staff) -> None:
    first, second, third = (factories.tag(shop, key) for key in "abc")
    inner = tag_merges.merge(tag=first, into=second, by=by, at=AT)
    outer = tag_merges.merge(tag=second, into=third, by=by, at=AT)
    assert library.get(shop, "a") == third
    with pytest.raises(library.TagMergedAgain, match="“b”"):
        assignments.undo(batch=inner, by=by, at=LATER)
    assignments.undo(batch=outer, by=by, at=LATER)
    assert library.get(shop, "a") == library.get(shop, "b") == second
    assignments.undo(batch=assignments.get_batch(by=by, pk=inner.pk), by=by, at=LATER)
    assert library.get(shop, "a") == first


def test_undo_of_a_merge_needs_the_permission_to_merge(
    shop: Community, by: Staff
) -> None:
    old, new = factories.tag(shop, "old"), factories.tag(shop, "new")
    batch = tag_merges.merge(tag=old, into=new, by=by, at=AT)
    operator = factories.staff(shop, "operator", "olga")
    assert not assignments.may_undo(batch, operator)
    with pytest.raises(permissions.NotAllowed):
        assignments.undo(batch=batch, by=operator, at=AT)


def test_tags_that_a_merge_of_members_removed_are_not_undone_as_a_batch(
    shop: Community, by: Staff
) -> None:
    level = factories.tag_group(shop, "level", exclusive=True)
    cold, warm = factories.tag(shop, "cold", level), factories.tag(shop, "warm", level)
    ann, too = factories.members(shop, "ann", "too")
    assignments.apply(tag=cold, accounts=[ann], by=by, at=AT)
    assignments.apply(tag=warm, accounts=[too], by=by, at=AT)
    merges.merge(community=shop, pairs=[merges.Pair(ann, too)], by=by, at=AT)
    (batch,) = [
        row for row in assignments.list_batches(by, limit=9) if row.source == "merge"
    ]
    with pytest.raises(assignments.BatchNotUndoable, match="merge of members"):
        assignments.undo(batch=batch, by=by, at=AT)
    factories.unmerge(shop, "ann", "too")
    assert people.get(shop, "too").tags == {"warm": 1}
