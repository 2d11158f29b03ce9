"""Rows put aside on disk and given back in another order, in bounded memory.

Lines of one order may lie anywhere in a file; sorted by their order they come together.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.importing.files import json_files
from qunce.sets import duckdb_session

ROWS_PER_BATCH = 65_536


class SpillTable:
    """A table on disk; use it in a `with`, the file goes at its end."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix="staged-", dir=folder)
        self._connection = duckdb_session.connect(
            str(Path(self._folder.name) / "rows.duckdb"),
            temp_directory=str(Path(self._folder.name) / "spilled"),
        )
        self._made = False

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
        self._connection.close()
        self._folder.cleanup()

    def add(self, rows: pa.Table) -> None:
        cursor = self._connection.cursor()
        cursor.register("coming", rows)
        if not self._made:
            cursor.execute("CREATE TABLE staged AS SELECT * FROM coming")
            self._made = True
        else:
            cursor.execute("INSERT INTO staged BY NAME SELECT * FROM coming")

    def ask(self, sql: str) -> pa.Table:
        """A query over the table `staged`."""
        return self._connection.cursor().sql(sql).to_arrow_table()

    def sorted(self, by: Sequence[str], most: int) -> Iterator[pa.Table]:
        """Tables of about `most` rows sorted by `by`; equal values of the first one
        are never in two tables."""
        if not self._made:
            return
        names = ", ".join(f'"{name}"' for name in by)
        # The name comes from our own callers, and sorting spills to disk.
        relation = self._connection.cursor().sql(
            f"SELECT * FROM staged ORDER BY {names}"  # noqa: S608
        )
        waiting: list[Any] = []
        count = 0
        for batch in relation.to_arrow_reader(ROWS_PER_BATCH):
            waiting.append(batch)
            count += len(batch)
            if count > most:
                table = pa.Table.from_batches(waiting)
                cut = _begin_of_last(table[by[0]])
                if cut:
                    yield table.slice(0, cut).combine_chunks()
                    rest = table.slice(cut).combine_chunks()
                    waiting, count = rest.to_batches(), rest.num_rows
        if count:
            yield pa.Table.from_batches(waiting).combine_chunks()


def _begin_of_last(column: pa.ChunkedArray) -> int:
    """Where the run of the last value begins."""
    same = np.asarray(pc.equal(column, column[-1]).combine_chunks())
    different = np.flatnonzero(~same)
    return int(different[-1]) + 1 if len(different) else 0


def query(sql: str, **tables: pa.Table) -> pa.Table:
    """A query over Arrow tables, under their names."""
    cursor = json_files.connection().cursor()
    for name, table in tables.items():
        cursor.register(name, table)
    return cursor.sql(sql).to_arrow_table()
