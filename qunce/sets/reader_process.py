"""The child process of `log.child`: writes facts to standard output as an Arrow stream.

    QUNCE_LOG=… python -m qunce.sets.reader_process sqlite|postgresql AFTER UNTIL

It opens the log read-only, and nothing else.
"""

# This module stays outside `qunce.sets.log`: to run a module of a package is to import the
# package first, and that one loads Django, which the child must not do.

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pyarrow as pa

ROWS_PER_BATCH = 65_536
COLUMNS = (
    "id, community_id, kind_id, account_id, group_id, happened_at, recorded_at,"
    " actor_id, source_id, payload"
)
TYPE_ROW = "SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, '' UNION ALL "
"""Goes first where the driver takes a column's type from the first rows."""


def main() -> None:
    database, after, until = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    read = {"sqlite": _read_sqlite, "postgresql": _read_postgresql}[database]
    out = os.fdopen(sys.stdout.fileno(), "wb", buffering=1_048_576)
    writer = None
    for batch in read(os.environ["QUNCE_LOG"], after, until):
        # The driver's schema is known only with the first batch.
        writer = writer or pa.ipc.new_stream(out, batch.schema)
        writer.write_batch(batch)
    if writer is None:
        # A stream needs a schema even if there is no fact.
        *numbers, text = COLUMNS.split(", ")
        fields = [*((name, pa.int64()) for name in numbers), (text, pa.string())]
        writer = pa.ipc.new_stream(out, pa.schema(fields))
    writer.close()
    out.flush()


def _read_sqlite(path: str, after: int, until: int) -> Iterator[pa.RecordBatch]:
    from adbc_driver_sqlite import dbapi

    facts = f"SELECT {COLUMNS} FROM core_fact WHERE id > {after} AND id <= {until}"  # noqa: S608
    with (
        dbapi.connect(f"file:{quote(path)}?mode=ro") as connection,
        connection.cursor() as cursor,
    ):
        cursor.adbc_statement.set_options(
            **{"adbc.sqlite.query.batch_rows": str(ROWS_PER_BATCH)}
        )
        cursor.execute(TYPE_ROW + facts)
        # The first row only gave the types.
        skip = 1
        for batch in cursor.fetch_record_batch():
            yield batch.slice(skip)
            skip = 0


def _read_postgresql(
    connection_string: str, after: int, until: int
) -> Iterator[pa.RecordBatch]:
    # Half of the work of psycopg and a CSV from COPY.
    from adbc_driver_postgresql import dbapi

    facts = f"SELECT {COLUMNS} FROM core_fact WHERE xid > {after} AND xid <= {until}"  # noqa: S608
    with dbapi.connect(connection_string) as connection, connection.cursor() as cursor:
        cursor.execute(facts)
        yield from cursor.fetch_record_batch()


if __name__ == "__main__":
    main()
