"""The deriver: adds new facts of the log to the mirror and the day counts, each once.

Adding to a count is not idempotent, so day counts and position are committed together.
A batch is first written to the mirror, under a name that nobody reads until the position
covers it. If the process is killed anywhere, the next one continues from the position.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.core import db, timestamps
from qunce.sets import derived_models, log
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.mirror import (
    day_counts,
    fact_days,
    fact_removal,
    lineage,
    locks,
    mirror,
)
from qunce.sets.mirror.day_counts import DayCounter

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from qunce.sets.mirror.fact_days import Clocks


class PositionMoved(Exception):
    """Another process derived although this one has the lock; nothing was committed."""


@dataclass(frozen=True)
class Progress:
    """How many facts a call derived, and the coordinate up to which all are derived."""

    facts: int
    reached: int


def catch_up(
    *, limit: int | None = None, wait: bool = True, merge: bool = True
) -> Progress:
    """Derive all final facts, or stop after the batch that reaches `limit` facts.

    One process derives at a time; with `wait=False` the call returns immediately if
    another one does. With `merge`, small files are merged afterwards, which may take
    seconds. Also repairs what a crash, a restore or a changed clock has left behind.
    """
    with locks.acquire(locks.DERIVER, wait=wait) as acquired:
        if not acquired:
            return Progress(0, mirror.position().reached)
        position, clocks = recover()
        if fact_removal.are_pending():
            # A merge that runs now would copy the withdrawn facts into a new file.
            with locks.acquire(locks.MERGE):
                fact_removal.apply_withdrawals(position, clocks)
        count = 0
        # About 500,000 facts a second on two cores (docs/benchmarks.md). The next count
        # in a serving process sees them within half a second.
        for until, tables in log.iter_batches(position.reached, log.end()):
            count += _derive(position, until, tables, clocks)
            if limit is not None and count >= limit:
                break
    # Outside the deriver's lock, as merging may take seconds and facts go on arriving.
    if merge:
        mirror.merge()
    return Progress(count, position.reached)


def lag() -> int:
    """Facts that are recorded but not derived yet."""
    return log.count_after(mirror.position().reached)


def waiting_since() -> datetime | None:
    """When the oldest fact that is not derived yet was recorded."""
    micros = log.oldest_after(mirror.position().reached)
    return None if micros is None else timestamps.from_micros(micros)


# Recovery: the derived data belongs to this log and these clocks, and no file is missing


def recover() -> tuple[Position, Clocks]:
    """The repaired position to continue from. Requires the deriver's lock."""
    # The database was replaced, or it is an older copy of the same one.
    # Before anything is trusted: the derived data may belong to a database that was
    # replaced.
    token = lineage.ensure_current()
    position = Position.objects.order_by("pk").first()
    if (
        position is None
        or position.lineage != token
        or log.is_different_log(position.reached, position.last_fact)
    ):
        position = reset(token)
    # A crash has left files behind, or a power failure has lost some.
    at = mirror.MirrorPosition(position.mirror_folder, position.reached)
    mirror.prune(at)
    for after, until in mirror.coverage(at).gaps:
        mirror.write(at.folder, after + 1, until, log.read(after, until))
    # A community's clock was changed.
    clocks = fact_days.load()
    for community in fact_days.list_changed(position.clock_revisions, clocks):
        counter = DayCounter(clocks)
        counter.add(
            mirror.query(
                "SELECT community, kind, account, happened_at FROM facts"
                " WHERE community = ?",
                [community],
            )
        )
        counters = counter.counters()
        with transaction.atomic(using=derived_models.db_alias()):
            DayCount.objects.filter(community_id=community).delete()
            day_counts.save(counters, position.reached)
            position.clock_revisions = fact_days.dump(clocks)
            position.token = secrets.token_hex(16)
            position.save(update_fields=["clock_revisions", "token"])
    return position, clocks


def reset(token: str) -> Position:
    """Delete all derived data and start at the first fact; `token` is the lineage."""
    with transaction.atomic(using=derived_models.db_alias()):
        DayCount.objects.all().delete()
        PersistedSet.objects.all().delete()
        Position.objects.all().delete()
        return Position.objects.create(
            lineage=token,
            token=secrets.token_hex(16),
            mirror_folder=secrets.token_hex(16),
            clock_revisions=fact_days.dump(fact_days.load()),
        )


# One batch


def _derive(
    position: Position, until: int, tables: Iterator[pa.Table], clocks: Clocks
) -> int:
    counter, after = DayCounter(clocks), position.reached
    # The files come first. A crash before the commit leaves files behind the position,
    # which `prune` removes.
    facts = mirror.write(position.mirror_folder, after + 1, until, counter.tee(tables))
    counters, last_fact = counter.counters(), log.fingerprint(until)
    with transaction.atomic(using=derived_models.db_alias()):
        # The lock should prevent this; the condition makes a double count impossible.
        unmoved = Position.objects.filter(pk=position.pk, reached=after)
        if not unmoved.update(reached=until, last_fact=last_fact):
            raise PositionMoved
        days_by_kind: dict[tuple[int, int], list[int]] = {}
        for community, kind, day in counters:
            days_by_kind.setdefault((community, kind), []).append(day)
        sums = dict(counters)
        for (community, kind), days in days_by_kind.items():
            for start in range(0, len(days), DAYS_PER_STATEMENT):
                chunk = days[start : start + DAYS_PER_STATEMENT]
                rows = db.rows(
                    f"{SELECT_DAY_COUNTS} ({db.placeholders(len(chunk))})",
                    [community, kind, *chunk],
                    using=derived_models.db_alias(),
                )
                for day, blob in rows:
                    sums[community, kind, day] += BitCounter.from_bytes(blob)
        day_counts.save(sums, until)
    # Only after the commit, because a failed batch is tried again from the old
    # position.
    position.reached, position.last_fact = until, last_fact
    return facts


SELECT_DAY_COUNTS = """
SELECT day, blob FROM sets_day_count
WHERE community_id = %s AND kind_id = %s AND day IN
"""
DAYS_PER_STATEMENT = 1000
