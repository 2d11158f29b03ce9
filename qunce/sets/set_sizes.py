"""Set sizes: how many people have each of many marks, such as each tag."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from pyroaring import BitMap

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.sets.bitmaps.bit_counters import BitCounter, sum_all
from qunce.sets.clauses import membership
from qunce.sets.rules import snapshots, tree

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot


def count_by_ref(
    *, community: Community, kind: str, refs: Iterable[int], by: Staff, at: datetime
) -> dict[int, int]:
    """Ref → people with the mark who are in the community and visible to `by`.

    Three times 300 sets of a million people take 15 ms once they are cached.
    """
    permissions.check_community(by, community.pk)
    unique_refs = sorted(set(refs))
    scope = tree.compile_scope(by, community)
    keys = {(kind, ref) for ref in unique_refs}
    if scope is not None:
        keys |= tree.revision_keys(scope)

    def count(snap: Snapshot) -> dict[int, int]:
        # All revisions are read by one query.
        snap.load_revisions(keys)
        if scope is None:
            return {ref: _count_present(snap, kind, ref) for ref in unique_refs}
        visible = scope.evaluate(snap, snap.everyone(with_left=True))
        visible = snap.everyone() & visible
        return {
            ref: membership.by_person(snap, kind, ref)
            .nonzero()
            .intersection_cardinality(visible)
            for ref in unique_refs
        }

    return snapshots.run(community, at, count)


def count_in_any(
    *, community: Community, kind: str, refs: Iterable[int], by: Staff, at: datetime
) -> int:
    """How many people have at least one of these marks, see `count_by_ref`."""
    permissions.check_community(by, community.pk)
    unique_refs = sorted(set(refs))
    scope = tree.compile_scope(by, community)
    keys = {(kind, ref) for ref in unique_refs}
    if scope is not None:
        keys |= tree.revision_keys(scope)

    def count(snap: Snapshot) -> int:
        snap.load_revisions(keys)
        found = BitMap()
        for ref in unique_refs:
            found |= membership.by_person(snap, kind, ref).nonzero()
        visible = snap.everyone()
        if scope is not None:
            everyone = snap.everyone(with_left=True)
            visible = visible & scope.evaluate(snap, everyone)
        return found.intersection_cardinality(visible)

    return snapshots.run(community, at, count)


def count_further_marks(
    *, community: Community, kind: str, refs: Iterable[int], by: Staff, at: datetime
) -> int:
    """How many of these marks people have beside their first, see `count_by_ref`.

    Somebody with three of them counts twice. It is for checks, as it takes long.
    """
    permissions.check_community(by, community.pk)
    unique_refs = sorted(set(refs))
    scope = tree.compile_scope(by, community)
    keys = {(kind, ref) for ref in unique_refs}
    if scope is not None:
        keys |= tree.revision_keys(scope)

    def count(snap: Snapshot) -> int:
        snap.load_revisions(keys)
        visible = snap.everyone()
        if scope is not None:
            everyone = snap.everyone(with_left=True)
            visible = visible & scope.evaluate(snap, everyone)
        marks = sum_all(
            BitCounter.ones(membership.by_person(snap, kind, ref).nonzero() & visible)
            for ref in unique_refs
        )
        return marks.total(visible) - len(marks.nonzero())

    return snapshots.run(community, at, count)


def _count_present(snap: Snapshot, kind: str, ref: int) -> int:
    """Without a scope the number depends only on the set and presence, so it is cached."""

    def count() -> int:
        people = membership.by_person(snap, kind, ref).nonzero()
        return people.intersection_cardinality(snap.everyone())

    keys = ((kind, ref), *sorted(snapshots.STANDARD_KEYS))
    version = (*(snap.revisions[key] for key in keys), snap.population)
    return snap.memoize(("size", kind, ref), version, count)


def count_in_two_or_more(
    *, community: Community, kind: str, refs: Iterable[int], at: datetime
) -> int:
    """How many people have more than one of these marks, former members and staff too.

    It is for checks, not for numbers.
    """
    unique_refs = sorted(set(refs))

    def count(snap: Snapshot) -> int:
        snap.load_revisions((kind, ref) for ref in unique_refs)
        in_any, in_two = BitMap(), BitMap()
        for ref in unique_refs:
            people = membership.by_person(snap, kind, ref).nonzero()
            # One pass: a counter over all tags would be built and thrown away.
            in_two |= in_any & people
            in_any |= people
        return len(in_two)

    return snapshots.run(community, at, count)
