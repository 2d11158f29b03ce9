"""What has changed in the set of a rule since it was stored, and when to look again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import number_arrays
from qunce.core.staff import models as staff_models
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import snapshots
from qunce.sets.rules.tree import ClauseNode

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.audiences import CompiledRule
    from qunce.sets.rules.snapshots import Snapshot


@dataclass(frozen=True)
class SetChange:
    """`entered` are people, `left` the stored accounts of people who are out of the set.

    `version` is the same as long as nothing has changed that the set depends on.
    """

    entered: BitMap
    left: BitMap
    version: Hashable

    def __bool__(self) -> bool:
        return bool(self.entered or self.left)


def find(
    *,
    community: Community,
    rule: Any,
    inside: BitMap,
    at: datetime,
    known: Hashable = None,
    fresh: bool = False,
) -> SetChange | None:
    """Compare the stored accounts `inside` with the set of all members who match now.

    A person is in the stored set with any of their accounts, so that a merge and its undo
    alone change nothing. Erased people are in neither. None if the set still has
    the version `known`; with `fresh`, nothing is read from a cache.
    """
    by = staff_models.system(community)
    compiled = audiences.compile_rule(community=community, rule=rule, by=by)

    def compare(snap: Snapshot) -> SetChange | None:
        version = _version(snap, compiled)
        if known is not None and version == known:
            return None
        people = compiled.node.evaluate(snap, snap.everyone())
        stored = bitmaps.array_of(inside).astype(np.int64)
        owners = snap.aliases.map_array(stored)
        entered = people - bitmaps.of(number_arrays.unique(owners))
        gone = ~np.isin(owners, bitmaps.array_of(people))
        # An erased person has no facts, neither of coming nor of leaving.
        gone &= np.isin(owners, bitmaps.array_of(snap.known()))
        return SetChange(entered, bitmaps.of(stored[gone]), version)

    return snapshots.run(community, at, compare, fresh=fresh)


def _version(snap: Snapshot, compiled: CompiledRule) -> Hashable:
    parts = [part for part in compiled.node.walk() if isinstance(part, ClauseNode)]
    snap.load_revisions(key for part in parts for key in part.clause.dependencies())
    clauses = tuple(part.clause for part in parts)
    return clauses, snap.version(clauses)


def members(*, community: Community, rule: Any, at: datetime) -> BitMap:
    """All members who match now, as a set of the caller's own."""
    by = staff_models.system(community)
    return audiences.people(community=community, rule=rule, by=by, at=at)
