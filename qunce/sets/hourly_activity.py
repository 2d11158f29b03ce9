"""How many facts there are in each group by hour of the day, on the clock of a community."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days
from qunce.core.facts import facts
from qunce.sets import daily_totals
from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community

HOURS = 24
QUARTER = 900_000_000
"""Microseconds of a quarter of an hour: offsets of time zones are multiples of it."""
HOUR = 4 * QUARTER
SELECT = """
SELECT grp, happened_at // {quarter}, count(*) FROM facts
WHERE community = ? AND grp IS NOT NULL AND happened_at >= ? AND happened_at < ?
    AND kind IN ({kinds}){among}
GROUP BY ALL
"""


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
