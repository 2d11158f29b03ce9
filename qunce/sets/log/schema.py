"""The columns of facts outside the database, and how they are cut into tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from qunce.sets import duckdb_session

if TYPE_CHECKING:
    from collections.abc import Sequence

RAW = pa.schema(
    [
        ("id", pa.int64()),
        ("community", pa.int32()),
        ("kind", pa.int32()),
        ("account", pa.int64()),
        ("grp", pa.int64()),
        ("happened_at", pa.int64()),
        ("recorded_at", pa.int64()),
        ("actor", pa.int32()),
        ("source", pa.int32()),
        ("payload", pa.string()),
    ]
)
SCHEMA = RAW.append(pa.field("amount", pa.int64()))
SELECT = (
    "SELECT id, community_id, kind_id, account_id, group_id, happened_at, recorded_at,"
    " actor_id, source_id, payload FROM core_fact"
)
ROWS_PER_TABLE = 1_048_576
"""Facts a table: about 100 MB, and as much again while it is sorted."""
MAX_PAYLOADS_IN_PYTHON = 2_000
"""Payloads that Python has read before DuckDB has made its plan."""
INT64_LIMIT = 2**63
AMOUNTS = """
SELECT CASE WHEN try(json_type(payload, '$.amount')) IN ('BIGINT', 'UBIGINT')
       THEN TRY_CAST(try(payload ->> '$.amount') AS BIGINT) END AS amount
FROM texts
"""


def table_of_rows(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(RAW)
    arrays = [
        pa.array(column, field.type) for column, field in zip(columns, RAW, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=RAW)


def to_tables(batches: Iterable[pa.RecordBatch | pa.Table]) -> Iterator[pa.Table]:
    """Tables of `SCHEMA` with about `TABLE` rows, empty ones left out."""
    held: list[pa.Table] = []
    size = 0
    for batch in batches:
        held.append(_cast(batch))
        size += batch.num_rows
        if size >= ROWS_PER_TABLE:
            yield _concat(held)
            size = 0
    if size:
        yield _concat(held)


def _cast(batch: pa.RecordBatch | pa.Table) -> pa.Table:
    arrays = [
        column.cast(field.type)
        for column, field in zip(batch.columns, RAW, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=RAW)


def _concat(held: list[pa.Table]) -> pa.Table:
    """One table; the list is emptied, so that memory is not held twice."""
    table = pa.concat_tables(held).combine_chunks()
    held.clear()
    return table.append_column("amount", _amounts(table["payload"]))


def _amounts(payload: pa.ChunkedArray) -> pa.Array:
    """`amount` out of the payload where it is a whole number; the rest is null."""
    speaks = pc.fill_null(pc.match_substring(payload, '"amount"'), fill_value=False)
    if not pc.any(speaks).as_py():
        return pa.nulls(len(payload), pa.int64())
    texts = payload.filter(speaks)
    if len(texts) <= MAX_PAYLOADS_IN_PYTHON:
        found = pa.array([_amount(text) for text in texts.to_pylist()], pa.int64())
    else:
        table = pa.table({"payload": texts})
        found = _one(duckdb_session.query(AMOUNTS, texts=table)["amount"])
    nothing = pa.nulls(len(payload), pa.int64())
    return pc.replace_with_mask(nothing, _one(speaks), found)


def _amount(payload: str) -> int | None:
    try:
        said = json.loads(payload)
    except ValueError:
        return None
    amount = said.get("amount") if isinstance(said, dict) else None
    return (
        amount if type(amount) is int and -INT64_LIMIT <= amount < INT64_LIMIT else None
    )


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
