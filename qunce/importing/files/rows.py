"""What every reader of a file yields: tables of text with the number of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_COLUMNS = 2_000
ROW = "row"


@dataclass(frozen=True)
class BrokenRow:
    """A row that could not even be split into fields; `reason` is a sentence."""

    row: int
    text: str
    reason: str


@dataclass(frozen=True)
class RowBatch:
    """`columns[i]` belongs to heading i: strings, null where empty; all of one length.

    `rows` are the numbers a person sees: lines of a spreadsheet, lines of NDJSON.
    """

    columns: list[pa.Array]
    rows: NDArray[np.int64]
    broken: list[BrokenRow] = field(default_factory=list)


def concat(pieces: Sequence[RowBatch], width: int) -> RowBatch:
    """Several pieces as one; `width` columns even when there is none."""
    if len(pieces) == 1:
        return pieces[0]
    columns = [
        pa.chunked_array([p.columns[i] for p in pieces], pa.string()).combine_chunks()
        for i in range(width)
    ]
    rows = [piece.rows for piece in pieces] or [np.empty(0, dtype=np.int64)]
    broken = [one for piece in pieces for one in piece.broken]
    return RowBatch(columns, np.concatenate(rows), broken)


def unique_headings(headings: Sequence[str]) -> list[str]:
    """Headings without blanks around them, empty and repeated ones numbered."""
    names: list[str] = []
    for place, heading in enumerate(headings, start=1):
        name = heading.strip().lstrip("\ufeff") or f"column {place}"
        number = 2
        unique = name
        while unique in names:
            unique, number = f"{name} ({number})", number + 1
        names.append(unique)
    return names


def split(piece: RowBatch, most: int) -> tuple[RowBatch, RowBatch]:
    """The first `most` rows and the rest; broken rows go where they stand."""
    if most >= len(piece.rows):
        rest = [column.slice(len(piece.rows)) for column in piece.columns]
        return piece, RowBatch(rest, piece.rows[:0])
    limit = int(piece.rows[most])
    before = [one for one in piece.broken if one.row < limit]
    after = [one for one in piece.broken if one.row >= limit]
    return (
        RowBatch([c.slice(0, most) for c in piece.columns], piece.rows[:most], before),
        RowBatch([c.slice(most) for c in piece.columns], piece.rows[most:], after),
    )
