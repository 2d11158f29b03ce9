"""DuckDB: one small database in memory a process, a cursor a thread.

It attaches nothing and downloads nothing; it sees Arrow tables and Parquet files.
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
_databases: dict[int, duckdb.DuckDBPyConnection] = {}
_local = threading.local()


def cursor() -> duckdb.DuckDBPyConnection:
    """This thread's own cursor."""
    pid = os.getpid()
    if getattr(_local, "pid", None) != pid:
        _local.cursor, _local.pid = _database(pid).cursor(), pid
    return _local.cursor  # type: ignore[no-any-return]


def _database(pid: int) -> duckdb.DuckDBPyConnection:
    """A fork must not go on with its parent's."""
    with _lock:
        if pid not in _databases:
            _databases[pid] = duckdb.connect(
                config={
                    "memory_limit": settings.DUCKDB_MEMORY,
                    "threads": settings.DUCKDB_THREADS,
                    "temp_directory": str(settings.HOME / "duckdb.tmp"),
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "preserve_insertion_order": False,
                }
            )
            _databases[pid].execute("SET parquet_metadata_cache = true")
        return _databases[pid]


def query(sql: str, params: Sequence[Any] = (), **tables: pa.Table) -> pa.Table:
    """The answer as an Arrow table; `tables` are seen under their names."""
    mine = cursor()
    for name, table in tables.items():
        mine.register(name, table)
    try:
        found = mine.sql(sql, params=list(params))
        return found.to_arrow_table()
    finally:
        for name in tables:
            mine.unregister(name)
