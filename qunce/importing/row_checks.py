"""Refuses rows of a chunk for reasons that single cells do not show."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from qunce.importing.parsing import ParsedChunk, Problem


def refuse(chunk: ParsedChunk, problems: Iterable[Problem]) -> ParsedChunk:
    """Return the chunk without the rows of these problems, which it lists instead."""
    new = list(problems)
    if not new:
        return chunk
    rows = {problem.row for problem in new}
    keep = ~np.isin(chunk.row_numbers, list(rows))
    mask = pa.array(keep)
    columns = {name: column.filter(mask) for name, column in chunk.columns.items()}
    ordered = sorted([*chunk.problems, *new], key=lambda each: (each.row, each.field))
    return dataclasses.replace(
        chunk, columns=columns, row_numbers=chunk.row_numbers[keep], problems=ordered
    )
