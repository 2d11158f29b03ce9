"""Keeps the checked rows of a file on disk, in parts by range of their keys.

So a file is parsed once: when its last row is checked, all rows are here, and each part
is written in the order in which the log's index of keys grows: by hash on SQLite, by key
on PostgreSQL. The last part has the rows that take effect.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core.facts.reported_kinds import KindLimits
from qunce.importing.files import staging
from qunce.importing.files.staging import StagingFolder
from qunce.importing.rows.parsing import ParsedChunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS_PER_PART = 65_536
MAX_PARTS = 256


def count_parts(lines: int) -> int:
    """Return the parts of a file of about so many rows: 1, 2, 4 … 256."""
    parts = 1
    while parts < MAX_PARTS and lines > parts * ROWS_PER_PART:
        parts *= 2
    return parts


@dataclass(frozen=True)
class FactPart(ParsedChunk):
    """Stands for the rows of a part, which the writer reads from the spill."""

    number: int = 0


@dataclass
class Part:
    file: IO[bytes]
    writer: pa.RecordBatchStreamWriter
    rows: int = 0
    stamp: staging.Stamp = ()
    """Of the finished file."""


@dataclass
class FactSpill:
    """`ranges` are the parts by key; the one after them has the rows that take effect."""

    staging: StagingFolder
    ranges: int
    by_key: bool
    references: list[str]
    """The columns that name members."""
    kind_limits: KindLimits
    """Has checked the kinds of all rows, and stores those that are new."""
    chunks: list[ParsedChunk] = field(default_factory=list)
    """Stand for the chunks of the file that were spilled, before the parts."""
    kinds: set[str] = field(default_factory=set)
    groups: dict[str, int] = field(default_factory=dict)
    """Keys of groups, with the earliest time of their facts."""
    parts: dict[int, Part] = field(default_factory=dict)
    boundaries: NDArray[np.uint64] | None = None

    def add(self, table: pa.Table, effective: NDArray[np.bool_]) -> None:
        """Add rows with the columns `kind, group_key, happened_at, key, hash …`."""
        self.kinds.update(pc.unique(table["kind"]).to_pylist())
        found = table.select(["group_key", "happened_at"]).group_by("group_key")
        earliest = found.aggregate([("happened_at", "min")])
        for key, micros in zip(
            earliest["group_key"].to_pylist(),
            earliest["happened_at_min"].to_pylist(),
            strict=True,
        ):
            if key is not None:
                self.groups[key] = min(micros, self.groups.get(key, micros))
        numbers = self._numbers(table)
        numbers[effective] = self.ranges
        order = np.argsort(numbers, kind="stable")
        table = table.take(pa.array(order)).combine_chunks()
        starts = np.searchsorted(numbers[order], np.arange(self.ranges + 2))
        for number in np.flatnonzero(np.diff(starts)).tolist():
            start, end = int(starts[number]), int(starts[number + 1])
            if number not in self.parts:
                # Without a name, so that a kill leaves nothing behind.
                file = tempfile.TemporaryFile(dir=self.staging.path)  # noqa: SIM115
                writer = pa.ipc.new_stream(file, table.schema)
                self.parts[number] = Part(file, writer)
            part = self.parts[number]
            part.writer.write_table(table.slice(start, end - start))
            part.rows += end - start

    def _numbers(self, table: pa.Table) -> NDArray[np.int64]:
        """Return the part of each row."""
        if self.by_key:
            # The first eight bytes of each key as a number that sorts like them.
            keys = table["key"].cast(pa.binary()).to_pylist()
            heads = np.array([key[:8] for key in keys], dtype="S8")
            prefixes = heads.view(">u8").astype(np.uint64)
            if self.boundaries is None:
                # The first chunk decides for the others, so that parts are alike.
                sample = np.sort(prefixes)
                places = np.arange(1, self.ranges) * len(sample) // self.ranges
                self.boundaries = sample[places]
            return np.searchsorted(self.boundaries, prefixes, "right").astype(np.int64)
        hashes = np.asarray(table["hash"]).view(np.uint64) ^ np.uint64(1 << 63)
        bits = self.ranges.bit_length() - 1
        shift = np.uint64(64 - bits) if bits else np.uint64(63)
        numbers: NDArray[np.int64] = (hashes >> shift).astype(np.int64)
        return numbers if bits else np.zeros(len(numbers), dtype=np.int64)

    def finish(self) -> None:
        for part in self.parts.values():
            part.writer.close()
            part.file.flush()
            part.stamp = staging.stamp(part.file.fileno())

    def numbers(self) -> list[int]:
        """Return the numbers of the parts that have rows, in the order of writing."""
        return sorted(self.parts)

    def stand_ins(self) -> Iterator[FactPart]:
        """Yield all parts, so that each has the same place in a resumed import."""
        for number in range(self.ranges + 1):
            part = self.parts.get(number)
            rows = np.zeros(part.rows if part else 0, dtype=np.int64)
            digest = self.chunks[-1].digest if self.chunks else 0
            yield FactPart({}, rows, digest=digest, number=number)

    def read(self, number: int, columns: Sequence[str] = ()) -> pa.Table:
        """Return a part, or some of its columns, in the order of the file's rows."""
        part = self.parts[number]
        # Arrow takes a file that ends between two batches, and zeros, for a whole one.
        staging.check_stamp(part.file.fileno(), part.stamp)
        part.file.seek(0)
        with pa.ipc.open_stream(part.file) as reader:
            table = reader.read_all()
        return table.select(columns) if columns else table

    def close(self) -> None:
        for part in self.parts.values():
            # On a full disk neither can write its end.
            with contextlib.suppress(OSError):
                part.writer.close()
            with contextlib.suppress(OSError):
                part.file.close()
        self.staging.close()
