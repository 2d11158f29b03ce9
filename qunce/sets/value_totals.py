"""Totals of facts by the values of a list in their payloads, such as product categories.

A fact with two values counts for both, and one without any for none, so the totals of the
values do not add up to that of all facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qunce.core.facts import facts
from qunce.sets import amounts, daily_totals
from qunce.sets.daily_totals import DaySums
from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community

SELECT = """
WITH found AS (
  SELECT d.day AS day, amount, currency, paid_at, happened_at,
    unnest(list_distinct(try(json_extract_string(payload, ?)))) AS value
  {join} ({kinds}) AND payload IS NOT NULL{where})
SELECT value, day, count(*), {total} FROM found WHERE value IS NOT NULL GROUP BY value, day
"""


def sum_by_value(
    *,
    community: Community,
    kinds: Sequence[str],
    field: str,
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
    limit: int,
) -> dict[str, DaySums]:
    """Value of a list in the payload → its facts by day, for the `limit` most frequent.

    With `among`, only facts of these people count; those of staff accounts never do.
    """
    ids = [kind for kind in map(facts.find_kind, kinds) if kind is not None]
    where, tables = daily_totals.account_condition(community, among, at)
    rows = mirror.query(
        SELECT.format(
            join=daily_totals.JOIN_DAYS,
            kinds=", ".join(map(str, ids)) or "-1",
            where=where,
            total=amounts.total(community),
        ),
        [f"$.{field}[*]", *daily_totals.day_params(community, first, last)],
        **tables,
    )
    size = last - first + 1
    counts: dict[str, NDArray[np.int64]] = {}
    sums: dict[str, NDArray[np.int64]] = {}
    for value, day, count, amount in zip(
        *(column.to_pylist() for column in rows.columns), strict=True
    ):
        for numbers, number in ((counts, count), (sums, amount)):
            own = numbers.setdefault(value, np.zeros(size, dtype=np.int64))
            own[day - first] = number
    ranked = sorted(counts, key=lambda value: (-int(counts[value].sum()), value))
    return {
        value: DaySums(counts[value].tolist(), sums[value].tolist())
        for value in ranked[:limit]
    }
