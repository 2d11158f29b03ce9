"""Facts added up by community day: the ground of every number in a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from qunce.core import community_days
from qunce.core.facts import facts
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import mirror
from qunce.sets.rules import base, snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

NO_ID = 0
"""Stands for the person, or the group, of a fact that names none."""


@dataclass(frozen=True)
class DailyTotals:
    """Parallel arrays, shape (n,): a person may come twice on a day, once an account.

    `times` are facts, `amounts` the sum of their payloads' `amount`, in whatever unit
    that is given.
    """

    days: NDArray[np.int64]
    groups: NDArray[np.int64]
    people: NDArray[np.int64]
    times: NDArray[np.int64]
    amounts: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> DailyTotals:
        return DailyTotals(
            self.days[chosen],
            self.groups[chosen],
            self.people[chosen],
            self.times[chosen],
            self.amounts[chosen],
        )


@dataclass(frozen=True)
class DaySums:
    """A number for each day of a span: facts, and what their amounts add up to."""

    times: list[int]
    amounts: list[int]


TOTALS = """
SELECT d.day, coalesce(grp, 0), coalesce(account, 0), count(*),
       CAST(coalesce(sum(amount), 0) AS BIGINT)
FROM facts JOIN (SELECT unnest(?) AS day, unnest(?) AS begin_at, unnest(?) AS end_at) d
  ON happened_at >= d.begin_at AND happened_at < d.end_at
WHERE community = ? AND happened_at >= ? AND happened_at < ? AND kind IN
"""


def load(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
) -> DailyTotals:
    """Facts of some kinds from community day `first` to `last`, both included."""
    numbers = _kind_list(kinds)
    spans = list(range(first, last + 1))
    zone, start = community.timezone, community.day_start
    begins = [community_days.begin(zone, start, day) for day in range(first, last + 2)]
    found = mirror.query(
        f"{TOTALS} ({numbers}) GROUP BY ALL",
        [spans, begins[:-1], begins[1:], community.pk, begins[0], begins[-1]],
    )
    columns = [column.to_numpy().astype(np.int64) for column in found.columns]
    with snapshots.open_snapshot(community, at) as snap:
        snap.load_revisions(())
        columns[2] = snap.aliases.map_array(columns[2])
    return DailyTotals(*columns)


def _kind_list(kinds: Iterable[str]) -> str:
    wanted = [facts.find_kind(kind) for kind in kinds]
    return ", ".join(str(kind) for kind in wanted if kind is not None) or "-1"


DAY_SUMS = """
SELECT d.day, count(*), CAST(coalesce(sum(amount), 0) AS BIGINT)
FROM facts JOIN (SELECT unnest(?) AS day, unnest(?) AS begin_at, unnest(?) AS end_at) d
  ON happened_at >= d.begin_at AND happened_at < d.end_at
WHERE community = ? AND happened_at >= ? AND happened_at < ? AND kind IN
"""


def sum_by_day(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: bytes | None = None,
) -> DaySums:
    """Facts of some kinds by day; `among` is a frozen audience whose facts count alone."""
    zone, start = community.timezone, community.day_start
    begins = [community_days.begin(zone, start, day) for day in range(first, last + 2)]
    asked = f"{DAY_SUMS} ({_kind_list(kinds)})"
    tables = {}
    if among is not None:
        accounts = _account_ids(community, bitmaps.from_bytes(among), at)
        tables["among"] = pa.table({"account": bitmaps.array_of(accounts)})
        asked += " AND account IN (SELECT account FROM among)"
    spans = [list(range(first, last + 1)), begins[:-1], begins[1:]]
    asked_of = [*spans, community.pk, begins[0], begins[-1]]
    found = mirror.query(f"{asked} GROUP BY ALL", asked_of, **tables)
    told = {day: rest for day, *rest in zip(*_lists(found), strict=True)}
    by_day = [told.get(day, (0, 0)) for day in range(first, last + 1)]
    return DaySums([times for times, _ in by_day], [amount for _, amount in by_day])


def _lists(found: pa.Table) -> list[list[int]]:
    return [column.to_pylist() for column in found.columns]


def _account_ids(community: Community, people: BitMap, at: datetime) -> BitMap:
    """The people's accounts: the first and every one merged into it."""
    with snapshots.open_snapshot(community, at) as snap:
        snap.load_revisions(())
        known = snap.aliases
        tails = [tail for tail, head in known.person_ids.items() if head in people]
        return people | bitmaps.of(tails)


def count_people_by_day(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: bytes | None = None,
) -> list[int]:
    """How many people did one of these on each day; from stacks, so it costs no scan."""
    wanted = [found for kind in kinds if (found := facts.find_kind(kind))]
    chosen = None if among is None else bitmaps.from_bytes(among)
    while True:
        try:
            with snapshots.open_snapshot(community, at) as snap:
                snap.load_revisions(())
                return _people(snap, wanted, range(first, last + 1), chosen)
        except snapshots.Stale:
            continue


def _people(
    snap: Snapshot, kinds: Iterable[int], span: range, chosen: BitMap | None
) -> list[int]:
    did: dict[int, list[BitMap]] = {day: [] for day in span}
    for kind in kinds:
        changed = snap.changed_days(kind, span.start, span.stop - 1)
        for day, stack in snap.day_counters(kind, changed):
            did[day].append(stack.nonzero())
    seen = snap.everyone(with_left=True) if chosen is None else chosen
    return [
        snap.people(bitmaps.union(some)).intersection_cardinality(seen)
        for some in did.values()
    ]


def get_group_id(community: Community, key: str) -> int:
    """Of the group with this key; an unknown one is refused by name."""
    return base.resolve_key("group", key, base.RulePath(community))


def weights_by_person(
    *, community: Community, kind: str, ref: int, at: datetime
) -> dict[int, int]:
    """Person → weight in a set of marks now, added over their accounts."""
    with snapshots.open_snapshot(community, at) as snap:
        snap.load_revisions([(kind, ref)])
        stack = snap.by_person(snap.marks(kind, ref))
        return stack.counts(stack.nonzero())
