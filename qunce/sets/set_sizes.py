"""How many people are in each of many marked sets, such as the carriers of every tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from pyroaring import BitMap

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.sets.bitmaps import aliases, presence
from qunce.sets.clauses import membership
from qunce.sets.rules import snapshots, tree

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot
    from qunce.sets.rules.tree import Node

Answer = TypeVar("Answer")


def count_by_ref(
    *, community: Community, kind: str, refs: Iterable[int], by: Staff, at: datetime
) -> dict[int, int]:
    """Ref → people in its set who are here and whom the operator sees.

    Three times 300 sets of a million people take 15 ms once they were read.
    """
    wanted = sorted(set(refs))
    scope = tree.compile_rule(by.scope, community) if by.scope is not None else None
    keys = {(kind, ref) for ref in wanted} | (
        tree.revision_keys(scope) if scope else set()
    )

    def counted(snap: Snapshot) -> dict[int, int]:
        snap.load_revisions(keys)
        seen = _seen(snap, scope)
        return {ref: _size(snap, kind, ref, seen, kept=not scope) for ref in wanted}

    return _ask(community, at, counted)


def count_in_two_or_more(
    *, community: Community, kind: str, refs: Iterable[int], at: datetime
) -> int:
    """How many people are in more than one of these sets, who left included."""
    wanted = sorted(set(refs))

    def counted(snap: Snapshot) -> int:
        snap.load_revisions((kind, ref) for ref in wanted)
        once, twice = BitMap(), BitMap()
        for ref in wanted:
            some = membership.by_person(snap, kind, ref).nonzero()
            twice |= once & some
            once |= some
        return len(twice)

    return _ask(community, at, counted)


def _ask(
    community: Community, at: datetime, question: Callable[[Snapshot], Answer]
) -> Answer:
    while True:
        try:
            with snapshots.open_snapshot(community, at) as snap:
                return question(snap)
        except snapshots.Stale:
            continue


def _seen(snap: Snapshot, scope: Node | None) -> BitMap:
    if scope is None:
        return snap.everyone()
    return snap.everyone() & scope.evaluate(snap, snap.everyone(with_left=True))


def _size(snap: Snapshot, kind: str, ref: int, seen: BitMap, *, kept: bool) -> int:
    """`kept` where everybody is seen: then it depends on the set and who is here."""

    def counted() -> int:
        carriers = membership.by_person(snap, kind, ref).nonzero()
        return carriers.intersection_cardinality(seen)

    if not kept:
        return counted()
    label = tuple(
        snap.revisions[key] for key in ((kind, ref), (aliases.KIND, 0), presence.KEY)
    )
    return snap.memoize(("size", kind, ref), label, counted)
