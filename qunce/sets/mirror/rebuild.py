"""Rebuild: derives everything again beside the old data, which stays readable."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.sets import derived_models, log
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.mirror import (
    day_counts,
    derived_files,
    fact_days,
    lineage,
    locks,
    mirror,
)
from qunce.sets.mirror.day_counts import DayCounter
from qunce.sets.mirror.deriver import Progress

if TYPE_CHECKING:
    import pyarrow as pa

Report = Callable[[int, int], object]
"""Called with the number of facts derived and the number of all facts."""


def rebuild_all(report: Report | None = None) -> Progress:
    """Rebuild the mirror, the day counts and the persisted sets.

    The new day counts, the position and the folder of the new files are committed in one
    transaction. If it is killed before that, the next start removes the folder.
    Files that cannot be read are replaced.
    """
    derived_files.replace_damaged()
    with locks.acquire(locks.DERIVER), locks.acquire(locks.MERGE):
        position = Position(
            pk=1,
            lineage=lineage.ensure_current(),
            token=secrets.token_hex(16),
            mirror_folder=secrets.token_hex(16),
        )
        clocks = fact_days.load()
        counter = DayCounter(clocks)
        # Counted only for a progress bar, as it scans the whole table.
        count, total = 0, log.count_after(0) if report else 0
        # Facts that are committed from now on are left to the next catch-up.
        end = log.end()
        for until, tables in log.iter_batches(0, end):
            reported = _report_each(tables, count, total, report)
            first = position.reached + 1
            count += mirror.write(
                position.mirror_folder, first, until, counter.tee(reported)
            )
            position.reached = until
        position.reached, position.last_fact = end, log.fingerprint(end)
        position.clock_revisions = fact_days.dump(clocks)
        counters = counter.counters()
        with transaction.atomic(using=derived_models.db_alias()):
            # Replaced in one transaction, so that readers see the old data or the new,
            # never none.
            for model in (DayCount, PersistedSet, Position):
                model.objects.all().delete()
            day_counts.save(counters, position.reached)
            position.save(force_insert=True)
    # Without the locks: persisted sets are only an aid, and new processes start slower
    # until they are there.
    persisted_sets.save_all()
    return Progress(count, position.reached)


def _report_each(
    tables: Iterator[pa.Table], count: int, total: int, report: Report | None
) -> Iterator[pa.Table]:
    for table in tables:
        yield table
        count += table.num_rows
        if report:
            report(count, total)
