"""The log on PostgreSQL: facts carry their transaction's number, see core/0002.

A naive reader that goes by ids skips what commits late; a number is settled once it
lies under the snapshot's xmin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import connection, transaction

from qunce.core import db
from qunce.core.facts import committed
from qunce.sets.log import child, schema

if TYPE_CHECKING:
    import pyarrow as pa

COORDINATE = "xid"
MAX_ROWS_IN_PROCESS = 50_000
READ = f"{schema.SELECT} WHERE xid > %s AND xid <= %s"
COUNT = """
SELECT count(*) FROM (
    SELECT 1 FROM core_fact WHERE xid > %s AND xid <= %s LIMIT %s) AS few
"""


def end() -> int:
    """The last settled number."""
    return committed.last_position() - 1


def count_after(after: int) -> int:
    return int(db.rows("SELECT count(*) FROM core_fact WHERE xid > %s", [after])[0][0])


def read(after: int, upto: int) -> Iterator[pa.RecordBatch | pa.Table]:
    """The BRIN index is named as the way: statistics may not know of the new rows."""
    with transaction.atomic():
        db.execute("SET LOCAL enable_seqscan = off")
        few = (
            db.rows(COUNT, [after, upto, MAX_ROWS_IN_PROCESS + 1])[0][0]
            <= MAX_ROWS_IN_PROCESS
        )
        if few:
            return iter([schema.table_of_rows(db.rows(READ, [after, upto]))])
    return child.read("postgresql", _connection_string(), after, upto)


def _connection_string() -> str:
    """libpq's words for this very database."""
    params = connection.get_connection_params()
    words = ("dbname", "user", "password", "host", "port", "options", "sslmode")
    kept = {name: params[name] for name in words if params.get(name)}
    return " ".join(f"{name}='{_escape(str(kept[name]))}'" for name in kept)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def fingerprint(upto: int) -> str:
    del upto
    return ""


def is_different_log(reached: int, last: str) -> bool:
    """The lineage knows: it names the cluster and the database."""
    del reached, last
    return False
