"""Facts added up by community day: the ground of every number in a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import days, facts
from qunce.sets import leaves, mirror, rules, snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from qunce.core.communities import Community

NOBODY = 0
"""Stands for the person, or the group, of a fact that names none."""


@dataclass(frozen=True)
class Daily:
    """Parallel arrays, shape (n,): a person may come twice on a day, once an account.

    `times` are facts, `amounts` the sum of their payloads' `amount`, in whatever unit
    that is given.
    """

    days: NDArray[np.int64]
    groups: NDArray[np.int64]
    people: NDArray[np.int64]
    times: NDArray[np.int64]
    amounts: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> Daily:
        return Daily(
            self.days[chosen],
            self.groups[chosen],
            self.people[chosen],
            self.times[chosen],
            self.amounts[chosen],
        )


ADDED_UP = """
SELECT d.day, coalesce(grp, 0), coalesce(account, 0), count(*),
       CAST(coalesce(sum(amount), 0) AS BIGINT)
FROM facts JOIN (SELECT unnest(?) AS day, unnest(?) AS begin_at, unnest(?) AS end_at) d
  ON happened_at >= d.begin_at AND happened_at < d.end_at
WHERE community = ? AND happened_at >= ? AND happened_at < ? AND kind IN
"""


def read(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
) -> Daily:
    """Facts of some kinds from community day `first` to `last`, both included."""
    wanted = [facts.find_kind(kind) for kind in kinds]
    numbers = ", ".join(str(kind) for kind in wanted if kind is not None) or "-1"
    spans = list(range(first, last + 1))
    zone, start = community.timezone, community.day_start
    begins = [days.begin(zone, start, day) for day in range(first, last + 2)]
    found = mirror.query(
        f"{ADDED_UP} ({numbers}) GROUP BY ALL",
        [spans, begins[:-1], begins[1:], community.pk, begins[0], begins[-1]],
    )
    columns = [column.to_numpy().astype(np.int64) for column in found.columns]
    with snapshots.opened(community, at) as snap:
        snap.read(())
        columns[2] = snap.aliases.map_array(columns[2])
    return Daily(*columns)


def group_id(community: Community, key: str) -> int:
    """Of the group with this key; an unknown one is refused by name."""
    return leaves.refer_one("group", key, leaves.Place(community, rules.compile_node))


def marked(
    *, community: Community, kind: str, ref: int, at: datetime
) -> dict[int, int]:
    """Person → weight in a set of marks now, added over their accounts."""
    with snapshots.opened(community, at) as snap:
        snap.read([(kind, ref)])
        stack = snap.fold(snap.stack(kind, ref))
        return stack.counts(stack.nonzero())
