"""Inserts rows into PostgreSQL by COPY, the fastest way."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as arrow_csv
from django.db import connection


def to_csv(rows: pa.Table) -> memoryview:
    """Return the rows as COPY reads them; it needs no connection."""
    # Arrow formats them in C++, while psycopg converts each value in Python.
    # All texts are quoted, so that an empty one is not null; PostgreSQL reads numbers
    # without quotes faster.
    text = io.BytesIO()
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
    arrow_csv.write_csv(rows, text, options)
    return text.getbuffer()


def insert(table: str, columns: str, csv: memoryview) -> None:
    """Insert rows of `to_csv`, in the transaction of the change.

    `columns` are the names in the order of the rows, as SQL. Unlike INSERT, it fails for
    rows that are there already.
    """
    statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)"
    with (
        # Django passes on the driver's own errors from COPY.
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        copy.write(csv)


@dataclass(frozen=True)
class TableRows:
    """Rows of a table; `columns` are the names of theirs, as SQL."""

    table: str
    columns: str
    rows: pa.Table


def encode(rows: pa.Table) -> Future[memoryview]:
    """Begin `to_csv` in a thread, which needs no connection and little of Python's lock."""
    return _get_encoder().submit(to_csv, rows)


def insert_all(each: Sequence[TableRows]) -> None:
    """Insert rows of several tables, of which the next is encoded while one is written."""
    encoded = [encode(own.rows) for own in each]
    for own, csv in zip(each, encoded, strict=True):
        insert(own.table, own.columns, csv.result())


@functools.cache
def _get_encoder() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "copy")
