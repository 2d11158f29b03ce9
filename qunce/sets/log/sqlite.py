"""The log on SQLite: ids are given in the order of commits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import connection

from qunce.core import db
from qunce.sets.log import child, columns

if TYPE_CHECKING:
    import pyarrow as pa

FEW = 50_000
"""Up to here Python's own sqlite3 is quicker than starting a process."""
HIGHEST = "SELECT seq FROM sqlite_sequence WHERE name = 'core_fact'"
READ = f"{columns.SELECT} WHERE id > %s AND id <= %s ORDER BY id"
NEWEST = """
SELECT id, community_id, kind_id, recorded_at FROM core_fact
WHERE id <= %s ORDER BY id DESC LIMIT 1
"""


def end() -> int:
    return int(db.rows("SELECT coalesce(max(id), 0) FROM core_fact")[0][0])


def waiting(after: int) -> int:
    return int(db.rows("SELECT count(*) FROM core_fact WHERE id > %s", [after])[0][0])


def read(after: int, upto: int) -> Iterator[pa.RecordBatch | pa.Table]:
    if upto - after <= FEW or connection.in_atomic_block:
        return iter([columns.of_rows(db.rows(READ, [after, upto]))])
    return child.read("sqlite", str(connection.settings_dict["NAME"]), after, upto)


def mark(upto: int) -> str:
    found = db.rows(NEWEST, [upto])
    return ":".join(map(str, found[0])) if found else ""


def is_another(reached: int, last: str) -> bool:
    """A log can only have grown: ids are never given twice."""
    highest = db.rows(HIGHEST)
    return reached > (highest[0][0] if highest else 0) or mark(reached) != last
