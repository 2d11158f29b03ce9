"""First sources: everyone once, by the source through which their first account joined.

The clause `source` selects people by any of their accounts, so that somebody may be in
two of its sets. Numbers by source that must add up to a total use this partition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qunce.sets.bitmaps import aliases, bitmaps, presence_sets
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

UNKNOWN = 0
"""The source of people whose first account has none."""


def people_by_source(*, community: Community, at: datetime) -> dict[int, BitMap]:
    """Id of the source → its people, former members and staff accounts included."""

    def read(snap: Snapshot) -> dict[int, BitMap]:
        snap.load_revisions(())
        version = (
            snap.revisions[presence_sets.KEY],
            snap.revisions[(aliases.KIND, 0)],
            snap.population,
        )
        sources, sets = snap.memoize("first sources", version, lambda: _split(snap))
        return dict(zip(sources, sets, strict=True))

    return snapshots.run(community, at, read)


def _split(snap: Snapshot) -> tuple[list[int], list[BitMap]]:
    table = snap.account_table
    people = np.asarray(snap.aliases.map_array(table.accounts), dtype=np.int64)
    order = np.lexsort((table.accounts, table.joined, people))
    is_first = np.ones(len(people), dtype=bool)
    is_first[1:] = people[order][1:] != people[order][:-1]
    rows = order[is_first]
    people, sources = people[rows], table.source[rows]
    found = np.unique(sources)
    sets = [bitmaps.of(people[sources == source]) for source in found]
    return found.tolist(), sets
