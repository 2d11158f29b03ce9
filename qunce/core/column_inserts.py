"""Inserts of rows that are given by columns, without a Python object per row.

Most columns of a bulk write are the same in all rows. They are part of the statement, so
that only those that differ are passed to SQLite. PostgreSQL copies whole rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection

from qunce.core import db

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_COLUMNS = 8
CREATE_STAGE = "CREATE TEMP TABLE IF NOT EXISTS stage ({})".format(
    ", ".join(f"c{index}" for index in range(MAX_COLUMNS))
)


def insert(
    table: str,
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
    constants: Mapping[str, int | str | bool | None],
) -> None:
    """Insert one row for each place of the columns, which are numbers or texts.

    `constants` are the columns that all rows have in common. There are at most
    MAX_COLUMNS others. Call it in the transaction of the change.
    """
    if not columns or not len(next(iter(columns.values()))):
        return
    if db.is_postgresql():
        _copy(table, columns, constants)
    else:
        _insert_by_stage(table, columns, constants)


def _copy(
    table: str,
    columns: Mapping[str, Any],
    constants: Mapping[str, int | str | bool | None],
) -> None:
    # Loads Arrow, which most users of this module do not need.
    import pyarrow as pa

    from qunce.core import postgresql_copy

    given = {name: pa.array(column) for name, column in columns.items()}
    count = len(next(iter(given.values())))
    given |= {
        name: pa.repeat(value, count)
        for name, value in constants.items()
        if value is not None
    }
    names = ", ".join(f'"{name}"' for name in given)
    # As parameters, each value would be converted and quoted in Python.
    postgresql_copy.insert(table, names, postgresql_copy.to_csv(pa.table(given)))


def _insert_by_stage(
    table: str,
    columns: Mapping[str, Any],
    constants: Mapping[str, int | str | bool | None],
) -> None:
    """Insert by way of a table without indexes.

    A row of its own costs SQLite twice as much as one of a set, as each statement looks
    for the last id.
    """
    values: list[list[Any]] = [
        column.tolist() if isinstance(column, np.ndarray) else list(column)
        for column in columns.values()
    ]
    names = ", ".join(f'"{name}"' for name in (*columns, *constants))
    # Literals, as SQLite binds each parameter again for every row.
    literals = "".join(f", {_literal(value)}" for value in constants.values())
    texts = [value for value in constants.values() if isinstance(value, str)]
    given = ", ".join(f"c{index}" for index in range(len(values)))
    marks = db.placeholders(len(values))
    with connection.cursor() as cursor:
        cursor.execute(CREATE_STAGE)
        cursor.execute("DELETE FROM temp.stage")
        cursor.executemany(
            f"INSERT INTO temp.stage ({given}) VALUES ({marks})",  # noqa: S608
            zip(*values, strict=True),  # type: ignore[arg-type]
        )
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {given}{literals} FROM temp.stage",  # noqa: S608
            texts,
        )


def _literal(value: int | str | bool | None) -> str:
    if isinstance(value, str):
        return "%s"
    return "NULL" if value is None else str(value)
