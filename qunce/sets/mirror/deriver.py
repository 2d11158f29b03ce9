"""Deriving: the log's new facts into the mirror and the stacks, each exactly once.

Adding to a stack is not idempotent, so stacks and position are committed together. A
batch is first written to the mirror, under a name that nobody reads until the position
covers it; kill the process anywhere, and the next one goes on from the position.
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
from qunce.sets.mirror import community_clocks, day_counts, locks, mirror
from qunce.sets.mirror import lineage as mirror_lineage

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from qunce.sets.mirror.community_clocks import Clocks
    from qunce.sets.mirror.day_counts import Day, DayCounter


@dataclass(frozen=True)
class Progress:
    """Facts derived by this call, and the coordinate up to which all now are."""

    facts: int
    reached: int


def catch_up(
    *, most: int | None = None, wait: bool = True, tidy: bool = True
) -> Progress:
    """Derive what is settled but not derived yet; at least `most` facts if so many wait.

    One at a time: with `wait=False` it leaves at once where somebody else is at it.
    With `tidy`, small segments are merged afterwards, which may take seconds.
    Also repairs what a crash, a restore or a changed clock has left behind.
    """
    with locks.acquire(locks.DERIVER, wait=wait) as mine:
        if not mine:
            return Progress(0, mirror.position().reached)
        position, known = recover()
        done = 0
        for upto, tables in log.iter_batches(position.reached, log.end()):
            done += _derive(position, upto, tables, known)
            if most is not None and done >= most:
                break
    if tidy:
        mirror.merge()
    return Progress(done, position.reached)


def lag() -> int:
    """Facts that are recorded but not derived yet."""
    return log.count_after(mirror.position().reached)


def waiting_since() -> datetime | None:
    """When the oldest fact that is not derived yet was recorded."""
    micros = log.oldest_after(mirror.position().reached)
    return None if micros is None else timestamps.from_micros(micros)


# Starting: what was derived is of this truth, by these clocks, with all its files.


def recover() -> tuple[Position, Clocks]:
    """The position to go on from, mended. Needs the tail's lock."""
    lineage = mirror_lineage.ensure_current()
    position = Position.objects.order_by("pk").first()
    if (
        position is None
        or position.lineage != lineage
        or log.is_different_log(position.reached, position.last)
    ):
        position = reset(lineage)
    here = mirror.MirrorPosition(position.mirror, position.reached)
    mirror.prune(here)
    for after, upto in mirror.coverage(here).gaps:
        mirror.write(here.folder, after + 1, upto, log.read(after, upto))
    known = community_clocks.load()
    for community in community_clocks.list_changed(position.clocks, known):
        _recount_days(position, community, known)
    return position, known


def reset(lineage: str) -> Position:
    """Drop all that is derived and begin at the first fact."""
    with transaction.atomic(using=derived_models.db_alias()):
        DayCount.objects.all().delete()
        PersistedSet.objects.all().delete()
        Position.objects.all().delete()
        return Position.objects.create(
            lineage=lineage,
            token=secrets.token_hex(16),
            mirror=secrets.token_hex(16),
            clocks=community_clocks.dump(community_clocks.load()),
        )


def _recount_days(position: Position, community: int, known: Clocks) -> None:
    """Cut a community's facts into days by the clock that it has now."""
    cutter = day_counts.DayCounter(known)
    cutter.add(
        mirror.query(
            "SELECT community, kind, account, happened_at FROM facts"
            " WHERE community = ?",
            [community],
        )
    )
    cut = cutter.stacks()
    with transaction.atomic(using=derived_models.db_alias()):
        DayCount.objects.filter(community_id=community).delete()
        save_day_counts(cut, position.reached)
        position.clocks, position.token = (
            community_clocks.dump(known),
            secrets.token_hex(16),
        )
        position.save(update_fields=["clocks", "token"])


# One batch.


def _derive(
    position: Position, upto: int, tables: Iterator[pa.Table], known: Clocks
) -> int:
    cutter, after = day_counts.DayCounter(known), position.reached
    cut_now = cut_through(tables, cutter)
    facts = mirror.write(position.mirror, after + 1, upto, cut_now)
    cut, last = cutter.stacks(), log.fingerprint(upto)
    with transaction.atomic(using=derived_models.db_alias()):
        mine = Position.objects.filter(pk=position.pk, reached=after)
        if not mine.update(reached=upto, last=last):
            raise PositionMoved
        save_day_counts(_added(cut), upto)
    position.reached, position.last = upto, last
    return facts


class PositionMoved(Exception):
    """Somebody else derived although we hold the lock: nothing was committed."""


def cut_through(tables: Iterator[pa.Table], cutter: DayCounter) -> Iterator[pa.Table]:
    for table in tables:
        cutter.add(table)
        yield table


SELECT_DAY_COUNTS = """
SELECT day, blob FROM sets_day_count
WHERE community_id = %s AND kind_id = %s AND day IN
"""
UPSERT_DAY_COUNT = """
INSERT INTO sets_day_count (community_id, kind_id, day, changed, blob)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (community_id, kind_id, day) DO UPDATE
SET changed = excluded.changed, blob = excluded.blob
"""


def _added(cut: dict[Day, BitCounter]) -> dict[Day, BitCounter]:
    """These stacks on top of what is stored for their days."""
    wanted: dict[tuple[int, int], list[int]] = {}
    for community, kind, day in cut:
        wanted.setdefault((community, kind), []).append(day)
    whole = dict(cut)
    for (community, kind), several in wanted.items():
        for start in range(0, len(several), 1000):
            some = several[start : start + 1000]
            rows = db.rows(
                f"{SELECT_DAY_COUNTS} ({db.placeholders(len(some))})",
                [community, kind, *some],
                using=derived_models.db_alias(),
            )
            for day, blob in rows:
                whole[community, kind, day] += BitCounter.from_bytes(blob)
    return whole


def save_day_counts(stacks: dict[Day, BitCounter], changed: int) -> None:
    """Write days as they are now, inside a transaction of `derived`."""
    with transaction.get_connection(derived_models.db_alias()).cursor() as cursor:
        cursor.executemany(
            UPSERT_DAY_COUNT,
            [(*day, changed, stack.to_bytes()) for day, stack in stacks.items()],
        )
