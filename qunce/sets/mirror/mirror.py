"""The mirror: a columnar copy of the fact log as Parquet files that DuckDB reads.

Each derivation has a folder of its own. A reader takes the position from the derived
tables, lists the folder once and gives DuckDB the files that cover the log up to there.
It never sees a file that is not in that list.
"""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from django.conf import settings

from qunce.core import db
from qunce.sets import derived_models, duckdb_session, log
from qunce.sets.mirror import files, locks
from qunce.sets.mirror.files import Coverage, FilePart, MirrorFile

GRACE_SECONDS = 120.0
"""How long a reader may still open files that have been superseded."""
TIER_SIZES = (4_096, 65_536, 1_048_576)
"""Files with fewer rows than a tier are merged with neighbours of that tier."""
MIN_FILES_PER_MERGE = 8
MAX_MERGED_FACTS = 2_200_000
"""Facts that one merge may have in memory."""
MirrorIncomplete = files.MirrorIncomplete
_local = threading.local()


@dataclass(frozen=True)
class MirrorPosition:
    """The folder of the mirror, and the coordinate up to which its files count."""

    folder: str
    reached: int


def position() -> MirrorPosition:
    rows = db.rows(
        "SELECT mirror_folder, reached FROM sets_position",
        using=derived_models.db_alias(),
    )
    return MirrorPosition(*rows[0]) if rows else MirrorPosition("", 0)


def folder(name: str) -> Path:
    return Path(settings.MIRROR) / name


def coverage(at: MirrorPosition) -> Coverage:
    if not at.reached:
        return Coverage((), ())
    return files.choose_coverage(files.list_parts(folder(at.folder)), at.reached)


# Reading


def query(sql: str, params: Sequence[Any] = (), **tables: pa.Table) -> pa.Table:
    """The result of a query over the view `facts`, which has the columns `log.SCHEMA`.

    The query sees `tables` under their names. Inside a snapshot of the derived tables,
    `facts` ends at the position of that snapshot.
    """
    for attempt in (1, 2):
        try:
            _update_view(position())
            return duckdb_session.query(sql, params, **tables)
        except duckdb.Error as error:
            _local.view = None
            # A damaged file makes a gap, which the next attempt reports.
            if _set_aside_damaged(position()):
                continue
            # A file of the list was removed after its grace period, so list again.
            if attempt == 2 or not isinstance(error, duckdb.IOException):
                raise
    raise AssertionError


def _set_aside_damaged(at: MirrorPosition) -> bool:
    """Try to read every file; return whether some had to be set aside."""
    found = False
    for name in coverage(at).names():
        try:
            files.read(folder(at.folder) / name)
        except MirrorIncomplete:
            found = True
        except OSError:
            continue
    return found


def _update_view(at: MirrorPosition) -> None:
    """Make this thread's view `facts` read the files that cover `at`."""
    found = coverage(at)
    if found.gaps:
        raise MirrorIncomplete
    names = found.names()
    # The cursor is part of it: after a fork the view does not exist yet.
    view = (at.folder, names, duckdb_session.cursor())
    if getattr(_local, "view", None) == view:
        return
    if names:
        paths = ", ".join(
            "'" + str(folder(at.folder) / name).replace("'", "''") + "'"
            for name in names
        )
        select = f"SELECT * FROM read_parquet([{paths}])"  # noqa: S608 - our own names
    else:
        # read_parquet raises for an empty list, so the columns are spelt out.
        nulls = ", ".join(
            f"CAST(NULL AS {'VARCHAR' if field.type == pa.string() else 'BIGINT'})"
            f" AS {field.name}"
            for field in log.SCHEMA
        )
        select = f"SELECT {nulls} WHERE FALSE"
    duckdb_session.cursor().execute(f"CREATE OR REPLACE TEMP VIEW facts AS {select}")
    _local.view = view


# Writing, by the holder of the deriver's lock


