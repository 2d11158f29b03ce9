"""How many facts there are by hour of the day and by weekday, on the clock of a community.

A row of the week is a community day: if days begin at 04:00, what happens at 01:00 on a
Saturday belongs to Friday.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days
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

HOURS, WEEKDAYS = 24, 7
QUARTER = 900_000_000
"""Microseconds of a quarter of an hour: offsets of time zones are multiples of it."""
HOUR = 4 * QUARTER
SELECT = """
SELECT grp, happened_at // {quarter}, count(*) FROM facts
WHERE community = ? AND grp IS NOT NULL AND happened_at >= ? AND happened_at < ?
    AND kind IN ({kinds}){among}
GROUP BY ALL
"""
SELECT_WEEK = """
SELECT happened_at // {quarter}, count(*) FROM facts
WHERE community = ? AND account IS NOT NULL AND happened_at >= ? AND happened_at < ?
    AND kind IN ({kinds}){where}
GROUP BY ALL
"""


def count_by_weekday_and_hour(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    group: int | None = None,
    among: BitMap | None = None,
) -> NDArray[np.int64]:
    """Facts of people from community day `first` to `last`, shape (7, 24), from Monday.

    The columns are hours of the local clock from 0 to 23. With `group`, only what
    happened there counts; with `among`, only what these people did. Staff accounts never
    count. The answer is cached until a fact of these days is added.
    """
    ids = [kind for kind in map(facts.find_kind, kinds) if kind is not None]

    def count(snap: Snapshot) -> NDArray[np.int64]:
        condition, tables = daily_totals.account_condition_in(snap, among)
        if group is not None:
            condition += f" AND grp = {int(group)}"
        sql = SELECT_WEEK.format(
            quarter=QUARTER, kinds=", ".join(map(str, ids)) or "-1", where=condition
        )
        zone, start = community.timezone, community.day_start
        starts = [
            community_days.start_of(zone, start, day) for day in range(first, last + 2)
        ]
        rows = mirror.query(sql, [community.pk, starts[0], starts[-1]], **tables)
        quarters, counts = (
            column.to_numpy().astype(np.int64) for column in rows.columns
        )
        hours = _local_hours(zone, quarters, starts[0], starts[-1])
        days = first + np.searchsorted(starts, quarters * QUARTER, side="right") - 1
        week = np.zeros((WEEKDAYS, HOURS), dtype=np.int64)
        # Day 0 was a Thursday.
        np.add.at(week, ((days + 3) % WEEKDAYS, hours), counts)
        return week

    def look_up(snap: Snapshot) -> NDArray[np.int64]:
        snap.load_revisions(())
        version = daily_totals.facts_version(snap, ids, first, last)
        people = daily_totals.digest(among)
        name = ("week", tuple(ids), group, last - first, people)
        return snap.memoize(name, version, lambda: count(snap))

    return snapshots.run(community, at, look_up)


def count_by_hour(
    *,
    community: Community,
    kinds: Iterable[str],
    days: int,
    at: datetime,
    among: BitMap | None = None,
) -> dict[int, NDArray[np.int64]]:
    """Group → the facts of the last complete `days` by local hour, shape (24,).

    Those of staff accounts are left out; with `among`, only those of these people count.
    """
    today = community.day(at)
    zone, start = community.timezone, community.day_start
    begin, end = (
        community_days.start_of(zone, start, day) for day in (today - days, today)
    )
    ids = [kind for kind in map(facts.find_kind, kinds) if kind is not None]
    condition, tables = daily_totals.account_condition(community, among, at)
    sql = SELECT.format(
        quarter=QUARTER, kinds=", ".join(map(str, ids)) or "-1", among=condition
    )
    rows = mirror.query(sql, [community.pk, begin, end], **tables)
    groups, quarters, counts = (
        column.to_numpy().astype(np.int64) for column in rows.columns
    )
    hours = _local_hours(zone, quarters, begin, end)
    found: dict[int, NDArray[np.int64]] = {}
    for group in np.unique(groups).tolist():
        chosen = groups == group
        found[group] = np.bincount(
            hours[chosen], weights=counts[chosen], minlength=HOURS
        ).astype(np.int64)
    return found


def _local_hours(
    zone: str, quarters: NDArray[np.int64], begin: int, end: int
) -> NDArray[np.int64]:
    micros = quarters * QUARTER
    offsets = community_days.utc_offsets(zone, begin, end)
    since = np.array([moment for moment, _offset in offsets])
    values = np.array([offset for _moment, offset in offsets])
    chosen = np.clip(np.searchsorted(since, micros, side="right") - 1, 0, None)
    hours: NDArray[np.int64] = (micros + values[chosen]) // HOUR % HOURS
    return hours
