"""Counts of facts by person: from the counts of days where these suffice, else the mirror."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter, sum_all
from qunce.sets.rules import daily_hours, fact_queries, streaks, weekdays
from qunce.sets.rules.streaks import Streaks

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.fact_queries import FactFilter
    from qunce.sets.rules.snapshots import Snapshot
    from qunce.sets.rules.time_windows import Window

DAYS = ("days", "days_in_a_row")
WEEKS = ("weeks", "weeks_in_a_row")
STREAKS = (DAYS[1], WEEKS[1])


def needs_mirror(fact_filter: FactFilter, window: Window) -> bool:
    """Whether the counts of days do not say how many facts are in the window."""
    return fact_filter.needs_mirror or bool(window.hours)


def cost(fact_filter: FactFilter, window: Window) -> int:
    return fact_queries.COST if needs_mirror(fact_filter, window) else 1


def version(snap: Snapshot, fact_filter: FactFilter, window: Window) -> Hashable:
    """Today, and the state of the days, or of the log, that a count is read from."""
    if needs_mirror(fact_filter, window):
        now = snap.at if window.hours else snap.today
        return (now, snap.token(), snap.reached())
    # A day's position changes with its facts, so that facts of other days leave the set
    # in the cache.
    days = days_with_facts(snap, fact_filter, *window.range(snap.today))
    return (snap.today, snap.token(), tuple(days.items()))


def days_with_facts(
    snap: Snapshot, fact_filter: FactFilter, first: int, last: int
) -> dict[int, int]:
    """Each day with such facts → the position of its last change."""
    days = snap.changed_days(fact_filter.kind, first, last)
    if not fact_filter.weekdays:
        return days
    chosen = fact_filter.weekdays
    return {
        d: changed for d, changed in days.items() if weekdays.weekday_of(d) in chosen
    }


def day_counters(
    snap: Snapshot, fact_filter: FactFilter, first: int, last: int
) -> list[tuple[int, BitCounter]]:
    """The counts by account on each of these days, in order."""
    days = days_with_facts(snap, fact_filter, first, last)
    return snap.day_counters(fact_filter.kind, days)


def block_of(snap: Snapshot, unit: str, day: int) -> int:
    return day if unit in DAYS else fact_queries.week_of(day, snap.today)


def people_by_block(
    snap: Snapshot, fact_filter: FactFilter, window: Window, unit: str = "days"
) -> dict[int, BitMap]:
    """Each day, or each week counted back from today → its people; none are empty."""
    if needs_mirror(fact_filter, window):
        return fact_queries.people_by_block(snap, fact_filter, window, unit)
    blocks: dict[int, list[BitMap]] = {}
    span = window.range(snap.today)
    for day, counter in day_counters(snap, fact_filter, *span):
        block = block_of(snap, unit, day)
        blocks.setdefault(block, []).append(counter.nonzero())
    return {block: snap.people(bitmaps.union(sets)) for block, sets in blocks.items()}


def people_on_days(
    snap: Snapshot, fact_filter: FactFilter, first: int, last: int
) -> BitMap:
    """People with a fact on any of these days; the filter must not need the mirror."""
    counters = day_counters(snap, fact_filter, first, last)
    return snap.people(bitmaps.union(day.nonzero() for _, day in counters))


def people(snap: Snapshot, fact_filter: FactFilter, window: Window) -> BitMap:
    """People with at least one fact in the window."""
    if daily_hours.can_read(fact_filter):
        kept = version(snap, fact_filter, window)
        return daily_hours.people(snap, fact_filter, window, kept)
    if needs_mirror(fact_filter, window):
        # Accounts of one person are merged there, so a count in the mirror is by
        # person already.
        return fact_queries.times_by_person(snap, fact_filter, window).nonzero()
    return people_on_days(snap, fact_filter, *window.range(snap.today))


def by_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, unit: str = "times"
) -> BitCounter:
    """How many `times`, distinct `days` or distinct `weeks` in the window, by person."""
    if unit != "times":
        # A day or week with facts counts once: one bitmap each, and their sum.
        blocks = people_by_block(snap, fact_filter, window, unit)
        return sum_all(BitCounter.ones(bitmap) for bitmap in blocks.values())
    if needs_mirror(fact_filter, window):
        return fact_queries.times_by_person(snap, fact_filter, window)
    days = days_with_facts(snap, fact_filter, *window.range(snap.today))
    return snap.by_person(snap.sum_days(fact_filter.kind, days))


def streaks_by_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, unit: str
) -> Streaks:
    """How many days or weeks in a row, by person."""
    return Streaks(people_by_block(snap, fact_filter, window, unit))


def days_of_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, person: int
) -> dict[int, int]:
    """Each day in the window on which the person did it → how often."""
    # By day, since two accounts on one day are one day of the person.
    if needs_mirror(fact_filter, window):
        return fact_queries.days_of_person(snap, fact_filter, window, person)
    accounts = snap.aliases.account_ids(person)
    counters = day_counters(snap, fact_filter, *window.range(snap.today))
    counts = {
        day: sum(counter.get(account) for account in accounts)
        for day, counter in counters
    }
    return {day: count for day, count in counts.items() if count}


def of_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, unit: str, person: int
) -> int:
    """Like `by_person` and `streaks_by_person` for one person."""
    counts = days_of_person(snap, fact_filter, window, person)
    if unit == "times":
        return sum(counts.values())
    blocks = {block_of(snap, unit, day) for day in counts}
    return streaks.longest(blocks) if unit in STREAKS else len(blocks)