def write(folder_name: str, first: int, last: int, tables: Iterable[pa.Table]) -> int:
    """Write one mirror file from any number of tables; returns the number of facts.

    It is read only once the position covers it. Coordinates without facts are written
    as one empty part.
    """
    target, paths, sizes = folder(folder_name), [], []
    for part, table in enumerate(tables):
        name = f"growing-{first:019}-{part}.parquet"
        paths.append(files.write_part(target, files.sort_facts(table), name))
        sizes.append(table.num_rows)
    if not paths:
        empty = log.SCHEMA.empty_table()
        paths.append(files.write_part(target, empty, f"growing-{first:019}-0.parquet"))
        sizes.append(0)
    parts = [
        FilePart(first, last, 0, part, len(sizes), rows)
        for part, rows in enumerate(sizes)
    ]
    # All parts are complete on the disk before the first one gets its name.
    files.publish(target, paths, parts)
    return sum(sizes)


def prune(at: MirrorPosition, *, grace: float = GRACE_SECONDS) -> None:
    """Remove files that nobody reads: those of a crash now, superseded ones later."""
    root = Path(settings.MIRROR)
    before = time.time() - grace
    # Folders of former derivations.
    for other in root.iterdir() if root.is_dir() else ():
        if other.name != at.folder and other.stat().st_mtime <= before:
            shutil.rmtree(other, ignore_errors=True)
    current = folder(at.folder)
    if not current.is_dir():
        return
    # Files that a killed deriver was writing, and those that cannot be read.
    for path in (*current.glob("growing-*"), *current.glob(f"*{files.DAMAGED}")):
        files.remove(path)
    parts = files.list_parts(current)
    # Files that were published, but whose position was not committed.
    for part in parts:
        if part.last > at.reached:
            (current / part.name).unlink(missing_ok=True)
    # Parts whose range a chosen file has covered for longer than the grace period.
    chosen = files.choose_coverage(parts, at.reached).files
    in_use = {part for file in chosen for part in file.parts}
    for part in parts:
        if part in in_use or part.last > at.reached:
            continue
        over = [f for f in chosen if f.first <= part.first and part.last <= f.last]
        if over and all(
            (current / newer.name).stat().st_mtime <= before for newer in over[0].parts
        ):
            (current / part.name).unlink(missing_ok=True)


# Merging, under a lock of its own, since what it reads and writes never changes


def merge(*, wait: bool = False) -> int:
    """Merge small files until none is left to merge; returns how many were merged."""
    merged = 0
    with locks.acquire(locks.MERGE, wait=wait) as acquired:
        if acquired:
            # Left by a merge that was killed; the deriver's own files have other names.
            for path in folder(position().folder).glob("[0-9]*.tmp"):
                path.unlink(missing_ok=True)
        while acquired:
            at = position()
            run = _next_run(coverage(at))
            if not run:
                break
            current = folder(at.folder)
            names = [part.name for file in run for part in file.parts]
            # In memory, which MAX_MERGED_FACTS bounds to a few hundred megabytes.
            tables = [files.read(current / name) for name in names]
            facts = files.sort_facts(pa.concat_tables(tables))
            part = FilePart(run[0].first, run[-1].last, 0, 0, 1, facts.num_rows)
            # Published by its name alone; the files it replaces stay for readers that
            # have listed them.
            files.write_part(current, facts, part.name)
            merged += len(run)
    return merged


def _next_run(found: Coverage) -> list[MirrorFile]:
    """The first run of enough neighbours of one tier or smaller."""
    for size in TIER_SIZES:
        # The None at the end closes the last run.
        run: list[MirrorFile] = []
        for file in (*found.files, None):
            if (
                file
                and file.rows < size
                and (not run or run[-1].last + 1 == file.first)
            ):
                run.append(file)
                continue
            if len(run) >= MIN_FILES_PER_MERGE:
                sums = itertools.accumulate(merged.rows for merged in run)
                return run[: sum(total <= MAX_MERGED_FACTS for total in sums)]
            run = [file] if file and file.rows < size else []
    return []
