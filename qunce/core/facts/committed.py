"""Which facts are settled: no commit still to come can put one before them.

On SQLite one writer at a time makes the id the commit order: a position is an id, and
all up to it are done. On PostgreSQL a low id may commit late, so a fact carries its
transaction's id, and a position is a transaction id below which all have ended: a fact
is taken once its transaction lies under the snapshot's xmin.
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
    """Facts of the wanted kinds from one position to the next.

    `size` counts those of any kind; with 0 there is nothing new, though `upto` may have
    moved on PostgreSQL, where transactions without facts take numbers too.
    """

    upto: int
    size: int
    facts: Sequence[RecordedFact]


def read(*, after: int, most: int, kinds: Mapping[int, str]) -> CommittedFacts:
    """A stretch of about `most` settled facts of any kind, those of `kinds` in it."""
    end = last_position()  # before the snapshot, which holds all below it all the more
    with db.snapshot():
        upto, size, where = _stretch(after, most, end)
        found = _select(where, [after, upto], kinds) if kinds and size else []
    return CommittedFacts(upto, size, found)


def _stretch(after: int, most: int, end: int) -> tuple[int, int, str]:
    if db.is_postgresql():
        found = _upto_on_postgresql(after, most, max(end, after))
        return *found, "xid >= %s AND xid < %s"
    upto = min(max(end, after), after + most)
    return upto, upto - after, "id > %s AND id <= %s"


def find(fact_id: int) -> list[RecordedFact]:
    kind = db.rows("SELECT kind_id FROM core_fact WHERE id = %s", [fact_id])
    names = {row[0]: _kind(row[0]) for row in kind}
    return _select("id = %s", [fact_id], names) if names else []


def _kind(kind_id: int) -> str:
    return str(
        db.rows("SELECT name FROM core_interned_name WHERE id = %s", [kind_id])[0][0]
    )


LAST = "SELECT MAX(id) FROM core_fact"
HORIZON = """
SELECT qunce_horizon(),
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint + qunce_bias()
"""
LOOKS = 4
PAUSE = 0.003


def last_position() -> int:
    """The last id; on PostgreSQL the number below which every transaction has ended.

    There, one that ended between the snapshot and the look at who it was counts as a
    writer; a moment later it does not, so look again before leaving facts behind.
    """
    if not db.is_postgresql():
        return int(db.rows(LAST)[0][0] or 0)
    for _look in range(LOOKS):
        ended, newest = db.rows(HORIZON)[0]
        if ended == newest:
            break
        time.sleep(PAUSE)
    return int(ended)


WINDOW = """
SELECT COUNT(*) FROM (
    SELECT 1 FROM core_fact WHERE xid >= %s AND xid < %s LIMIT %s
) AS counted
"""


def _upto_on_postgresql(after: int, most: int, end: int) -> tuple[int, int]:
    """Widen the window of transactions until it holds `most` facts.

    Sorting all that is left to find the place would be read again for every batch; the
    BRIN index finds a narrow window at once.
    """
    width, size = 1, 0
    start = good = after
    while good < end and size <= most:
        upto = min(start + width, end)
        held = db.rows(WINDOW, [start, upto, most + 1])[0][0]
        if held <= most or upto == start + 1:
            # One transaction alone may hold more: it cannot be taken in parts.
            good, size, width = upto, held, width * 2
        elif size:
            break
        else:  # nothing up to here, too much beyond: look closer
            start, width = good, 1
    return good, size


def _select(
    where: str, params: Sequence[Any], kinds: Mapping[int, str]
) -> list[RecordedFact]:
    rows = db.rows(
        f"SELECT {COLUMNS} FROM core_fact WHERE {where}"  # noqa: S608 - our own words
        f" AND kind_id IN ({db.placeholders(len(kinds))}) ORDER BY id",
        [*params, *kinds],
    )
    return [
        RecordedFact.from_row(row[:-1], community=row[-1], kinds=kinds) for row in rows
    ]


@dataclass(frozen=True)
class AffectedAccounts:
    """Accounts, by community, that facts of some kinds are about; see `Stretch`."""

    upto: int
    size: int
    accounts: Mapping[int, Sequence[int]]


def read_accounts(*, after: int, most: int, kinds: Iterable[int]) -> AffectedAccounts:
    """Like `read`, but only whom it concerns: for those who look at the rows anew."""
    wanted, end = list(kinds), last_position()
    with db.snapshot():
        upto, size, where = _stretch(after, most, end)
        found: dict[int, list[int]] = {}
        if size and wanted:
            for community, account in db.rows(
                "SELECT DISTINCT community_id, account_id FROM core_fact"  # noqa: S608
                f" WHERE {where} AND kind_id IN ({db.placeholders(len(wanted))})"
                " AND account_id IS NOT NULL ORDER BY account_id",
                [after, upto, *wanted],
            ):
                found.setdefault(community, []).append(account)
    return AffectedAccounts(upto, size, found)
