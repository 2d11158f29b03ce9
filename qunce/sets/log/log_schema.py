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
MONEY = pa.schema(
    [("amount", pa.int64()), ("currency", pa.string()), ("paid_at", pa.int64())]
)
"""Fields of payloads that are columns of their own: sums need them of every fact.

An amount with a currency is money, without one it is any number. `paid_at` is the
microsecond at whose exchange rate a refund counts; other facts count at their own time.
"""
SCHEMA = pa.schema([*RAW, *MONEY])
SELECT = (
    "SELECT id, community_id, kind_id, account_id, group_id, happened_at, recorded_at,"
    " actor_id, source_id, payload FROM core_fact"
)
ROWS_PER_TABLE = 1_048_576
"""About 100 MB of facts, and as much again while they are sorted."""
MAX_PAYLOADS_IN_PYTHON = 2_000
"""Up to here Python is faster than DuckDB, which has to plan its query first."""
INT64_LIMIT = 2**63
SELECT_MONEY = """
SELECT CASE WHEN try(json_type(payload, '$.amount')) IN ('BIGINT', 'UBIGINT')
       THEN TRY_CAST(try(payload ->> '$.amount') AS BIGINT) END AS amount,
    CASE WHEN try(json_type(payload, '$.currency')) = 'VARCHAR'
       THEN try(payload ->> '$.currency') END AS currency,
    CASE WHEN try(json_type(payload, '$.paid_at')) IN ('BIGINT', 'UBIGINT')
       THEN TRY_CAST(try(payload ->> '$.paid_at') AS BIGINT) END AS paid_at
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
    for name, column in _money(table["payload"]).items():
        table = table.append_column(name, column)
    return table


def _money(payloads: pa.ChunkedArray) -> dict[str, pa.Array]:
    """The columns of `MONEY` for payloads with an amount; null for all others."""
    # Most payloads have no amount; a search for its name is cheaper than parsing all.
    named = pc.fill_null(pc.match_substring(payloads, '"amount"'), fill_value=False)
    columns = {field.name: pa.nulls(len(payloads), field.type) for field in MONEY}
    if not pc.any(named).as_py():
        return columns
    texts = payloads.filter(named)
    if len(texts) <= MAX_PAYLOADS_IN_PYTHON:
        rows = [_money_fields(text) for text in texts.to_pylist()]
        found = pa.Table.from_pylist(rows, schema=MONEY)
    else:
        table = pa.table({"payload": texts})
        found = duckdb_session.query(SELECT_MONEY, texts=table)
    mask = _combine(named)
    for name, nulls in columns.items():
        columns[name] = pc.replace_with_mask(nulls, mask, _combine(found[name]))
    return columns


def _money_fields(payload: str) -> dict[str, int | str | None]:
    try:
        fields = json.loads(payload)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return dict.fromkeys(MONEY.names)
    currency = fields.get("currency")
    return {
        "amount": _whole_number(fields.get("amount")),
        "currency": currency if isinstance(currency, str) else None,
        "paid_at": _whole_number(fields.get("paid_at")),
    }


def _whole_number(value: object) -> int | None:
    # `True` is an int in Python, but not a number in JSON.
    is_number = type(value) is int and -INT64_LIMIT <= value < INT64_LIMIT
    return value if is_number else None  # type: ignore[return-value]


def _combine(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
