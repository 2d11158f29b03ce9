"""Reads facts up to the point before which no transaction can add one any more.

On SQLite one transaction writes at a time, so ids are in commit order and a position is
an id. On PostgreSQL a low id may be committed late. There each fact has the id of its
transaction, a position is a transaction id below which every transaction has ended, and
a fact is read once its transaction is below that position.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qunce.core import db
from qunce.core.facts.facts import RecordedFact

COLUMNS = (
    "id, kind_id, account_id, group_id, happened_at, recorded_at, actor_id, source_id,"
    " payload, community_id"
)


@dataclass(frozen=True)
class CommittedFacts:
    """Facts of the requested kinds between two positions, ordered by id.

    `size` counts facts of every kind. If it is 0 there is nothing new, though `until` may
    have moved on PostgreSQL, where transactions without facts use up numbers too.
    """

    until: int
    size: int
    facts: Sequence[RecordedFact]


@dataclass(frozen=True)
class AffectedAccounts:
    """Accounts, by community, that facts between two positions are about."""

    until: int
    size: int
    accounts: Mapping[int, Sequence[int]]


def read(*, after: int, limit: int, kinds: Iterable[str]) -> CommittedFacts:
    """About `limit` facts of any kind after a position, and of those the given `kinds`."""
    # The end is read before the snapshot, which can only contain more. The ids of kinds
    # are read inside: outside, a kind that is first recorded meanwhile would be skipped.
    end = last_position()
    with db.snapshot():
        until, size, where = _range(after, limit, end)
        names = _names_by_id(kinds) if size else {}
        rows = _select(where, [after, until], names) if names else []
    return CommittedFacts(until, size, rows)


def read_accounts(*, after: int, limit: int, kinds: Iterable[str]) -> AffectedAccounts:
    """Like `read`, but only the accounts, for consumers that read the rows themselves."""
    end = last_position()
    # Distinct in SQL: an import has hundreds of facts of one account, of which one is
    # enough.
    accounts: dict[int, list[int]] = {}
    with db.snapshot():
        until, size, where = _range(after, limit, end)
        ids = _names_by_id(kinds) if size else {}
        if ids:
            for community, account in db.rows(
                "SELECT DISTINCT community_id, account_id FROM core_fact"  # noqa: S608
                f" WHERE {where} AND kind_id IN ({db.placeholders(len(ids))})"
                " AND account_id IS NOT NULL ORDER BY account_id",
                [after, until, *ids],
            ):
                accounts.setdefault(community, []).append(account)
    return AffectedAccounts(until, size, accounts)


def list_after(
    *, after: int, kinds: Iterable[str], community_id: int
) -> list[RecordedFact]:
    """All facts of these kinds after a position that the open transaction sees.

    Unlike `read`, this includes facts whose transactions ended a moment ago, for a reader
    that must not miss one and does not mind to see it again.
    """
    names = _names_by_id(kinds)
    if not names:
        return []
    after_position = "xid >= %s" if db.is_postgresql() else "id > %s"
    where = f"{after_position} AND community_id = %s"
    return _select(where, [after, community_id], names)


SELECT_KIND = """
SELECT fact.kind_id, kind.name FROM core_fact fact
JOIN core_interned_name kind ON kind.id = fact.kind_id WHERE fact.id = %s
"""


def find(fact_id: int) -> RecordedFact | None:
    kinds = dict(db.rows(SELECT_KIND, [fact_id]))
    facts = _select("id = %s", [fact_id], kinds) if kinds else []
    return facts[0] if facts else None


SELECT_LAST_ID = "SELECT MAX(id) FROM core_fact"
SELECT_HORIZON = """
SELECT qunce_horizon(),
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint + qunce_bias()
"""
MAX_LOOKS = 4
SECONDS_BETWEEN_LOOKS = 0.003


def last_position() -> int:
    """The position up to which every fact is committed.

    On SQLite this is the last id, on PostgreSQL the number below which every transaction
    has ended.
    """
    if not db.is_postgresql():
        return int(db.rows(SELECT_LAST_ID)[0][0] or 0)
    # A transaction that ends between the snapshot and the look into pg_stat_activity
    # counts as a writer, though it is over. A moment later it does not, so that looking
    # again saves the consumer from leaving facts for its next round.
    for _look in range(MAX_LOOKS):
        ended, newest = db.rows(SELECT_HORIZON)[0]
        if ended == newest:
            break
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return int(ended)


def _range(after: int, limit: int, end: int) -> tuple[int, int, str]:
    """The position to read until, the number of facts up to it, and a WHERE for both."""
    if db.is_postgresql():
        until, size = _until_on_postgresql(after, limit, max(end, after))
        return until, size, "xid >= %s AND xid < %s"
    # Ids have gaps where facts were erased, so `size` may be a little more than there
    # are facts. That costs nothing.
    until = min(max(end, after), after + limit)
    return until, until - after, "id > %s AND id <= %s"


COUNT_FACTS = """
SELECT COUNT(*) FROM (
    SELECT 1 FROM core_fact WHERE xid >= %s AND xid < %s LIMIT %s
) AS counted
"""


def _until_on_postgresql(after: int, limit: int, end: int) -> tuple[int, int]:
    """Widen the window of transactions until it holds `limit` facts.

    Sorting all remaining facts to find the position would read them again for every
    batch; the BRIN index finds a narrow window immediately.
    """
    width, size = 1, 0
    start = good = after
    while good < end and size <= limit:
        until = min(start + width, end)
        count = db.rows(COUNT_FACTS, [start, until, limit + 1])[0][0]
        if count <= limit or until == start + 1:
            # One transaction may hold more than `limit`: it cannot be read in parts.
            good, size, width = until, count, width * 2
        elif size:
            break
        else:
            # There is nothing up to here and too much beyond, so narrow the window.
            start, width = good, 1
    return good, size


def _names_by_id(kinds: Iterable[str]) -> dict[int, str]:
    """Those of `kinds` that have been recorded, by id."""
    names = list(kinds)
    return dict(
        db.rows(
            "SELECT id, name FROM core_interned_name"  # noqa: S608 - placeholders only
            " WHERE namespace = 'kind' AND community_id = 0"
            f" AND name IN ({db.placeholders(len(names))})",
            names,
        )
        if names
        else ()
    )


def _select(
    where: str, params: Sequence[Any], kinds: Mapping[int, str]
) -> list[RecordedFact]:
    rows = db.rows(
        f"SELECT {COLUMNS} FROM core_fact WHERE {where}"  # noqa: S608 - constants
        f" AND kind_id IN ({db.placeholders(len(kinds))}) ORDER BY id",
        [*params, *kinds],
    )
    return [
        RecordedFact.from_row(row[:-1], community=row[-1], kinds=kinds) for row in rows
    ]
