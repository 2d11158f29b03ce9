"""Erases accounts from the log and from all that is derived of it. Safe to do again.

What people see forgets an erased person at once, since the population does; this is the
part behind, which the members' room calls once it has cleared its own rows.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction
from pyarrow import parquet
from pyroaring import BitMap

from qunce.core import db
from qunce.core.facts import facts, ingest
from qunce.sets import derived_models, log
from qunce.sets.bitmaps import attribute_columns as values
from qunce.sets.bitmaps import bitmaps, persisted_sets, presence
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.mirror import deriver, files, locks, mirror
from qunce.sets.mirror.files import FilePart, MirrorFile

ROWS_PER_STATEMENT = 500
_exempt_kinds: set[str] = set()


def exempt(kind: str) -> None:
    """Facts of this kind stay: they say no more than that somebody was erased."""
    _exempt_kinds.add(kind)


def exempt_kind_ids() -> list[int]:
    ids = (facts.find_kind(kind) for kind in sorted(_exempt_kinds))
    return [found for found in ids if found is not None]


def erase(accounts: Iterable[int]) -> int:
    """Remove these accounts' facts from truth, stacks, kept sets and segments.

    Not inside a transaction. Returns the number of facts deleted; facts whose writers
    have not committed yet are found by the next call.
    """
    gone = BitMap(accounts)
    deriver.catch_up()
    with locks.acquire(locks.DERIVER), locks.acquire(locks.MERGE):
        position, _ = deriver.recover()
        deleted = _delete(_facts_of(position, gone))
        _leave_stacks(position, gone)
        _leave_kept(gone)
        _leave_segments(position, gone)
    return deleted


# Truth


def _facts_of(position: Position, gone: BitMap) -> list[int]:
    """Ids of the facts to go, most of them told by the mirror: no index has accounts."""
    found = mirror.query(f"SELECT id FROM facts WHERE {_of(gone)}")  # noqa: S608
    ids = set(found["id"].to_pylist())
    kinds = exempt_kind_ids() or [-1]
    for some in _chunks(sorted(gone)):
        rows = log.list_after(position.reached, None, some)
        ids |= {row[0] for row in rows if row[1] not in kinds}
    return sorted(ids)


def _of(gone: BitMap) -> str:
    accounts = ", ".join(map(str, gone)) or "-1"
    kinds = ", ".join(map(str, exempt_kind_ids())) or "-1"
    return f"account IN ({accounts}) AND kind NOT IN ({kinds})"


def _delete(ids: list[int]) -> int:
    deleted = 0
    for some in _chunks(ids):
        with transaction.atomic():
            _delete_keys(some)
            deleted += db.execute(
                f"DELETE FROM core_fact WHERE id IN ({db.placeholders(len(some))})",  # noqa: S608
                some,
            )
    return deleted


def _delete_keys(ids: Sequence[int]) -> None:
    """SQLite's index of keys is a table of its own; a key that goes may come again."""
    if db.is_postgresql():
        return
    marks = db.placeholders(len(ids))
    rows = db.rows(
        f"SELECT source_id, key FROM core_fact WHERE key IS NOT NULL AND id IN ({marks})",  # noqa: S608
        ids,
    )
    for source in {row[0] for row in rows}:
        keys = [row[1].encode() for row in rows if row[0] == source]
        hashes = ingest.hashes_of(source, keys).tolist()
        db.execute(
            f"DELETE FROM core_factkey WHERE hash IN ({db.placeholders(len(hashes))})"  # noqa: S608
            f" AND fact_id IN ({marks})",
            [*hashes, *ids],
        )
    db.execute(f"DELETE FROM core_factkeyoverflow WHERE fact_id IN ({marks})", ids)  # noqa: S608


def _chunks(ids: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(ids), ROWS_PER_STATEMENT):
        yield ids[start : start + ROWS_PER_STATEMENT]


# Derived


def _leave_stacks(position: Position, gone: BitMap) -> None:
    left = {}
    days = DayCount.objects.exclude(kind_id__in=exempt_kind_ids())
    for day in days.iterator(chunk_size=100):
        stack = BitCounter.from_bytes(day.blob)
        if not stack.nonzero().isdisjoint(gone):
            left[day.community_id, day.kind_id, day.day] = stack.without(gone)
    with transaction.atomic(using=derived_models.db_alias()):
        deriver.save_day_counts(left, position.reached)
        # What is cached under the old token still has them.
        position.token = secrets.token_hex(16)
        position.save(update_fields=["token"])


def _leave_kept(gone: BitMap) -> None:
    """Kept sets with any of them go whole; they are kept again from the rows."""
    for each in PersistedSet.objects.iterator(chunk_size=20):
        if not persisted_sets.account_ids(each.kind, bytes(each.blob)).isdisjoint(gone):
            each.delete()


def _leave_segments(position: Position, gone: BitMap) -> None:
    here = mirror.MirrorPosition(position.mirror, position.reached)
    folder = mirror.folder(here.folder)
    for segment in mirror.coverage(here).segments:
        holding = [piece for piece in segment.pieces if _holds(folder, piece, gone)]
        if holding:
            _rewrite(folder, segment, set(holding), gone)
    mirror.prune(here, grace=0)


def _holds(folder: Path, piece: FilePart, gone: BitMap) -> bool:
    accounts = parquet.read_table(folder / piece.name, columns=["account", "kind"])
    return bool(pc.any(_mask(accounts, gone)).as_py())


def _mask(some: pa.Table, gone: BitMap) -> pa.ChunkedArray:
    theirs = pc.is_in(some["account"], value_set=pa.array(list(gone), pa.int64()))
    stays = pc.is_in(some["kind"], value_set=pa.array(exempt_kind_ids(), pa.int32()))
    return pc.and_not(theirs, stays)


def _rewrite(
    folder: Path, segment: MirrorFile, holding: set[FilePart], gone: BitMap
) -> None:
    """All pieces under the next version, those without the accounts as links."""
    paths, pieces = [], []
    for old in segment.pieces:
        growing = f"growing-{old.first:019}-{old.part}.parquet"
        if old in holding:
            whole = parquet.read_table(folder / old.name)
            left = whole.filter(pc.invert(_mask(whole, gone)))
            paths.append(files.write_part(folder, left, growing))
            rows = left.num_rows
        else:
            os.link(folder / old.name, folder / growing)
            paths.append(folder / growing)
            rows = old.rows
        pieces.append(
            FilePart(old.first, old.last, old.version + 1, old.part, old.parts, rows)
        )
    files.publish(folder, paths, pieces)
