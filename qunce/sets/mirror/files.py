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
ROW_GROUP = 32_768
"""Rows in which statistics prune: small ones for the sake of one member's timeline."""
REPEATED = ["community", "kind", "grp", "actor", "source"]


@dataclass(frozen=True, order=True)
class Piece:
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
class Segment:
    first: int
    last: int
    version: int
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        return sum(piece.rows for piece in self.pieces)


def parse(name: str) -> Piece | None:
    found = NAME.fullmatch(name)
    if found is None:
        return None
    first, last, part, parts, rows, version = map(int, found.groups())
    return Piece(first, last, version, part, parts, rows)


def listed(folder: Path) -> list[Piece]:
    """Every piece in the folder, from one listing."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - the fastest there is
    except FileNotFoundError:
        return []
    return [piece for piece in map(parse, names) if piece is not None]


def whole(pieces: Iterable[Piece]) -> list[Segment]:
    """Segments all of whose pieces are there."""
    grouped: dict[tuple[int, int, int], list[Piece]] = {}
    for piece in pieces:
        grouped.setdefault((piece.first, piece.last, piece.version), []).append(piece)
    return [
        Segment(*key, tuple(sorted(several)))
        for key, several in grouped.items()
        if len(several) == several[0].parts
    ]


@dataclass(frozen=True)
class Cover:
    """Segments that hold each coordinate up to an end once, and the gaps between."""

    segments: tuple[Segment, ...]
    gaps: tuple[tuple[int, int], ...]

    def names(self) -> list[str]:
        return [piece.name for segment in self.segments for piece in segment.pieces]


def choose(pieces: Iterable[Piece], upto: int) -> Cover:
    """The widest segments that cover 1 to `upto` without overlap.

    Of two with the same bounds the later version counts. A gap, (before, last], is what
    a lost file leaves.
    """
    usable = [segment for segment in whole(pieces) if segment.last <= upto]
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
    return Cover(tuple(chosen), tuple(gaps))


def ordered(facts: pa.Table) -> pa.Table:
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


def save(folder: Path, facts: pa.Table, name: str) -> Path:
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
            row_group_size=ROW_GROUP,
            use_dictionary=REPEATED,
        )
        file.flush()
        os.fsync(file.fileno())
    growing.rename(path)
    return path


def publish(folder: Path, paths: Sequence[Path], pieces: Sequence[Piece]) -> None:
    """Give finished files their names; a segment counts when its last piece has one."""
    for path, piece in zip(paths, pieces, strict=True):
        path.rename(folder / piece.name)


def accounts(path: Path, *, without: Iterable[int]) -> BitMap:
    """Every account that a file names, but for some kinds."""
    held = parquet.read_table(path, columns=["account", "kind"])
    kinds = pa.array(list(without), pa.int32())
    held = held.filter(pc.invert(pc.is_in(held["kind"], value_set=kinds)))
    return bitmaps.of(pc.unique(held["account"].drop_null()).to_numpy())
