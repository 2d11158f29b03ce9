"""The rows of a chunk by member: those with the same reference are one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.importing.rows.parsing import ParsedChunk
from qunce.importing.targets.members import imported_members
from qunce.importing.targets.members.imported_members import Row
from qunce.importing.targets.opt_outs import opt_out_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


REACHABLE = (
    ("opted_out", opt_out_columns.NO),
    ("accepts_messages", opt_out_columns.YES),
)


@dataclass(frozen=True)
class MemberRows:
    """Members are numbered in the order in which the chunk names them first.

    `order` has the rows of the first member, then those of the second …; `starts` where
    those of each begin, and the end.
    """

    chunk: ParsedChunk
    order: Ints
    starts: Ints

    @classmethod
    def of_chunk(cls, chunk: ParsedChunk) -> MemberRows:
        # Within the chunk only. The same key in a later chunk is simply written again.
        names = (imported_members.KEY, *imported_members.IDENTIFIER_FIELDS)
        references = pc.coalesce(
            *(
                pc.binary_join_element_wise(name, chunk.columns[name], ":")
                for name in names
                if name in chunk.columns
            )
        )
        # Codes are given in the order of appearance.
        codes = np.asarray(pc.dictionary_encode(references).indices)
        order = np.argsort(codes, kind="stable").astype(np.int64)
        ends = np.cumsum(np.bincount(codes))
        return cls(chunk, order, np.concatenate([[0], ends]).astype(np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def firsts(self) -> Ints:
        """The first row of each member."""
        return self.order[self.starts[:-1]]

    def may_opt_out(self) -> NDArray[np.bool_]:
        """Return which members do not say in their first row that they are reachable."""
        result = np.zeros(len(self), dtype=bool)
        taken = pa.array(self.firsts)
        if "opted_out_at" in self.chunk.columns:
            times = self.chunk.columns["opted_out_at"].take(taken)
            result |= np.asarray(times.is_valid())
        for name, answer in REACHABLE:
            if name in self.chunk.columns:
                other = pc.not_equal(self.chunk.columns[name].take(taken), answer)
                result |= np.asarray(pc.fill_null(other, pa.scalar(value=False)))
        return result

    @property
    def counts(self) -> Ints:
        """How many rows each member has."""
        return np.diff(self.starts)

    def read(self, members: Iterable[int]) -> list[Row]:
        """Return one row of each of these members: lists add up, else the last counts."""
        spans = [(int(self.starts[n]), int(self.starts[n + 1])) for n in members]
        if not spans:
            return []
        indexes = pa.array(np.concatenate([self.order[a:b] for a, b in spans]))
        columns = {
            name: column.take(indexes).to_pylist()
            for name, column in self.chunk.columns.items()
        }
        cells = zip(*columns.values(), strict=True)
        rows = []
        for start, end in spans:
            merged: Row = {}
            for index in range(start, end):
                row = {
                    name: cell
                    for name, cell in zip(columns, next(cells), strict=True)
                    if cell is not None
                }
                row |= {
                    imported_members.ROWS: 1,
                    imported_members.NUMBERS: [
                        int(self.chunk.row_numbers[self.order[index]])
                    ],
                    imported_members.REPLACED: False,
                }
                merged = imported_members.merge(merged, row) if merged else row
            rows.append(merged)
        return rows
