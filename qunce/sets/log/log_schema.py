"""The columns of facts outside the database, and their division into tables."""

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
"""About 100 MB of facts, and as much again while they are sorted."""
MAX_PAYLOADS_IN_PYTHON = 2_000
"""Up to here Python is faster than DuckDB, which has to plan its query first."""
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
    """Tables of `SCHEMA` with about `ROWS_PER_TABLE` rows; none is empty."""
    pending: list[pa.Table] = []
    size = 0
    for batch in batches:
        # The drivers return all whole numbers as int64.
        arrays = [
            column.cast(field.type)
            for column, field in zip(batch.columns, RAW, strict=True)
        ]
        pending.append(pa.Table.from_arrays(arrays, schema=RAW))
        # Tables of about equal size keep the memory of the deriver constant, however
        # small the batches are.
        size += batch.num_rows
        if size >= ROWS_PER_TABLE:
            yield _concat(pending)
            size = 0
    if size:
        yield _concat(pending)


def _concat(pending: list[pa.Table]) -> pa.Table:
    table = pa.concat_tables(pending).combine_chunks()
    # The list is emptied here, so that memory has the rows only once.
    pending.clear()
    return table.append_column("amount", _amounts(table["payload"]))


def _amounts(payloads: pa.ChunkedArray) -> pa.Array:
    """`amount` of each payload where it is a whole number, otherwise null."""
    # Most payloads have no amount; a search for its name is cheaper than parsing all.
    named = pc.fill_null(pc.match_substring(payloads, '"amount"'), fill_value=False)
    if not pc.any(named).as_py():
        return pa.nulls(len(payloads), pa.int64())
    texts = payloads.filter(named)
    if len(texts) <= MAX_PAYLOADS_IN_PYTHON:
        amounts = pa.array([_amount(text) for text in texts.to_pylist()], pa.int64())
    else:
        table = pa.table({"payload": texts})
        amounts = _combine(duckdb_session.query(AMOUNTS, texts=table)["amount"])
    nulls = pa.nulls(len(payloads), pa.int64())
    return pc.replace_with_mask(nulls, _combine(named), amounts)


def _amount(payload: str) -> int | None:
    try:
        fields = json.loads(payload)
    except ValueError:
        return None
    amount = fields.get("amount") if isinstance(fields, dict) else None
    # `True` is an int in Python, but not a number in JSON.
    is_number = type(amount) is int and -INT64_LIMIT <= amount < INT64_LIMIT
    return amount if is_number else None


def _combine(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
