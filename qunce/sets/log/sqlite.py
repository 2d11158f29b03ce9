"""The log on SQLite: ids are given in the order of commits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import connection

from qunce.core import db
from qunce.sets.log import child, schema

if TYPE_CHECKING:
    import pyarrow as pa

COORDINATE = "id"
MAX_ROWS_IN_PROCESS = 50_000
"""Up to here Python's own sqlite3 is quicker than starting a process."""
SELECT_HIGHEST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'core_fact'"
READ = f"{schema.SELECT} WHERE id > %s AND id <= %s ORDER BY id"
SELECT_FINGERPRINT = (
    "SELECT id, community_id, kind_id, recorded_at FROM core_fact WHERE id = %s"
)
SELECT_NEWEST = "SELECT max(id) FROM core_fact WHERE id <= %s"


def end() -> int:
    return int(db.rows("SELECT coalesce(max(id), 0) FROM core_fact")[0][0])


def count_after(after: int) -> int:
    return int(db.rows("SELECT count(*) FROM core_fact WHERE id > %s", [after])[0][0])


def read(after: int, upto: int) -> Iterator[pa.RecordBatch | pa.Table]:
    if upto - after <= MAX_ROWS_IN_PROCESS or connection.in_atomic_block:
        return iter([schema.table_of_rows(db.rows(READ, [after, upto]))])
    return child.read("sqlite", str(connection.settings_dict["NAME"]), after, upto)


def fingerprint(upto: int) -> str:
    newest = db.rows(SELECT_NEWEST, [upto])[0][0]
    return _fingerprint_of(newest) if newest else ""


def is_different_log(reached: int, last: str) -> bool:
    """A log can only have grown: ids are never given twice.

    Where the newest derived fact is no more, it was erased; that is the same log.
    """
    highest = db.rows(SELECT_HIGHEST_ID)
    if reached > (highest[0][0] if highest else 0):
        return True
    return bool(last) and _fingerprint_of(int(last.split(":")[0])) not in ("", last)


def _fingerprint_of(fact: int) -> str:
    found = db.rows(SELECT_FINGERPRINT, [fact])
    return ":".join(map(str, found[0])) if found else ""
