"""The files of the mirror: immutable Parquet segments by position in the log.

A name tells all that a reader has to know: the coordinates from first to last, how many
files the segment has and which this is, its rows, and how often it was rewritten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet
from pyroaring import BitMap

from qunce.sets import log
from qunce.sets.bitmaps import bitmaps

NAME = re.compile(r"(\d{19})-(\d{19})-(\d+)of(\d+)-(\d+)-v(\d+)\.parquet")
ROWS_PER_GROUP = 32_768
"""Rows in which statistics prune: small ones for the sake of one member's timeline."""
DICTIONARY_COLUMNS = ["community", "kind", "grp", "actor", "source"]


@dataclass(frozen=True, order=True)
class FilePart:
    """One file, holding part `part` of `parts` of the facts first ≤ coordinate ≤ last."""

    first: int
    last: int
    version: int
    part: int
    parts: int
    rows: int

    @property
    def name(self) -> str:
        return (
            f"{self.first:019}-{self.last:019}-{self.part}of{self.parts}"
            f"-{self.rows}-v{self.version}.parquet"
        )


@dataclass(frozen=True)
class MirrorFile:
    first: int
    last: int
    version: int
    pieces: tuple[FilePart, ...]

    @property
    def rows(self) -> int:
        return sum(piece.rows for piece in self.pieces)


def parse_name(name: str) -> FilePart | None:
    found = NAME.fullmatch(name)
    if found is None:
        return None
    first, last, part, parts, rows, version = map(int, found.groups())
    return FilePart(first, last, version, part, parts, rows)


def list_parts(folder: Path) -> list[FilePart]:
    """Every piece in the folder, from one listing."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - the fastest there is
    except FileNotFoundError:
        return []
    return [piece for piece in map(parse_name, names) if piece is not None]


def complete_files(pieces: Iterable[FilePart]) -> list[MirrorFile]:
    """Segments all of whose pieces are there."""
    grouped: dict[tuple[int, int, int], list[FilePart]] = {}
    for piece in pieces:
        grouped.setdefault((piece.first, piece.last, piece.version), []).append(piece)
    return [
        MirrorFile(*key, tuple(sorted(several)))
        for key, several in grouped.items()
        if len(several) == several[0].parts
    ]


@dataclass(frozen=True)
class Coverage:
    """Segments that hold each coordinate up to an end once, and the gaps between."""

    segments: tuple[MirrorFile, ...]
    gaps: tuple[tuple[int, int], ...]

    def names(self) -> list[str]:
        return [piece.name for segment in self.segments for piece in segment.pieces]


def choose_coverage(pieces: Iterable[FilePart], upto: int) -> Coverage:
    """The widest segments that cover 1 to `upto` without overlap.

    Of two with the same bounds the later version counts. A gap, (before, last], is what
    a lost file leaves.
    """
    usable = [segment for segment in complete_files(pieces) if segment.last <= upto]
    usable.sort(key=lambda segment: (segment.first, -segment.last, -segment.version))
    chosen, gaps, reached = [], [], 0
    for segment in usable:
        if segment.first <= reached:
            continue
        if segment.first > reached + 1:
            gaps.append((reached, segment.first - 1))
        chosen.append(segment)
        reached = segment.last
    if reached < upto:
        gaps.append((reached, upto))
    return Coverage(tuple(chosen), tuple(gaps))


def sort_facts(facts: pa.Table) -> pa.Table:
    """By community, kind and account, so that row groups hold few of each.

    One number a fact makes this three times faster than sorting by columns; the order of
    times inside does not matter, since it prunes nothing.
    """
    kinds = facts["community"].to_numpy().astype(np.int64) << 52
    kinds |= facts["kind"].to_numpy().astype(np.int64) << 36
    kinds |= facts["account"].fill_null(0).to_numpy()
    order = pa.array(np.argsort(kinds))
    columns = [_one(column).take(order) for column in facts.columns]
    return pa.Table.from_arrays(columns, schema=facts.schema)


def _one(column: pa.ChunkedArray) -> pa.Array:
    """Taking from one array is several times faster than from a chunked one."""
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)


def write_part(folder: Path, facts: pa.Table, name: str) -> Path:
    """Write a file that is there as a whole or not at all, even after a power cut.

    Its name may be lost then; that is a gap, which the next start fills in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, growing = folder / name, folder / f"{name}.tmp"
    with growing.open("wb") as file:
        parquet.write_table(
            facts.cast(log.SCHEMA),
            file,
            compression="lz4",
            row_group_size=ROWS_PER_GROUP,
            use_dictionary=DICTIONARY_COLUMNS,
        )
        file.flush()
        os.fsync(file.fileno())
    growing.rename(path)
    return path


def publish(folder: Path, paths: Sequence[Path], pieces: Sequence[FilePart]) -> None:
    """Give finished files their names; a segment counts when its last piece has one."""
    for path, piece in zip(paths, pieces, strict=True):
        path.rename(folder / piece.name)


def read_accounts(path: Path, *, without: Iterable[int]) -> BitMap:
    """Every account that a file names, but for some kinds."""
    held = parquet.read_table(path, columns=["account", "kind"])
    kinds = pa.array(list(without), pa.int32())
    held = held.filter(pc.invert(pc.is_in(held["kind"], value_set=kinds)))
    return bitmaps.of(pc.unique(held["account"].drop_null()).to_numpy())
