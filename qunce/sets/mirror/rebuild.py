"""Everything derived, made anew from truth beside the old, which is read meanwhile."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.sets import derived_models, log
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.mirror import (
    community_clocks,
    day_counts,
    deriver,
    lineage,
    locks,
    mirror,
)
from qunce.sets.mirror.deriver import Progress

if TYPE_CHECKING:
    import pyarrow as pa

Report = Callable[[int, int], object]
"""Called with the facts done and the facts there are."""


def rebuild_all(progress: Report | None = None) -> Progress:
    """Rebuild the mirror, the stacks and the kept sets; returns the facts derived.

    New stacks, position and the folder of new segments come in one transaction. Killed
    before that, it leaves a folder that the next start removes.
    """
    with locks.acquire(locks.DERIVER), locks.acquire(locks.MERGE):
        position = _begun()
        cutter = day_counts.DayCounter(known := community_clocks.load())
        done, total = 0, log.count_after(0) if progress else 0
        end = log.end()
        for upto, tables in log.iter_batches(0, end):
            first = position.reached + 1
            through = deriver.cut_through(_told(tables, done, total, progress), cutter)
            done += mirror.write(position.mirror, first, upto, through)
            position.reached = upto
        position.reached, position.last = end, log.fingerprint(end)
        position.clocks = community_clocks.dump(known)
        _put_in_place(position, cutter)
    persisted_sets.save_all()
    return Progress(done, position.reached)


def _begun() -> Position:
    return Position(
        pk=1,
        lineage=lineage.ensure_current(),
        token=secrets.token_hex(16),
        mirror=secrets.token_hex(16),
    )


def _told(
    tables: Iterator[pa.Table], done: int, total: int, progress: Report | None
) -> Iterator[pa.Table]:
    for table in tables:
        yield table
        done += table.num_rows
        if progress:
            progress(done, total)


def _put_in_place(position: Position, cutter: day_counts.DayCounter) -> None:
    stacks = cutter.stacks()
    with transaction.atomic(using=derived_models.db_alias()):
        for model in (DayCount, PersistedSet, Position):
            model.objects.all().delete()
        deriver.save_day_counts(stacks, position.reached)
        position.save(force_insert=True)
