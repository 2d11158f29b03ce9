"""The log on SQLite: ids are assigned in the order of commits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import connection

from qunce.core import db
from qunce.sets.log import child, log_schema

if TYPE_CHECKING:
    import pyarrow as pa

COORDINATE = "id"
MAX_ROWS_IN_PROCESS = 50_000
"""Up to here Python's own sqlite3 is faster than starting a process."""
SELECT_HIGHEST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'core_fact'"
SELECT_FACTS = f"{log_schema.SELECT} WHERE id > %s AND id <= %s ORDER BY id"
SELECT_FINGERPRINT = (
    "SELECT id, community_id, kind_id, recorded_at FROM core_fact WHERE id = %s"
)
SELECT_NEWEST = "SELECT max(id) FROM core_fact WHERE id <= %s"


def end() -> int:
    # One writer at a time: no lower id can be committed after a higher one is visible.
    return int(db.rows("SELECT coalesce(max(id), 0) FROM core_fact")[0][0])


def read(after: int, until: int) -> Iterator[pa.RecordBatch | pa.Table]:
    # A child process would not see what this transaction has written.
    if until - after <= MAX_ROWS_IN_PROCESS or connection.in_atomic_block:
        return iter([log_schema.table_of_rows(db.rows(SELECT_FACTS, [after, until]))])
    return child.read("sqlite", str(connection.settings_dict["NAME"]), after, until)


def fingerprint(until: int) -> str:
    newest = db.rows(SELECT_NEWEST, [until])[0][0]
    return _fingerprint_of(newest) if newest else ""


def is_different_log(reached: int, last_fact: str) -> bool:
    """Whether the ids are too low or the newest derived fact has changed.

    A log can only grow, as an id is never used twice. If that fact is missing it was
    erased, which leaves the log the same.
    """
    highest = db.rows(SELECT_HIGHEST_ID)
    if reached > (highest[0][0] if highest else 0):
        return True
    # Nothing was derived yet, so there is nothing to contradict.
    if not last_fact:
        return False
    return _fingerprint_of(int(last_fact.split(":")[0])) not in ("", last_fact)


def _fingerprint_of(fact: int) -> str:
    rows = db.rows(SELECT_FINGERPRINT, [fact])
    return ":".join(map(str, rows[0])) if rows else ""
