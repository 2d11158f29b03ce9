"""People by the hours of the day at which they have facts.

A page that compares parts of the day asks for one after the other, so that all 24 hours
are read at once and kept.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import fact_queries, times_of_day

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.sets.rules.fact_queries import FactFilter
    from qunce.sets.rules.snapshots import Snapshot
    from qunce.sets.rules.time_windows import Window

    Ints = NDArray[np.int64]

HOURS = 24
MINUTES = 60


def can_read(fact_filter: FactFilter) -> bool:
    """Whether the times of day are full hours, of facts with any payload."""
    if fact_filter.hours is None or fact_filter.where:
        return False
    return not any(minutes % MINUTES for minutes in fact_filter.hours)


def people(
    snap: Snapshot, fact_filter: FactFilter, window: Window, version: Hashable
) -> BitMap:
    """People with at least one fact of the filter in the window.

    `version` is what the facts of the window depend on.
    """
    first, last = (minutes // MINUTES for minutes in fact_filter.hours or (0, 0))
    chosen = range(first, last if first < last else last + HOURS)
    mask = sum(1 << hour % HOURS for hour in chosen)
    # Without the label, which says the times of day.
    others = dataclasses.replace(fact_filter, hours=None, label="")
    clock = (snap.community.timezone, snap.community.day_start)
    owners, hours = snap.memoize(
        ("hours of day", others, window),
        (snap.version(()), clock, version),
        lambda: _read(snap, others, window),
    )
    return bitmaps.of(np.unique(owners[hours & mask != 0]))


def _read(snap: Snapshot, fact_filter: FactFilter, window: Window) -> tuple[Ints, Ints]:
    """People, who repeat for several accounts, and their hours as bits."""
    time = times_of_day.local_time_sql(snap, fact_filter.kind)
    if time is None:
        nobody = np.empty(0, np.int64)
        return nobody, nobody
    hour = f"CAST({time} // {times_of_day.MICROS_OF_MINUTE * MINUTES} AS INTEGER)"
    return fact_queries.aggregate_by_account(
        snap, fact_filter, window, f"bit_or(1 << {hour})"
    )
