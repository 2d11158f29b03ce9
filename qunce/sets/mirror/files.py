"""The files of the mirror: immutable Parquet files by range of coordinates.

The name of a file contains all that a reader needs: the first and last coordinate, how
many parts the file has and which this is, its rows, and how often it was rewritten.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _
from pyarrow import parquet
from pyroaring import BitMap

from qunce.core import errors
from qunce.sets import log as fact_log
from qunce.sets.bitmaps import bitmaps

log = logging.getLogger(__name__)

DAMAGED = ".damaged"
"""Ends the name of a file that could not be read, until the next catch-up."""
NAME = re.compile(r"(\d{19})-(\d{19})-(\d+)of(\d+)-(\d+)-v(\d+)\.parquet")
ROWS_PER_GROUP = 32_768
"""Rows that share statistics; few, so that one member's timeline reads little."""
DICTIONARY_COLUMNS = ["community", "kind", "grp", "actor", "source", "currency"]


class MirrorIncomplete(errors.Unavailable):
    """A file of the mirror is missing; the next catch-up writes it again."""

    def __str__(self) -> str:
        return _(
            "A part of the counted facts is missing. It is written again now; try again "
            "in a few seconds."
        )


@dataclass(frozen=True, order=True)
class FilePart:
    """One Parquet file: part `part` of the `parts` with first ≤ coordinate ≤ last."""

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
    """All facts with first ≤ coordinate ≤ last, in one or more parts."""

    first: int
    last: int
    version: int
    parts: tuple[FilePart, ...]

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True)
class Coverage:
    """Files that have every coordinate up to an end once, and the gaps between them.

    A gap is (before, last].
    """

    files: tuple[MirrorFile, ...]
    gaps: tuple[tuple[int, int], ...]

    def names(self) -> list[str]:
        return [part.name for file in self.files for part in file.parts]


def parse_name(name: str) -> FilePart | None:
    match = NAME.fullmatch(name)
    if match is None:
        return None
    first, last, part, parts, rows, version = map(int, match.groups())
    return FilePart(first, last, version, part, parts, rows)


def list_parts(folder: Path) -> list[FilePart]:
    """Every part in the folder, from one listing."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - the fastest there is
    except FileNotFoundError:
        return []
    return [part for part in map(parse_name, names) if part is not None]


def choose_coverage(parts: Iterable[FilePart], until: int) -> Coverage:
    """The widest files that cover 1 to `until` without overlap.

    Of two files with the same range the later version is chosen. Files without all of
    their parts are ignored; a lost file leaves a gap.
    """
    grouped: dict[tuple[int, int, int], list[FilePart]] = {}
    for part in parts:
        grouped.setdefault((part.first, part.last, part.version), []).append(part)
    usable = [
        MirrorFile(*key, tuple(sorted(group)))
        for key, group in grouped.items()
        if len(group) == group[0].parts and group[0].last <= until
    ]
    # The widest comes first among files with the same start, then the latest version.
    usable.sort(key=lambda file: (file.first, -file.last, -file.version))
    chosen, gaps, reached = [], [], 0
    for file in usable:
        # Covered by a wider file, which the sort order has put first.
        if file.first <= reached:
            continue
        if file.first > reached + 1:
            gaps.append((reached, file.first - 1))
        chosen.append(file)
        reached = file.last
    if reached < until:
        gaps.append((reached, until))
    return Coverage(tuple(chosen), tuple(gaps))


def sort_facts(facts: pa.Table) -> pa.Table:
    """The facts by community, kind and account, so that row groups have few of each.

    One number per fact makes this three times faster than sorting by columns. The order
    of times inside does not matter, since it prunes nothing.
    """
    # 12 bits for the community, 16 for the kind, 36 for the account.
    keys = facts["community"].to_numpy().astype(np.int64) << 52
    keys |= facts["kind"].to_numpy().astype(np.int64) << 36
    keys |= facts["account"].fill_null(0).to_numpy()
    order = pa.array(np.argsort(keys))
    columns = []
    for column in facts.columns:
        # Taking from one array is several times faster than from a chunked one.
        combined = column.combine_chunks()
        if not isinstance(combined, pa.Array):
            combined = pa.concat_arrays(combined.chunks)
        columns.append(combined.take(order))
    return pa.Table.from_arrays(columns, schema=facts.schema)


def write_part(folder: Path, facts: pa.Table, name: str) -> Path:
    """Write a file that exists completely or not at all, even after a power failure.

    Its name may be lost then; that is a gap, which the next start fills.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, unfinished = folder / name, folder / f"{name}.tmp"
    with unfinished.open("wb") as file:
        parquet.write_table(
            facts.cast(fact_log.SCHEMA),
            file,
            compression="lz4",
            row_group_size=ROWS_PER_GROUP,
            use_dictionary=DICTIONARY_COLUMNS,
        )
        file.flush()
        os.fsync(file.fileno())
    # Only a file whose content is on the disk gets its name.
    unfinished.rename(path)
    return path


def publish(folder: Path, paths: Sequence[Path], parts: Sequence[FilePart]) -> None:
    """Give written files their names; a mirror file counts once its last part has one."""
    for path, part in zip(paths, parts, strict=True):
        path.rename(folder / part.name)


def read(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a part. One that is damaged is set aside, and MirrorIncomplete raised."""
    try:
        if path.is_dir():
            raise pa.ArrowInvalid("a folder")
        return parquet.read_table(path, columns=columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        # Errors of the system say nothing about the content, such as too many open files.
        if getattr(error, "errno", None) or not path.exists():
            raise
        set_aside(path)
        raise MirrorIncomplete from error


def set_aside(path: Path) -> None:
    """Take a damaged part out of the mirror: the gap is filled by the next catch-up."""
    log.warning("%s cannot be read and is set aside", path)
    aside = path.with_name(path.name + DAMAGED)
    remove(aside)
    path.rename(aside)


def remove(path: Path) -> None:
    """Delete a file, or a folder in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def read_accounts(path: Path, *, without: Iterable[int]) -> BitMap:
    """Every account in a file, ignoring facts of the kinds `without`."""
    facts = read(path, ["account", "kind"])
    kinds = pa.array(list(without), pa.int32())
    facts = facts.filter(pc.invert(pc.is_in(facts["kind"], value_set=kinds)))
    return bitmaps.of(pc.unique(facts["account"].drop_null()).to_numpy())
