"""Scores of everybody and of one person, as of a community day.

Both take a part's measure in whole hundredths, and the rest is arithmetic of
`definitions`, so that a member's page and a rule have the same number.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import community_days, db, exchange_rates
from qunce.members.clauses import lifecycle
from qunce.members.scores import definitions, presets
from qunce.members.scores.definitions import (
    DAYS,
    MAX_CAP,
    REPEATS,
    SCALE,
    SUM,
    TENURE,
    TIMES,
    Definition,
    Part,
)
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import fact_counts, fact_queries, snapshots, time_windows

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.revisions import Key
    from qunce.sets.rules.fact_queries import FactFilter
    from qunce.sets.rules.payload_numbers import Totals
    from qunce.sets.rules.snapshots import Snapshot
    from qunce.sets.rules.time_windows import Window

    Ints = NDArray[np.int64]

KEY: Key = ("score", 0)
"""The revision of all definitions of a community."""
KEYS: tuple[Key, ...] = (KEY, (exchange_rates.REVISION, 0))
"""What a score depends on besides facts and who is known."""
MAX_PRODUCT = 2**62
"""Products up to here are computed as 64-bit integers."""

# Definitions

Versions = Sequence[tuple[int, Any]]
"""The first day and the spec of each version, in order."""


def load_versions(community: Community) -> dict[str, Versions]:
    """Score → its versions. The first one of each holds for all days before, too."""
    found: dict[str, list[tuple[int, Any]]] = {
        key: [(time_windows.NEVER, score.build())]
        for key, score in presets.PRESETS.items()
    }
    rows = db.rows(
        "SELECT s.key, v.day, v.spec FROM members_scoreversion v"
        " JOIN members_score s ON s.id = v.score_id WHERE s.community_id = %s"
        " ORDER BY v.day, v.id",
        [community.pk],
    )
    for key, day, spec in rows:
        found.setdefault(key, []).append((day, json.loads(spec)))
    return dict(found)


def spec_on(versions: Versions, day: int) -> Any:
    """The spec that holds on a day."""
    begun = [spec for first, spec in versions if first <= day]
    return begun[-1] if begun else versions[0][1]


def versions_of(snap: Snapshot, key: str) -> Versions | None:
    """The versions of a score; None if there is no such score."""

    def load() -> dict[str, Versions]:
        return load_versions(snap.community)

    found = snap.cached("scores", KEY, load, lambda old, since: load())
    return found.get(key)


def definition_on(snap: Snapshot, key: str, day: int) -> Definition | None:
    """The definition of a score on a day; None if there is no such score."""
    versions = versions_of(snap, key)
    if versions is None:
        return None
    # Not kept, as a kind of fact gets its number with its first fact.
    return definitions.load(spec_on(versions, day), snap.community)


def version(snap: Snapshot, definition: Definition, day: int) -> Hashable:
    """What the scores depend on, besides presence, merges and the clock."""
    rates = snap.revisions[(exchange_rates.REVISION, 0)]
    return day, rates, tuple(_version(snap, part, day) for part in definition.parts)


def _version(snap: Snapshot, part: Part, day: int) -> Hashable:
    if part.facts is None:
        return ()
    if part.by == SUM:
        return snap.token(), snap.reached()
    return fact_counts.version(snap, part.facts, _window(part, day))


def _window(part: Part, day: int) -> Window:
    return time_windows.between_days(day - part.within + 1, day)


# Everybody


@dataclass(frozen=True)
class Scores:
    """The scores of everyone known, in tenths: people ascending, shapes (n,)."""

    people: Ints
    tenths: Ints

    def among(self, people: BitMap) -> Ints:
        """The scores of these people, in tenths."""
        return self.tenths[np.isin(self.people, bitmaps.array_of(people))]


def of_everybody(snap: Snapshot, definition: Definition, day: int) -> Scores:
    """The scores at the end of a day, computed by the facts known now."""

    def compute() -> tuple[Ints, Ints]:
        people = bitmaps.array_of(snap.known()).astype(np.int64)
        size = int(people.max(initial=-1)) + 1
        points = np.zeros(size, dtype=np.int64)
        for part in definition.parts:
            owners, numbers = _measure_kept(snap, part, day)
            inside = owners < size
            capped = np.minimum(numbers[inside], part.cap * SCALE)
            points[owners[inside]] += part.weight * capped
        return people, definition.to_tenths(points[people])

    kept = (snap.version(()), _clock(snap), version(snap, definition, day))
    return Scores(*snap.memoize(("scores", definition, day), kept, compute))


def read(
    community: Community, key: str, at: datetime, *, day: int | None = None
) -> Scores:
    """The scores of a day, today if it is left out, by the weights of that day.

    Nobody has a score that has been deleted.
    """

    def compute(snap: Snapshot) -> Scores:
        snap.load_revisions(KEYS)
        then = snap.today if day is None else min(day, snap.today)
        definition = definition_on(snap, key, then)
        if definition is None:
            nobody = np.zeros(0, dtype=np.int64)
            return Scores(nobody, nobody)
        return of_everybody(snap, definition, then)

    return snapshots.run(community, at, compute)


def read_draft(community: Community, definition: Definition, at: datetime) -> Scores:
    """The scores of today by a definition that is not saved."""

    def compute(snap: Snapshot) -> Scores:
        snap.load_revisions(KEYS)
        return of_everybody(snap, definition, snap.today)

    return snapshots.run(community, at, compute)


def count_read(
    community: Community, definition: Definition, key: str, at: datetime
) -> int:
    """How many facts of the log a draft of the score `key` reads one by one.

    Parts that the score has already, with any weight and cap, are measured for itself.
    """

    def compute(snap: Snapshot) -> int:
        snap.load_revisions(KEYS)
        current = definition_on(snap, key, snap.today)
        measured = {_without_weight(part) for part in current.parts} if current else ()
        parts = {_without_weight(part) for part in definition.parts}.difference(
            measured
        )
        return sum(_count_read(snap, part) for part in parts)

    return snapshots.run(community, at, compute)


def _without_weight(part: Part) -> Part:
    return dataclasses.replace(part, weight=0, cap=0)


def _count_read(snap: Snapshot, part: Part) -> int:
    if part.facts is None or not part.needs_mirror:
        return 0
    span = _window(part, snap.today).range(snap.today)
    counters = fact_counts.day_counters(snap, part.facts, *span)
    return sum(counter.total(counter.nonzero()) for _day, counter in counters)


def _clock(snap: Snapshot) -> Hashable:
    return snap.community.timezone, snap.community.day_start


def _measure_kept(snap: Snapshot, part: Part, day: int) -> tuple[Ints, Ints]:
    """Like `measure`, kept until a fact of the part or a person changes.

    Weight and cap are no part of it, so that a preview of other weights counts nothing.
    """
    name = ("score part", part.by, part.facts, part.field, part.within, part.half_life)
    rates = snap.revisions[(exchange_rates.REVISION, 0)]
    kept = (snap.version(()), _clock(snap), rates, _version(snap, part, day))
    return snap.memoize(
        (*name, part.places, day), kept, lambda: measure(snap, part, day)
    )


def measure(snap: Snapshot, part: Part, day: int) -> tuple[Ints, Ints]:
    """People, each once, and their measure in hundredths, not capped."""
    if part.by == TENURE:
        people, joined = lifecycle.joined_times(snap)
        return people, SCALE * np.maximum(day - days_of(snap, joined), 0)
    if part.facts is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    window = _window(part, day)
    if part.by == SUM:
        totals = fact_queries.numbers_by_person(snap, part.facts, window, part.field)
        return totals.people, to_hundredths(totals, part)
    if part.half_life is not None:
        return _measure_fading(snap, part, part.facts, window, day)
    unit = DAYS if part.by == DAYS else TIMES
    people, counts = fact_counts.by_person(snap, part.facts, window, unit).arrays()
    return people, SCALE * (counts - 1 if part.by == REPEATS else counts)


def _measure_fading(
    snap: Snapshot, part: Part, facts: FactFilter, window: Window, day: int
) -> tuple[Ints, Ints]:
    size = int(bitmaps.array_of(snap.known()).max(initial=0)) + 1
    total = np.zeros(size, dtype=np.int64)
    for date, people, counts in _by_day(snap, part, facts, window):
        inside = people < size
        # add.at, as somebody may be there once for each fact.
        np.add.at(total, people[inside], counts[inside] * part.factor(day - date))
    found = np.flatnonzero(total)
    return found, total[found]


def _by_day(
    snap: Snapshot, part: Part, facts: FactFilter, window: Window
) -> Iterable[tuple[int, Ints, Ints]]:
    """Each day with its people and how much of the measure they have on it."""
    if part.by == DAYS:
        blocks = fact_counts.people_by_block(snap, facts, window, "days")
        for date, who in blocks.items():
            people = bitmaps.array_of(who).astype(np.int64)
            yield date, people, np.ones(len(people), dtype=np.int64)
    elif fact_counts.needs_mirror(facts, window):
        people, micros = fact_queries.list_times(snap, facts, window)
        dates = days_of(snap, micros)
        for date in np.unique(dates).tolist():
            own = people[dates == date]
            yield date, own, np.ones(len(own), dtype=np.int64)
    else:
        span = window.range(snap.today)
        for date, counter in fact_counts.day_counters(snap, facts, *span):
            yield date, *snap.by_person(counter).arrays()


def days_of(snap: Snapshot, micros: Ints) -> Ints:
    zone, start = snap.community.timezone, snap.community.day_start
    return community_days.days_of(zone, start, micros)


def to_hundredths(totals: Totals, part: Part) -> Ints:
    """Sums of a field in hundredths, rounded down; less than nothing is nothing."""
    unit = totals.unit * 10**part.places
    sums = totals.sums
    if MAX_CAP * unit * SCALE > MAX_PRODUCT:
        sums = sums.astype(object)
    # Beyond any cap nothing counts, so that large numbers need not be multiplied.
    hundredths: Ints = np.clip(sums, 0, MAX_CAP * unit) * SCALE // unit
    return hundredths.astype(np.int64)


# One person


@dataclass(frozen=True)
class PartScore:
    """What a part gives one person. `measured` is in hundredths, `points` in
    ten-thousandths.
    """

    part: Part
    measured: int

    @property
    def counted(self) -> int:
        """What counts of it, in hundredths."""
        return min(self.measured, self.part.cap * SCALE)

    @property
    def points(self) -> int:
        return self.part.weight * self.counted


@dataclass(frozen=True)
class PersonScore:
    definition: Definition
    parts: tuple[PartScore, ...]

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)

    @property
    def tenths(self) -> int:
        return self.definition.to_tenths(self.points)


def of_person(
    snap: Snapshot, definition: Definition, day: int, person: int
) -> PersonScore:
    """The score of one person with what each part gives, without counting others."""
    parts = (
        PartScore(part, measure_of_person(snap, part, day, person))
        for part in definition.parts
    )
    return PersonScore(definition, tuple(parts))


def measure_of_person(snap: Snapshot, part: Part, day: int, person: int) -> int:
    """Like `measure` for one person."""
    if part.by == TENURE:
        return SCALE * max(day - joined_day(snap, person, day), 0)
    if part.facts is None:
        return 0
    window = _window(part, day)
    if part.by == SUM:
        totals = fact_queries.numbers_of_person(
            snap, part.facts, window, part.field, person
        )
        return int(to_hundredths(totals, part).sum())
    counts = fact_counts.days_of_person(snap, part.facts, window, person)
    return _measure_days(part, counts, day)


def joined_day(snap: Snapshot, person: int, default: int) -> int:
    """The day on which a person joined first."""
    people, joined = lifecycle.joined_times(snap)
    own = days_of(snap, joined[people == person]).tolist()
    return own[0] if own else default


def _measure_days(part: Part, counts: Mapping[int, int], day: int) -> int:
    """The measure in hundredths, from how often something was done on each day."""
    if part.by == REPEATS:
        return SCALE * max(sum(counts.values()) - 1, 0)
    return sum(
        (1 if part.by == DAYS else count) * part.factor(day - date)
        for date, count in counts.items()
    )
