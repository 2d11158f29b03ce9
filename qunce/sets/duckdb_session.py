"""DuckDB: the one set-up of its databases, and queries over Arrow tables.

A process has one in-memory database, and each thread a cursor of it. The databases
attach nothing and download nothing; they see Arrow tables and files.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb
from django.conf import settings

if TYPE_CHECKING:
    import pyarrow as pa

_lock = threading.Lock()
_databases: dict[tuple[int, bool], duckdb.DuckDBPyConnection] = {}
_local = threading.local()


def connect(
    path: str = ":memory:", **options: str | bool | int
) -> duckdb.DuckDBPyConnection:
    """A new database with the limits of the settings and these further options."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.DUCKDB_MEMORY,
        "threads": settings.DUCKDB_THREADS,
        "temp_directory": str(settings.HOME / "duckdb.tmp"),
        # DuckDB would download an extension on first use, and fail on a machine without
        # Internet access.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    return duckdb.connect(path, config=config | options)


def database(*, ordered: bool = False) -> duckdb.DuckDBPyConnection:
    """This process's in-memory database; `ordered` keeps rows in the order of insertion."""
    # A forked process must not use the database of its parent.
    key = os.getpid(), ordered
    with _lock:
        if key not in _databases:
            _databases[key] = connect(preserve_insertion_order=ordered)
            # The files never change, so that reading their footers once is enough.
            _databases[key].execute("SET parquet_metadata_cache = true")
        return _databases[key]


def cursor() -> duckdb.DuckDBPyConnection:
    """This thread's cursor of the process's database."""
    pid = os.getpid()
    if getattr(_local, "pid", None) != pid:
        # Cursors share the database but not each other's queries, so that threads run
        # in parallel.
        _local.cursor, _local.pid = database().cursor(), pid
    return _local.cursor  # type: ignore[no-any-return]


def query(sql: str, params: Sequence[Any] = (), **tables: pa.Table) -> pa.Table:
    """The result as an Arrow table; the query sees `tables` under their names."""
    connection = cursor()
    for name, table in tables.items():
        connection.register(name, table)
    try:
        return connection.sql(sql, params=list(params)).to_arrow_table()
    finally:
        # The cursor stays, and must not keep the tables in memory.
        for name in tables:
            connection.unregister(name)
