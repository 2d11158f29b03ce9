"""The undo of a merge of tags against an oracle, with changes made in between."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

import hypothesis
import pytest
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.segments import segments
from qunce.members.tags import assignments, levels, library
from qunce.members.tags import merges as tag_merges
from qunce.members.tags.models import Synonym, Tag, Tagging
from tests import factories, shares
from tests.factories import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
PEOPLE, OLD, NEW, RIVAL = 4, "old", "new", "rival"
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Change:
    """An act of staff on one person; depth 0 removes the tag."""

    person: int
    tag: str
    depth: int
    days_valid: int


def changes(*tags: str, size: int) -> st.SearchStrategy[list[Change]]:
    change = st.builds(
        Change,
        person=st.integers(0, PEOPLE - 1),
        tag=st.sampled_from(tags),
        depth=st.integers(0, 3),
        days_valid=st.sampled_from([0, 5, 9]),
    )
    return st.lists(change, max_size=size)


@dataclass
class World:
    shop: Community
    people: list[int]
    time: datetime = AT

    def act(self, change: Change) -> None:
        self.time += timedelta(minutes=1)
        ends = AT + timedelta(days=change.days_valid) if change.days_valid else None
        assignments.change_depth(
            tag=library.get(self.shop, change.tag),
            change=levels.DepthChange(change.depth),
            accounts=[self.people[change.person]],
            expires_at=ends,
            by=staff_models.system(self.shop),
            at=self.time,
        )

    def state(self, tag: Tag) -> dict[int, tuple[object, ...]]:
        """Account → all that is known about its tagging."""
        rows = Tagging.objects.filter(tag=tag, present=True)
        fields = (
            "account_id",
            "weight",
            "tagged_at",
            "since",
            "by_id",
            "source",
            "expires_at",
        )
        return {account: tuple(rest) for account, *rest in rows.values_list(*fields)}


def make_world(*, exclusive: bool) -> World:
    shop = factories.community(f"shop{next(NUMBERS)}")
    group = factories.tag_group(shop, "level", exclusive=exclusive)
    for key in (OLD, NEW, RIVAL):
        factories.tag(shop, key, group)
    return World(shop, factories.members(shop, *"abcd"))


@hypothesis.settings(
    max_examples=shares.examples(25),
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(
    before=changes(OLD, NEW, RIVAL, size=8),
    between=changes(OLD, NEW, RIVAL, size=4),
    exclusive=st.booleans(),
)
def test_undo_restores_all_that_was_not_changed_since(
    before: list[Change], between: list[Change], exclusive: bool
) -> None:
    """K3. The old key means the tag that remains while the merge holds."""
    world = make_world(exclusive=exclusive)
    by = staff_models.system(world.shop)
    old, new, rival = (library.get(world.shop, key) for key in (OLD, NEW, RIVAL))
    library.add_synonym(tag=old, key="elder", by=by, at=AT)
    rule = {"tag": {"any": [OLD], "depth": {"gte": 2}}}
    segment = factories.segment(world.shop, "deep", rule)
    for change in before:
        world.act(change)
    old_before, new_before = world.state(old), world.state(new)
    members_before = segments.count(segment=segment, by=by, at=world.time)
    synonyms = set(Synonym.objects.values_list("community_id", "key", "tag_id"))

    batch = tag_merges.merge(tag=old, into=new, by=by, at=world.time)
    moved = world.state(new)
    touched = set[int]()
    for change in between:
        state = world.state(new)
        world.act(change)
        # Whoever gets the rival of an exclusive group loses the tag that remains.
        after = world.state(new)
        touched |= {a for a in {*state, *after} if state.get(a) != after.get(a)}
    new_after, rivals = world.state(new), world.state(rival)
    assignments.undo(batch=batch, by=by, at=world.time)

    for account in world.people:
        # Who had the rival in between keeps it; that cannot be where nothing was done.
        was_blocked = exclusive and (
            account in rivals or (account in touched and account in new_after)
        )
        expected = None if was_blocked else old_before.get(account)
        assert world.state(old).get(account) == expected
        unchanged = account not in touched and new_after.get(account) == moved.get(
            account
        )
        expected = new_before.get(account) if unchanged else new_after.get(account)
        if not (unchanged and was_blocked):
            assert world.state(new).get(account) == expected
    assert set(Synonym.objects.values_list("community_id", "key", "tag_id")) == synonyms
    assert library.get(world.shop, OLD) == library.get(world.shop, "elder") == old
    if not touched:
        assert segments.count(segment=segment, by=by, at=world.time) == members_before
