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
FEW = 50_000
"""Up to here Python's own sqlite3 is quicker than starting a process."""
HIGHEST = "SELECT seq FROM sqlite_sequence WHERE name = 'core_fact'"
READ = f"{schema.SELECT} WHERE id > %s AND id <= %s ORDER BY id"
LOOK = "SELECT id, community_id, kind_id, recorded_at FROM core_fact WHERE id = %s"
NEWEST = "SELECT max(id) FROM core_fact WHERE id <= %s"


def end() -> int:
    return int(db.rows("SELECT coalesce(max(id), 0) FROM core_fact")[0][0])


def waiting(after: int) -> int:
    return int(db.rows("SELECT count(*) FROM core_fact WHERE id > %s", [after])[0][0])


def read(after: int, upto: int) -> Iterator[pa.RecordBatch | pa.Table]:
    if upto - after <= FEW or connection.in_atomic_block:
        return iter([schema.of_rows(db.rows(READ, [after, upto]))])
    return child.read("sqlite", str(connection.settings_dict["NAME"]), after, upto)


def mark(upto: int) -> str:
    newest = db.rows(NEWEST, [upto])[0][0]
    return _look(newest) if newest else ""


def is_another(reached: int, last: str) -> bool:
    """A log can only have grown: ids are never given twice.

    Where the newest derived fact is no more, it was erased; that is the same log.
    """
    highest = db.rows(HIGHEST)
    if reached > (highest[0][0] if highest else 0):
        return True
    return bool(last) and _look(int(last.split(":")[0])) not in ("", last)


def _look(fact: int) -> str:
    found = db.rows(LOOK, [fact])
    return ":".join(map(str, found[0])) if found else ""
