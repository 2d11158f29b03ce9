"""Batches of text rows, which every reader of files yields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_COLUMNS = 2_000


@dataclass(frozen=True)
class BrokenRow:
    """A row that could not be split into fields; `reason` is a sentence for people."""

    row: int
    text: str
    reason: str


@dataclass(frozen=True)
class RowBatch:
    """Some rows of a file as columns of strings, null where a cell is empty.

    `columns[i]` belongs to heading i. `row_numbers` are the ones that people see: rows of
    a spreadsheet, lines of an NDJSON file.
    """

    columns: list[pa.Array]
    row_numbers: NDArray[np.int64]
    broken: list[BrokenRow] = field(default_factory=list)


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
    row_numbers = [batch.row_numbers for batch in batches]
    return RowBatch(
        columns,
        np.concatenate(row_numbers or [np.empty(0, dtype=np.int64)]),
        [broken for batch in batches for broken in batch.broken],
    )


def unique_headings(headings: Sequence[str]) -> list[str]:
    """Return the headings stripped; empty and repeated ones get a number."""
    names: list[str] = []
    for number, heading in enumerate(headings, start=1):
        name = heading.strip().lstrip("\ufeff") or f"column {number}"
        unique, repetition = name, 2
        # A numbered heading may itself occur in the file.
        while unique in names:
            unique, repetition = f"{name} ({repetition})", repetition + 1
        names.append(unique)
    return names


def split(batch: RowBatch, limit: int) -> tuple[RowBatch, RowBatch]:
    """Return the first `limit` rows and the rest; broken rows go with their neighbours."""
    if limit >= len(batch.row_numbers):
        rest = [column.slice(len(batch.row_numbers)) for column in batch.columns]
        return batch, RowBatch(rest, batch.row_numbers[:0])
    boundary = int(batch.row_numbers[limit])
    return (
        RowBatch(
            [column.slice(0, limit) for column in batch.columns],
            batch.row_numbers[:limit],
            [broken for broken in batch.broken if broken.row < boundary],
        ),
        RowBatch(
            [column.slice(limit) for column in batch.columns],
            batch.row_numbers[limit:],
            [broken for broken in batch.broken if broken.row >= boundary],
        ),
    )
