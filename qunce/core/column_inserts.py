"""Inserts of rows that are given by columns, without a Python object per row.

Most columns of a bulk write are the same in all rows. They are part of the statement, so
that only those that differ are passed to the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connections

from qunce.core import db

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_COLUMNS = 8
CREATE_STAGE = "CREATE TEMP TABLE IF NOT EXISTS stage ({})".format(
    ", ".join(f"c{index}" for index in range(MAX_COLUMNS))
)
ARRAY_TYPES: Mapping[type, str] = {int: "bigint[]", str: "text[]"}


def insert(
    table: str,
    columns: Mapping[str, Sequence[Any] | NDArray[Any]],
    constants: Mapping[str, int | str | bool | None],
    using: str = "default",
) -> None:
    """Insert one row for each place of the columns, which are numbers or texts.

    `constants` are the columns that all rows have in common. There are at most
    MAX_COLUMNS others. Call it in the transaction of the change.
    """
    values: list[list[Any]] = [
        column.tolist() if isinstance(column, np.ndarray) else list(column)
        for column in columns.values()
    ]
    if not values or not len(values[0]):
        return
    names = ", ".join(f'"{name}"' for name in (*columns, *constants))
    into = f"INSERT INTO {table} ({names})"
    # Literals, as SQLite binds each parameter again for every row.
    literals = "".join(f", {_literal(value)}" for value in constants.values())
    texts = [value for value in constants.values() if isinstance(value, str)]
    given = ", ".join(f"c{index}" for index in range(len(values)))
    with connections[using].cursor() as cursor:
        if db.is_postgresql(using):
            # One statement, as each costs a round trip.
            arrays = ", ".join(f"%s::{_array_type(each)}" for each in values)
            cursor.execute(
                f"{into} SELECT {given}{literals}"  # noqa: S608 - names and literals
                f" FROM unnest({arrays}) u ({given})",
                [*texts, *values],
            )
            return
        # By way of a table without indexes: a row of its own costs SQLite twice as much
        # as one of a set, as each statement looks for the last id.
        cursor.execute(CREATE_STAGE)
        cursor.execute("DELETE FROM temp.stage")
        marks = db.placeholders(len(values))
        cursor.executemany(
            f"INSERT INTO temp.stage ({given}) VALUES ({marks})",  # noqa: S608
            zip(*values, strict=True),  # type: ignore[arg-type]
        )
        cursor.execute(
            f"{into} SELECT {given}{literals} FROM temp.stage",  # noqa: S608
            texts,
        )


def _array_type(values: list[Any]) -> str:
    first = next((value for value in values if value is not None), 0)
    return ARRAY_TYPES[type(first)]


def _literal(value: int | str | bool | None) -> str:
    if isinstance(value, str):
        return "%s"
    return "NULL" if value is None else str(value)
