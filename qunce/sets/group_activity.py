"""What members lately did in each group: one row per group and member, in one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days
from qunce.core.facts import facts
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import mirror
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

NEVER = -(2**62)
"""The time of what did not happen."""
SELECT = """
SELECT grp, account,
    coalesce(max(happened_at) FILTER (kind IN ({acts})), {never}),
    coalesce(max(happened_at) FILTER (kind IN ({messages})), {never}),
    count(*) FILTER (kind IN ({joined}) AND happened_at < ?),
    count(*) FILTER (kind IN ({left}) AND happened_at < ?)
FROM facts
WHERE community = ? AND grp IS NOT NULL AND account IS NOT NULL AND happened_at >= ?
    AND kind IN ({acts}, {messages}, {joined}, {left})
GROUP BY grp, account
"""


@dataclass(frozen=True)
class GroupActivity:
    """Parallel arrays, shape (n,): groups, people, and what they did there.

    `acted_at` and `wrote_at` are the last microseconds of an act and of a message;
    `joins` and `leaves` are those of complete days.
    """

    group_ids: Ints
    person_ids: Ints
    acted_at: Ints
    wrote_at: Ints
    joins: Ints
    leaves: Ints


def load(
    *,
    community: Community,
    acts: Iterable[str],
    messages: Iterable[str],
    days: int,
    at: datetime,
    among: BitMap | None = None,
) -> GroupActivity:
    """What these people did on the last complete `days`, and today; None is everybody.

    Staff accounts are left out. `acts` and `messages` are kinds of facts.
    """
    today = community.day(at)
    zone, start = community.timezone, community.day_start
    begin, now = (
        community_days.start_of(zone, start, day) for day in (today - days, today)
    )
    sql = SELECT.format(
        acts=_ids(acts),
        messages=_ids(messages),
        joined=_ids(["group.joined"]),
        left=_ids(["group.left"]),
        never=NEVER,
    )
    rows = mirror.query(sql, [now, now, community.pk, begin])
    groups, accounts, *numbers = (
        column.to_numpy().astype(np.int64) for column in rows.columns
    )

    def map_to_people(snap: Snapshot) -> tuple[Ints, BitMap]:
        snap.load_revisions(())
        counted = snap.everyone(with_left=True)
        counted = counted if among is None else counted & among
        return snap.aliases.map_array(accounts), counted

    people, counted = snapshots.run(community, at, map_to_people)
    chosen = np.isin(people, bitmaps.array_of(counted))
    return GroupActivity(
        groups[chosen], people[chosen], *(column[chosen] for column in numbers)
    )


def _ids(kinds: Iterable[str]) -> str:
    ids = (facts.find_kind(kind) for kind in kinds)
    return ", ".join(str(kind_id) for kind_id in ids if kind_id is not None) or "-1"
