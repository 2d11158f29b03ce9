"""Totals of facts of many parts of a community at once, such as of everyone's members.

A part is a set of people. One scan of the facts counts all parts, as nobody is in two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from qunce.core.facts import facts
from qunce.sets import amounts, daily_totals
from qunce.sets.bitmaps import bitmaps
from qunce.sets.mirror import mirror
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

# By day, as foreign money is rounded once per day, like in `daily_totals.sum_by_day`.
SELECT = """
SELECT part, count(*), {total}
FROM facts JOIN parts ON facts.account = parts.account
    JOIN (SELECT unnest(?) AS day, unnest(?) AS begin_at, unnest(?) AS end_at) d
    ON happened_at >= d.begin_at AND happened_at < d.end_at
WHERE community = ? AND happened_at >= ? AND happened_at < ? AND kind IN ({kinds})
GROUP BY part, d.day
"""


@dataclass(frozen=True)
class PartTotal:
    """How many facts, and the sum of their amounts in the community's currency."""

    count: int = 0
    amount: int = 0

    def __add__(self, other: PartTotal) -> PartTotal:
        return PartTotal(self.count + other.count, self.amount + other.amount)


def sum_by_part(
    *,
    community: Community,
    kinds: Sequence[str],
    parts: Mapping[int, BitMap],
    first: int,
    last: int,
    at: datetime,
) -> dict[int, PartTotal]:
    """Part → the facts of its people from community day `first` to `last`.

    Nobody may be in two parts. Staff accounts never count.
    """
    ids = [kind for kind in map(facts.find_kind, kinds) if kind is not None]
    totals = dict.fromkeys(parts, PartTotal())
    if not ids or not parts:
        return totals

    def list_accounts(snap: Snapshot) -> pa.Table:
        snap.load_revisions(())
        return _accounts_of(snap, parts)

    rows = mirror.query(
        SELECT.format(total=amounts.total(community), kinds=", ".join(map(str, ids))),
        daily_totals.day_params(community, first, last),
        parts=snapshots.run(community, at, list_accounts),
    )
    for part, count, amount in zip(*(c.to_pylist() for c in rows.columns), strict=True):
        totals[part] += PartTotal(count, amount)
    return totals


def _accounts_of(snap: Snapshot, parts: Mapping[int, BitMap]) -> pa.Table:
    """Every account of the people of the parts, the first and those merged into it."""
    people = {part: own - snap.uncounted for part, own in parts.items()}
    merged = [
        (account, part)
        for account, person in snap.aliases.person_ids.items()
        for part, own in people.items()
        if person in own
    ]
    accounts = [bitmaps.array_of(own).astype(np.int64) for own in people.values()]
    accounts.append(np.array([account for account, _part in merged], dtype=np.int64))
    keys = [np.full(len(own), part) for part, own in people.items()]
    keys.append(np.array([part for _account, part in merged], dtype=np.int64))
    return pa.table({"account": np.concatenate(accounts), "part": np.concatenate(keys)})
