"""What members did in all groups on some days: numbers by group and day, and by group.

Three people in two groups are six of the groups' members and three people, so both
numbers are here: those of each group, and those of all groups together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from qunce.core.facts import facts
from qunce.sets import daily_totals
from qunce.sets.mirror import mirror
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

COLUMNS = (
    "messages",
    "interactions",
    "joins",
    "leaves",
    "active",
    "speakers",
    "interacting",
)
"""The last three count people, each once; the others can be added up."""
# Each step makes one row of a person, so that people are counted without DISTINCT, which
# takes three times as long.
SELECT = """
WITH acts AS MATERIALIZED (
  SELECT d.day AS day, grp, coalesce(a.person, facts.account) AS person,
    count(*) FILTER (kind IN ({messages})) AS messages,
    count(*) FILTER (kind IN ({interactions})) AS interactions,
    count(*) FILTER (kind IN ({joined})) AS joins,
    count(*) FILTER (kind IN ({left})) AS leaves
  FROM facts
  JOIN (SELECT unnest(?) AS day, unnest(?) AS begin_at, unnest(?) AS end_at) d
    ON happened_at >= d.begin_at AND happened_at < d.end_at
  LEFT JOIN aliases a ON a.account = facts.account
  WHERE community = ? AND happened_at >= ? AND happened_at < ?
    AND grp IN (SELECT id FROM chosen) AND facts.account IS NOT NULL
    AND kind IN ({messages}, {interactions}, {joined}, {left}){among}
  GROUP BY ALL),
spans AS MATERIALIZED (
  SELECT grp, person, sum(messages) AS messages, sum(interactions) AS interactions,
    sum(joins) AS joins, sum(leaves) AS leaves FROM acts GROUP BY grp, person),
people AS (
  SELECT person, sum(messages) AS messages, sum(interactions) AS interactions,
    sum(joins) AS joins, sum(leaves) AS leaves FROM spans GROUP BY person)
SELECT grp, day, {sums} FROM acts GROUP BY grp, day
UNION ALL SELECT grp, NULL, {sums} FROM spans GROUP BY grp
UNION ALL SELECT 0, NULL, {sums} FROM people
"""
SUMS = """
coalesce(sum(messages), 0)::BIGINT, coalesce(sum(interactions), 0)::BIGINT,
coalesce(sum(joins), 0)::BIGINT, coalesce(sum(leaves), 0)::BIGINT,
count(*) FILTER (messages + interactions > 0), count(*) FILTER (messages > 0),
count(*) FILTER (interactions > 0)
"""


@dataclass(frozen=True)
class GroupDays:
    """Column → numbers, by group and day, by group, and of all groups together.

    `by_day` has one number per day of the span.
    """

    by_day: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    by_group: dict[int, dict[str, int]] = field(default_factory=dict)
    together: dict[str, int] = field(default_factory=dict)


def load(
    *,
    community: Community,
    messages: Sequence[str],
    interactions: Sequence[str],
    groups: Sequence[int],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> GroupDays:
    """The numbers of `groups` on community days `first` to `last`.

    With `among`, only what these people did counts; staff accounts never count.

    The answer is cached until a fact of these days is added.
    """
    names = (messages, interactions, ["group.joined"], ["group.left"])
    ids = [[facts.find_kind(name) for name in kinds] for kinds in names]
    known = [[kind for kind in kinds if kind is not None] for kinds in ids]
    flat = [kind for kinds in known for kind in kinds]
    lists = [", ".join(map(str, kinds)) or "-1" for kinds in known]
    unique_groups = tuple(sorted(set(groups)))

    def read(snap: Snapshot) -> GroupDays:
        condition, tables = daily_totals.account_condition_in(
            snap, among, "facts.account"
        )
        sql = SELECT.format(
            messages=lists[0],
            interactions=lists[1],
            joined=lists[2],
            left=lists[3],
            among=condition,
            sums=SUMS,
        )
        pairs = snap.aliases.person_ids
        table = pa.table(
            {
                "account": pa.array(pairs.keys(), pa.int64()),
                "person": pa.array(pairs.values(), pa.int64()),
            }
        )
        params = daily_totals.day_params(community, first, last)
        chosen = pa.table({"id": pa.array(unique_groups, pa.int64())})
        rows = mirror.query(sql, params, aliases=table, chosen=chosen, **tables)
        return _arrange(rows, first, last)

    def look_up(snap: Snapshot) -> GroupDays:
        snap.load_revisions(())
        version = daily_totals.facts_version(snap, flat, first, last)
        name = ("group days", last - first, unique_groups, daily_totals.digest(among))
        return snap.memoize(name, version, lambda: read(snap))

    return snapshots.run(community, at, look_up)


def _arrange(rows: pa.Table, first: int, last: int) -> GroupDays:
    found = GroupDays(together=dict.fromkeys(COLUMNS, 0))
    for group, day, *numbers in zip(
        *(column.to_pylist() for column in rows.columns), strict=True
    ):
        named = dict(zip(COLUMNS, numbers, strict=True))
        if not group:
            found.together.update(named)
        elif day is None:
            found.by_group[group] = named
        else:
            empty = {column: [0] * (last - first + 1) for column in COLUMNS}
            by_day = found.by_day.setdefault(group, empty)
            for column, number in named.items():
                by_day[column][day - first] = number
    return found
