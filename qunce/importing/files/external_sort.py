"""Sorts rows in bounded memory, by writing them to a temporary DuckDB file.

Lines of one order may be anywhere in a file; sorted by their order they come together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from qunce.core import disk_space
from qunce.importing.files import json_files, staging

ROWS_PER_BATCH = 65_536


class SpillTable:
    """A table on disk; as a context manager it deletes its file at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = staging.StagingFolder(folder)
        # A database file rather than memory, because DuckDB spills only what it sorts,
        # not a table that it holds.
        try:
            self._connection = duckdb.connect(
                str(self._folder.path / "rows.duckdb"),
                config={
                    "memory_limit": settings.DUCKDB_MEMORY,
                    "threads": settings.DUCKDB_THREADS,
                    "temp_directory": str(self._folder.path / "spilled"),
                },
            )
        except duckdb.Error:
            self._folder.close()
            raise
        self._is_created = False
        self._rows = 0

    def __enter__(self) -> SpillTable:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._connection.close()
        finally:
            self._folder.close()

    def add(self, rows: pa.Table) -> None:
        self._rows += rows.num_rows
        cursor = self._connection.cursor()
        cursor.register("added", rows)
        if not self._is_created:
            # The first chunk decides the types of the columns.
            cursor.execute("CREATE TABLE spilled AS SELECT * FROM added")
            self._is_created = True
        else:
            cursor.execute("INSERT INTO spilled BY NAME SELECT * FROM added")

    def query(self, sql: str) -> tuple[Any, ...] | None:
        """Return the first row of a query over the table `spilled`, None without rows."""
        if not self._is_created:
            return None
        row: tuple[Any, ...] | None = self._connection.cursor().execute(sql).fetchone()
        return row

    def sorted(self, by: Sequence[str], limit: int) -> Iterator[pa.Table]:
        """Yield tables of about `limit` rows, sorted by the columns `by`.

        Rows with the same value of the first of these columns are in one table.
        """
        if not self._is_created:
            return
        names = ", ".join(f'"{name}"' for name in by)
        # The names come from our own callers; DuckDB spills to disk while it sorts.
        batches = self._read(f"SELECT * FROM spilled ORDER BY {names}")  # noqa: S608
        pending: list[Any] = []
        count = 0
        for batch in batches:
            pending.append(batch)
            count += len(batch)
            if count > limit:
                table = pa.Table.from_batches(pending)
                # The last value may go on in the next batch, so it is held back.
                first = table[by[0]]
                is_last = np.asarray(pc.equal(first, first[-1]).combine_chunks())
                different = np.flatnonzero(~is_last)
                if len(different):
                    end = int(different[-1]) + 1
                    yield table.slice(0, end).combine_chunks()
                    # Copied, as a slice would keep the whole table in memory.
                    rest = table.slice(end).combine_chunks()
                    pending, count = rest.to_batches(), rest.num_rows
        if count:
            yield pa.Table.from_batches(pending).combine_chunks()

    def _read(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query that returns all of them, or raise an error."""
        rows = 0
        try:
            relation = self._connection.cursor().sql(sql)
            for batch in relation.to_arrow_reader(ROWS_PER_BATCH):
                rows += len(batch)
                yield batch
        except (duckdb.Error, pa.ArrowException) as error:
            if disk_space.explain(error):
                raise
            raise staging.StagedFileDamaged from error
        if rows != self._rows:
            raise staging.StagedFileDamaged


def query(sql: str, **tables: pa.Table) -> pa.Table:
    """Run a query over Arrow tables, which it finds under their keyword names."""
    # A cursor of its own, so that the registered tables vanish with it.
    cursor = json_files.connection().cursor()
    for name, table in tables.items():
        cursor.register(name, table)
    return cursor.sql(sql).to_arrow_table()
