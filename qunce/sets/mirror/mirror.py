"""The columnar mirror of the fact log: Parquet segments that DuckDB reads.

Segments lie in a folder of their derivation. A reader takes the position
from `derived`, lists the folder once and gives DuckDB the files that cover the log up to
there; what is not in that list is not there for it.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _
from pyarrow import parquet

from qunce.core import db, errors
from qunce.sets import derived_models, duckdb_session, log
from qunce.sets.mirror import files, locks
from qunce.sets.mirror.files import Coverage, FilePart, MirrorFile

if TYPE_CHECKING:
    from collections.abc import Iterator

GRACE_SECONDS = 120.0
"""Seconds for which a reader may still open files that have been superseded."""
TIER_SIZES = (4_096, 65_536, 1_048_576)
"""Segments below a size are merged with their likes, eight at a time."""
MIN_FILES_PER_MERGE = 8
MAX_MERGED_FACTS = 2_200_000
"""Facts that are merged at once: they are all in memory."""
_local = threading.local()


class MirrorIncomplete(errors.QunceError):
    """A part of the mirror is missing; it is filled in by the next start."""

    def __str__(self) -> str:
        return _("Part of the mirror is missing; the next catch-up will restore it.")


@dataclass(frozen=True)
class MirrorPosition:
    """The folder of the segments, and how far they count."""

    folder: str
    reached: int


def position() -> MirrorPosition:
    rows = db.rows(
        "SELECT mirror, reached FROM sets_position", using=derived_models.db_alias()
    )
    return MirrorPosition(*rows[0]) if rows else MirrorPosition("", 0)


def folder(name: str) -> Path:
    return Path(settings.MIRROR) / name


def coverage(here: MirrorPosition) -> Coverage:
    if not here.reached:
        return Coverage((), ())
    return files.choose_coverage(files.list_parts(folder(here.folder)), here.reached)


def query(sql: str, params: Sequence[Any] = (), **tables: pa.Table) -> pa.Table:
    """What DuckDB answers over the view `facts`: `log.SCHEMA` up to the position.

    `tables` are seen under their names.

    Inside a snapshot of `derived` that is the position of the snapshot.
    """
    for attempt in (1, 2):
        _update_view(position())
        try:
            return duckdb_session.query(sql, params, **tables)
        except duckdb.IOException:
            # A file of the list went after its grace: list anew.
            _local.view = None
            if attempt == 2:
                raise
    raise AssertionError


def _update_view(here: MirrorPosition) -> None:
    """Let this thread's `facts` be the files that cover `here`."""
    found = coverage(here)
    if found.gaps:
        raise MirrorIncomplete
    view = (here.folder, tuple(found.names()), duckdb_session.cursor())
    if getattr(_local, "view", None) == view:
        return
    duckdb_session.cursor().execute(
        f"CREATE OR REPLACE TEMP VIEW facts AS {_files(*view[:2])}"
    )
    _local.view = view


def _files(where: str, names: tuple[str, ...]) -> str:
    if not names:
        empty = ", ".join(
            f"CAST(NULL AS {'VARCHAR' if field.type == pa.string() else 'BIGINT'})"
            f" AS {field.name}"
            for field in log.SCHEMA
        )
        return f"SELECT {empty} WHERE FALSE"
    paths = ", ".join(
        "'" + str(folder(where) / name).replace("'", "''") + "'" for name in names
    )
    return f"SELECT * FROM read_parquet([{paths}])"  # noqa: S608 - our own names


# Writing: by the holder of the tail's lock.


