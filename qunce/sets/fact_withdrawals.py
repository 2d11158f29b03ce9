"""Withdrawal of facts: finds them in the log, and removes them from what is derived."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from qunce.core import timestamps
from qunce.core.facts import facts, withdrawals
from qunce.sets import log

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community

withdraw = withdrawals.withdraw

Search = tuple[str, int | None, set[int]]
"""Key of an order, the account of its facts, and the microseconds when they happened."""
FoundIds = dict[tuple[str, int | None, int], set[int]]
"""Ids of facts by the key of the order, the account and the moment."""

SELECT_MIRRORED = """
SELECT id, searched.key, searched.owner, searched.moment
FROM facts JOIN searched ON happened_at = searched.moment
    AND account IS NOT DISTINCT FROM searched.owner
    AND payload ->> '$.order' = searched.key
WHERE community = ? AND kind IN ({kinds})
    AND happened_at BETWEEN ? AND ? AND amount IS NOT NULL
"""


SELECT_RECORDED = """
SELECT id, account, grp FROM facts SEMI JOIN searched USING (account)
WHERE community = ? AND recorded_at = ? AND kind IN ({kinds})
"""


def find_recorded(
    community: Community,
    kinds: Iterable[str],
    accounts: Sequence[int],
    recorded_at: datetime,
) -> dict[tuple[int, int | None], set[int]]:
    """Return the ids of the facts of these accounts that were recorded at a moment.

    By account and group, derived or not. It reads the mirror, like `find`.
    """
    import pyarrow as pa

    from qunce.sets.mirror import mirror

    kind_ids = [number for kind in kinds if (number := facts.find_kind(kind))]
    ids: dict[tuple[int, int | None], set[int]] = {}
    if not accounts or not kind_ids:
        return ids
    moment = timestamps.to_micros(recorded_at)
    position = mirror.position()
    found = mirror.query(
        SELECT_RECORDED.format(kinds=", ".join(map(str, kind_ids))),
        [community.pk, moment],
        searched=pa.table({"account": pa.array(sorted(set(accounts)), pa.int64())}),
    )
    for fact_id, *place in zip(*(c.to_pylist() for c in found.columns), strict=True):
        ids.setdefault(tuple(place), set()).add(fact_id)
    for fact_id, kind, account, group, _happened, recorded, *_rest in log.list_after(
        position.reached, community.pk, accounts
    ):
        if kind in kind_ids and recorded == moment:
            ids.setdefault((account, group), set()).add(fact_id)
    return ids


def find_ids(
    community: Community, kinds: Iterable[str], orders: Sequence[Search]
) -> list[int]:
    """Return the ids of the facts of these orders, derived or not, in order."""
    found = find(community, kinds, orders)
    return sorted(set().union(*found.values()))


def find(
    community: Community, kinds: Iterable[str], orders: Sequence[Search]
) -> FoundIds:
    """Return the ids of the facts of each of these orders, derived or not.

    It reads the mirror, so for many orders call it before the transaction.
    """
    # Loads Arrow and DuckDB, which most verbs do not need.
    import pyarrow as pa

    from qunce.sets.mirror import mirror

    kind_ids = [number for kind in kinds if (number := facts.find_kind(kind))]
    wanted = {
        (key, account, moment) for key, account, found in orders for moment in found
    }
    ids: FoundIds = {}
    if not wanted or not kind_ids:
        return ids
    moments = [moment for _key, _account, moment in wanted]
    # The position is read first, so that a fact derived in between is in both.
    position = mirror.position()
    keys, owners, times = zip(*wanted, strict=True)
    table = pa.table(
        {
            "key": pa.array(keys, pa.string()),
            "owner": pa.array(owners, pa.int64()),
            "moment": pa.array(times, pa.int64()),
        }
    )
    found = mirror.query(
        SELECT_MIRRORED.format(kinds=", ".join(map(str, kind_ids))),
        [community.pk, min(moments), max(moments)],
        searched=table,
    )
    for fact_id, *place in zip(*(c.to_pylist() for c in found.columns), strict=True):
        ids.setdefault(tuple(place), set()).add(fact_id)
    for fact_id, account, happened_at, payload in log.list_kinds_after(
        position.reached, community.pk, kind_ids
    ):
        place_of_fact = (facts.load(payload).get("order"), account, happened_at)
        if place_of_fact in wanted:
            ids.setdefault(place_of_fact, set()).add(fact_id)
    return ids
