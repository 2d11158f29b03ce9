"""The streaks of a check-in as arrays, brought up to date by the rows that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import db

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.sets.rules.snapshots import Snapshot

REVISION = "streak"
"""The kind of the revisions of check-ins."""
MAX_CHANGED = 50_000
"""Above this many changed rows the whole table is read again."""


@dataclass(frozen=True)
class StreakTable:
    """Parallel arrays, shape (n,), ascending by person; a length of 0 is no streak."""

    people: NDArray[np.int64]
    last_days: NDArray[np.int64]
    lengths: NDArray[np.int64]


def get(snap: Snapshot, activity: int) -> StreakTable:
    """The streaks of one check-in at the moment of a snapshot."""
    return snap.cached(
        "streaks",
        (REVISION, activity),
        lambda: _read(activity, -1),
        lambda old, since: _refresh(activity, old, since),
    )


def _read(activity: int, since: int) -> StreakTable:
    rows = db.rows(
        "SELECT person_id, last_day, length FROM activities_streak"
        " WHERE activity_id = %s AND rev > %s ORDER BY person_id",
        [activity, since],
    )
    people, days, lengths = zip(*rows, strict=True) if rows else ((), (), ())
    return StreakTable(
        np.array(people, dtype=np.int64),
        _to_numbers(days),
        np.array(lengths, dtype=np.int64),
    )


def _to_numbers(days: tuple[object, ...]) -> NDArray[np.int64]:
    """Days since 1970-01-01, from dates or, in SQLite, their texts."""
    return np.array(days, dtype="datetime64[D]").astype(np.int64)


def _refresh(activity: int, old: StreakTable, since: int) -> StreakTable:
    new = _read(activity, since)
    if len(new.people) > MAX_CHANGED:
        return _read(activity, -1)
    kept = ~np.isin(old.people, new.people, assume_unique=True)
    people = np.concatenate([old.people[kept], new.people])
    order = np.argsort(people)
    return StreakTable(
        people[order],
        np.concatenate([old.last_days[kept], new.last_days])[order],
        np.concatenate([old.lengths[kept], new.lengths])[order],
    )
