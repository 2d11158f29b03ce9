"""Batches of text rows, which every reader of files yields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_COLUMNS = 2_000
FALSE = pa.scalar(value=False)
MACHINE_NUMBER = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"
"""Programs write numbers with a point, between quotes or not."""
GROUPED_NUMBER = r"^-?[1-9]\d{0,2}\.\d{3}$"
"""Between quotes this may be a thousand in German or one with three decimals."""


@dataclass(frozen=True)
class BrokenRow:
    """A row that could not be split into fields; `reason` is a sentence for people."""

    row: int
    text: str
    reason: str


@dataclass(frozen=True)
class RowBatch:
    """Some rows of a file as columns of strings, null where a cell is empty.

    `columns[i]` belongs to heading i, and `numeric[i]` says which of its cells hold a
    number rather than a text, None if none does. `numeric` is empty where cells have no
    types, and in JSON where no text could be taken for another number. `row_numbers` are
    those that people see: rows of a spreadsheet, lines of an NDJSON file.
    """

    columns: list[pa.Array]
    row_numbers: NDArray[np.int64]
    broken: list[BrokenRow] = field(default_factory=list)
    numeric: list[pa.Array | None] = field(default_factory=list)


def concat(batches: Sequence[RowBatch], width: int) -> RowBatch:
    """Return the batches as one, with `width` columns even when there is none."""
    if len(batches) == 1:
        return batches[0]
    columns = [
        pa.chunked_array(
            [batch.columns[index] for batch in batches], pa.string()
        ).combine_chunks()
        for index in range(width)
    ]
    numeric: list[pa.Array | None] = []
    if any(batch.numeric for batch in batches):
        for index in range(width):
            masks = [numeric_cells(batch, index) for batch in batches]
            numeric.append(pa.chunked_array(masks, pa.bool_()).combine_chunks())
    row_numbers = [batch.row_numbers for batch in batches]
    return RowBatch(
        columns,
        np.concatenate(row_numbers or [np.empty(0, dtype=np.int64)]),
        [broken for batch in batches for broken in batch.broken],
        numeric,
    )


def numeric_cells(batch: RowBatch, index: int) -> pa.Array:
    """Return which cells of a column hold numbers, or look as programs write them."""
    if batch.numeric:
        mask = batch.numeric[index]
        return pa.repeat(FALSE, len(batch.row_numbers)) if mask is None else mask
    is_number = pc.match_substring_regex(batch.columns[index], MACHINE_NUMBER)
    return pc.fill_null(is_number, FALSE)


def _slice(
    columns: Sequence[pa.Array | None], start: int, length: int | None
) -> list[Any]:
    return [
        column.slice(start, length) if column is not None else None
        for column in columns
    ]


def select(batch: RowBatch, keep: NDArray[np.bool_]) -> RowBatch:
    """Return only some of the rows, and all broken ones."""
    mask = pa.array(keep)
    return RowBatch(
        [column.filter(mask) for column in batch.columns],
        batch.row_numbers[keep],
        batch.broken,
        [
            column.filter(mask) if column is not None else None
            for column in batch.numeric
        ],
    )


def arrange(
    batch: RowBatch, headings: Sequence[str], wanted: Sequence[str], offset: int
) -> RowBatch:
    """Return the columns in another order, with rows numbered `offset` higher."""
    size = len(batch.row_numbers)
    columns: list[pa.Array] = []
    numeric: list[pa.Array | None] = []
    for heading in wanted:
        if heading not in headings:
            columns.append(pa.nulls(size, pa.string()))
            numeric.append(None)
            continue
        index = headings.index(heading)
        columns.append(batch.columns[index])
        numeric.append(batch.numeric[index] if batch.numeric else None)
    broken = [replace(row, row=row.row + offset) for row in batch.broken]
    numbers = batch.row_numbers + offset
    return RowBatch(columns, numbers, broken, numeric if batch.numeric else [])


def unique_headings(headings: Sequence[str]) -> list[str]:
    """Return the headings stripped; empty and repeated ones get a number."""
    names: dict[str, None] = {}
    repetitions: dict[str, int] = {}
    for number, heading in enumerate(headings, start=1):
        name = heading.strip().lstrip("\ufeff") or f"column {number}"
        unique = name
        # A numbered heading may itself occur in the file.
        while unique in names:
            repetitions[name] = repetitions.get(name, 1) + 1
            unique = f"{name} ({repetitions[name]})"
        names[unique] = None
    return list(names)


def split(batch: RowBatch, limit: int) -> tuple[RowBatch, RowBatch]:
    """Return the first `limit` rows and the rest; broken rows go with their neighbours."""
    if limit >= len(batch.row_numbers):
        rest = _slice(batch.columns, len(batch.row_numbers), None)
        return batch, RowBatch(rest, batch.row_numbers[:0])
    boundary = int(batch.row_numbers[limit])
    return (
        RowBatch(
            _slice(batch.columns, 0, limit),
            batch.row_numbers[:limit],
            [broken for broken in batch.broken if broken.row < boundary],
            _slice(batch.numeric, 0, limit),
        ),
        RowBatch(
            _slice(batch.columns, limit, None),
            batch.row_numbers[limit:],
            [broken for broken in batch.broken if broken.row >= boundary],
            _slice(batch.numeric, limit, None),
        ),
    )
