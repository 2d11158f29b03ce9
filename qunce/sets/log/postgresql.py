"""The log on PostgreSQL, where facts carry the number of their transaction.

A reader that goes by ids misses facts that commit late. A number is final once it is
below the xmin of the snapshot. See qunce/core/facts/database_objects.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import connection, transaction

from qunce.core import db
from qunce.core.facts import committed_facts
from qunce.sets.log import child, log_schema

if TYPE_CHECKING:
    import pyarrow as pa

COORDINATE = "xid"
MAX_ROWS_IN_PROCESS = 50_000
SELECT_FACTS = f"{log_schema.SELECT} WHERE xid > %s AND xid <= %s"
COUNT = """
SELECT count(*) FROM (
    SELECT 1 FROM core_fact WHERE xid > %s AND xid <= %s LIMIT %s) AS few
"""


def end() -> int:
    return committed_facts.last_position() - 1


def read(after: int, until: int) -> Iterator[pa.RecordBatch | pa.Table]:
    with transaction.atomic():
        # The statistics may not know of the new rows, so the planner would not take the
        # BRIN index by itself.
        db.execute("SET LOCAL enable_seqscan = off")
        # Few rows are read here, since starting a child takes longer than they do.
        count = db.rows(COUNT, [after, until, MAX_ROWS_IN_PROCESS + 1])[0][0]
        if count <= MAX_ROWS_IN_PROCESS:
            rows = db.rows(SELECT_FACTS, [after, until])
            return iter([log_schema.table_of_rows(rows)])
    # The child gets the parameters of Django's connection, in libpq's format.
    params = connection.get_connection_params()
    parts = []
    for name in ("dbname", "user", "password", "host", "port", "options", "sslmode"):
        if params.get(name):
            value = str(params[name]).replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"{name}='{value}'")
    return child.read("postgresql", " ".join(parts), after, until)


def fingerprint(until: int) -> str:
    del until
    return ""


def is_different_log(reached: int, last_fact: str) -> bool:
    """False, since here the lineage names the cluster and the database."""
    del reached, last_fact
    return False
