"""Inserts of rows that are given by columns, without a Python object per row.

Most columns of a bulk write are the same in all rows. They are part of the statement, so
that only those that differ are passed to SQLite. PostgreSQL copies whole rows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection

from qunce.core import db

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

MAX_COLUMNS = 40
CREATE_STAGE = "CREATE TEMP TABLE IF NOT EXISTS stage ({})".format(
    ", ".join(f"c{index}" for index in range(MAX_COLUMNS))
)
Columns = Mapping[str, "Sequence[Any] | NDArray[Any]"]
Constants = Mapping[str, int | str | bool | None]


def insert(table: str, columns: Columns, constants: Constants) -> None:
    """Insert one row for each place of the columns, which are numbers or texts.

    `constants` are the columns that all rows have in common. There are at most
    MAX_COLUMNS others. Call it in the transaction of the change.
    """
    if columns and len(next(iter(columns.values()))):
        Rows(columns).insert(table, {name: name for name in columns}, constants)


class Rows:
    """Rows of which several tables take some columns each; at least one row.

    Make and insert them in the transaction of the change. Those that were made last can
    be inserted.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        if not db.is_postgresql():
            _stage(columns)

    def insert(
        self, table: str, chosen: Mapping[str, str], constants: Constants
    ) -> None:
        """Insert all rows; `chosen` has a column of these rows for each of the table."""
        if db.is_postgresql():
            given = {name: self._columns[own] for name, own in chosen.items()}
            _copy(table, given, constants)
        else:
            self._insert_staged(table, chosen, constants)

    def insert_filled(
        self, table: str, chosen: Mapping[str, str], constants: Constants, filled: str
    ) -> None:
        """On SQLite, insert the rows in which the column `filled` is not null."""
        self._insert_staged(table, chosen, constants, filled)

    def _insert_staged(
        self,
        table: str,
        chosen: Mapping[str, str],
        constants: Constants,
        filled: str = "",
    ) -> None:
        places = {name: f"c{index}" for index, name in enumerate(self._columns)}
        names = ", ".join(f'"{name}"' for name in (*chosen, *constants))
        # Literals, as SQLite binds each parameter again for every row.
        values = [
            *(places[own] for own in chosen.values()),
            *(_literal(value) for value in constants.values()),
        ]
        where = f" WHERE {places[filled]} IS NOT NULL" if filled else ""
        db.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)}"  # noqa: S608
            f" FROM temp.stage{where}",
            [value for value in constants.values() if isinstance(value, str)],
        )


_local = threading.local()


@contextmanager
def at_end() -> Iterator[None]:
    """On PostgreSQL, insert what the block inserts at its end, each table at a time.

    Rows of one table then take one COPY, and those of the next table are encoded while
    one is written. Nothing in the block may read these rows. Call it in the transaction
    of the change.
    """
    if not db.is_postgresql():
        yield
        return
    waiting: dict[str, list[pa.Table]] = {}
    _local.waiting = waiting
    try:
        yield
    finally:
        _local.waiting = None
    _copy_all(waiting)


def _copy(table: str, columns: Columns, constants: Constants) -> None:
    # Loads Arrow, which most users of this module do not need.
    import pyarrow as pa

    given = {name: pa.array(column) for name, column in columns.items()}
    count = len(next(iter(given.values())))
    given |= {
        name: pa.repeat(value, count)
        for name, value in constants.items()
        if value is not None
    }
    rows = pa.table(given)
    waiting = getattr(_local, "waiting", None)
    if waiting is None:
        _copy_all({table: [rows]})
    else:
        waiting.setdefault(table, []).append(rows)


def _copy_all(rows: Mapping[str, Sequence[pa.Table]]) -> None:
    import pyarrow as pa

    from qunce.core import postgresql_copy

    each = []
    for table, parts in rows.items():
        # Columns that a part does not have are null, as in an INSERT without them.
        own = pa.concat_tables(parts, promote_options="permissive")
        names = ", ".join(f'"{name}"' for name in own.column_names)
        # As parameters, each value would be converted and quoted in Python.
        each.append(postgresql_copy.TableRows(table, names, own))
    postgresql_copy.insert_all(each)


def _stage(columns: Columns) -> None:
    """Write the rows into a table without indexes.

    A row of its own costs SQLite twice as much as one of a set, as each statement looks
    for the last id.
    """
    values: list[list[Any]] = [
        column.tolist() if isinstance(column, np.ndarray) else list(column)
        for column in columns.values()
    ]
    names = ", ".join(f"c{index}" for index in range(len(values)))
    marks = db.placeholders(len(values))
    with connection.cursor() as cursor:
        cursor.execute(CREATE_STAGE)
        cursor.execute("DELETE FROM temp.stage")
        cursor.executemany(
            f"INSERT INTO temp.stage ({names}) VALUES ({marks})",  # noqa: S608
            zip(*values, strict=True),  # type: ignore[arg-type]
        )


def _literal(value: int | str | bool | None) -> str:
    if isinstance(value, str):
        return "%s"
    return "NULL" if value is None else str(value)