def write(where: str, first: int, last: int, tables: Iterable[pa.Table]) -> int:
    """One segment from any number of tables, read only when the position covers it.

    Returns the number of facts. Coordinates without facts are told by an empty piece.
    """
    here, paths, sizes = folder(where), [], []
    for part, table in enumerate(tables):
        name = f"growing-{first:019}-{part}.parquet"
        paths.append(files.write_part(here, files.sort_facts(table), name))
        sizes.append(table.num_rows)
    if not paths:
        empty = log.SCHEMA.empty_table()
        paths.append(files.write_part(here, empty, f"growing-{first:019}-0.parquet"))
        sizes.append(0)
    pieces = [
        FilePart(first, last, 0, part, len(sizes), rows)
        for part, rows in enumerate(sizes)
    ]
    files.publish(here, paths, pieces)
    return sum(sizes)


def prune(here: MirrorPosition, *, grace: float = GRACE_SECONDS) -> None:
    """Remove what nobody reads: leftovers of a crash at once, the superseded later."""
    root = Path(settings.MIRROR)
    old = time.time() - grace
    for other in root.iterdir() if root.is_dir() else ():
        if other.name != here.folder and other.stat().st_mtime <= old:
            shutil.rmtree(other, ignore_errors=True)
    mine = folder(here.folder)
    if not mine.is_dir():
        return
    for path in mine.glob("growing-*"):
        path.unlink(missing_ok=True)
    pieces = files.list_parts(mine)
    for piece in pieces:
        if piece.last > here.reached:
            (mine / piece.name).unlink(missing_ok=True)
    for piece in _superseded(mine, here, pieces, old):
        (mine / piece.name).unlink(missing_ok=True)


def _superseded(
    mine: Path, here: MirrorPosition, pieces: list[FilePart], old: float
) -> Iterator[FilePart]:
    """Pieces that a chosen segment has stood in for since before `old`."""
    chosen = files.choose_coverage(pieces, here.reached).segments
    kept = {piece for segment in chosen for piece in segment.pieces}
    for piece in pieces:
        if piece in kept or piece.last > here.reached:
            continue
        over = [s for s in chosen if s.first <= piece.first and piece.last <= s.last]
        if over and all(
            (mine / part.name).stat().st_mtime <= old for part in over[0].pieces
        ):
            yield piece


# Merging: under a lock of its own, since what it reads and writes never changes.


def merge(*, wait: bool = False) -> int:
    """Merge small segments upward until none is due; returns how many went in."""
    merged = 0
    with locks.acquire(locks.MERGE, wait=wait) as mine:
        if mine:
            _clear(folder(position().folder))
        while mine:
            here = position()
            run = _next_run(coverage(here))
            if not run:
                break
            _merge(folder(here.folder), run)
            merged += len(run)
    return merged


def _clear(mine: Path) -> None:
    """Remove what a killed merge left; what the tail is writing is called otherwise."""
    for path in mine.glob("[0-9]*.tmp"):
        path.unlink(missing_ok=True)


def _next_run(found: Coverage) -> list[MirrorFile]:
    """The first run of at least eight neighbours of one size or smaller."""
    for most in TIER_SIZES:
        run: list[MirrorFile] = []
        for segment in (*found.segments, None):
            if segment and segment.rows < most and _follows(run, segment):
                run.append(segment)
                continue
            if len(run) >= MIN_FILES_PER_MERGE:
                return _bearable(run)
            run = [segment] if segment and segment.rows < most else []
    return []


def _follows(run: list[MirrorFile], segment: MirrorFile) -> bool:
    return not run or run[-1].last + 1 == segment.first


def _bearable(run: list[MirrorFile]) -> list[MirrorFile]:
    """As many of them as fit into memory at once."""
    total, taken = 0, []
    for segment in run:
        total += segment.rows
        if total > MAX_MERGED_FACTS:
            break
        taken.append(segment)
    return taken


def _merge(mine: Path, run: list[MirrorFile]) -> None:
    names = [piece.name for segment in run for piece in segment.pieces]
    tables = [parquet.read_table(mine / name) for name in names]
    facts = files.sort_facts(pa.concat_tables(tables))
    first, last = run[0].first, run[-1].last
    piece = FilePart(first, last, 0, 0, 1, facts.num_rows)
    files.write_part(mine, facts, piece.name)
