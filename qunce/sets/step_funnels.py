"""Funnels of facts: how far each person came through some steps.

Unlike `funnels`, which counts the parts of a rule, a step here is a kind of fact, and the
times of the facts decide. A funnel in order means what the clause `seq` means: step n has
the people whom `seq` selects with the first n steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import community_days, number_arrays, timestamps
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import fact_queries, snapshots
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

MISSING = -1


@dataclass(frozen=True)
class Definition:
    """`duration` limits the microseconds from the first to the last step, None does not.

    All facts are in `during`. In order, each step is strictly later than the one before;
    otherwise the steps may come in any order, and one fact may count for two of them.
    """

    steps: tuple[FactFilter, ...]
    duration: int | None
    during: Window
    in_order: bool


@dataclass(frozen=True)
class Progress:
    """Everyone with a fact of the first step, by person; arrays of shape (n,).

    `depths` are numbers of steps, at least 1. `times` has a row per person with the
    microsecond of each step that was reached, else MISSING. `last_starts` are the latest
    facts that a further attempt could begin with.
    """

    people: Ints
    depths: Ints
    times: Ints
    last_starts: Ints

    def reached(self, step: int) -> BitMap:
        """The people with at least the first `step` steps."""
        return bitmaps.of(self.people[self.depths >= step])

    def among(self, people: BitMap) -> Progress:
        """The same of some people only."""
        # A table of flags, as a search for each person would take ten times as long.
        size = int(max(self.people.max(initial=0), people.max() if people else 0)) + 1
        flags = np.zeros(size, dtype=bool)
        flags[bitmaps.array_of(people)] = True
        rows = flags[self.people]
        return Progress(
            self.people[rows],
            self.depths[rows],
            self.times[rows],
            self.last_starts[rows],
        )


def measure(*, community: Community, definition: Definition, at: datetime) -> Progress:
    """How far everyone came. Staff accounts are in it; the caller chooses who counts."""

    def read(snap: Snapshot) -> Progress:
        keys = [key for step in definition.steps for key in step.dependencies()]
        snap.load_revisions(keys)
        revs = tuple(snap.revisions[key] for key in sorted(snap.revisions))
        # Exact hours move with every moment, days do not.
        now = snap.at if definition.during.hours else snap.today
        clock = (community.timezone, community.day_start)
        version = (revs, clock, now, snap.token(), snap.reached())
        arrays = snap.memoize(
            ("step funnel", definition), version, lambda: _load(snap, definition)
        )
        return Progress(*arrays)

    return snapshots.run(community, at, read)


def end_of(definition: Definition, community: Community, at: datetime) -> int:
    """The microsecond at which the funnel's time ends: that of its days, or now."""
    now = timestamps.to_micros(at)
    if definition.during.hours:
        return now
    _first, last = definition.during.range(community.day(at))
    clock = community.timezone, community.day_start
    return min(now, community_days.start_of(*clock, last + 1))


def _load(snap: Snapshot, definition: Definition) -> tuple[Ints, Ints, Ints, Ints]:
    steps = _read_steps(snap, definition)
    size = len(steps)
    if not len(steps[0][0]):
        nobody = np.empty(0, np.int64)
        return nobody, nobody, np.empty((0, size), np.int64), nobody
    keys = _Keys.of(steps)
    follow = _follow if definition.in_order else _gather
    starts, times = follow(keys, definition.duration)
    depths, going = np.zeros(len(starts), np.int64), np.ones(len(starts), dtype=bool)
    for step in range(size):
        # A step counts only if all steps before it do.
        going &= times[:, step] != MISSING
        depths += going
    return _best(keys.people_of(starts), keys.times_of(starts), depths, times)


def _read_steps(snap: Snapshot, definition: Definition) -> list[tuple[Ints, Ints]]:
    """People and times of the facts of each step, as far as they can matter."""
    found: list[tuple[Ints, Ints]] = []
    flags: NDArray[Any] = np.zeros(0, dtype=bool)
    for step in definition.steps:
        people, micros = fact_queries.list_times(snap, step, definition.during)
        if found:
            # Who did not take the step before cannot take this one.
            rows = np.zeros(len(people), dtype=bool)
            known = people < len(flags)
            rows[known] = flags[people[known]]
            people, micros = people[rows], micros[rows]
        flags = np.zeros(int(people.max(initial=-1)) + 1, dtype=bool)
        flags[people] = True
        found.append((people, micros))
    return found


@dataclass(frozen=True)
class _Keys:
    """The facts of each step as sorted integers, in which the person comes first.

    The lower `bits` of a key are the time: its distance from `low`, or its rank in
    `clock` where the distance would not fit into 63 bits beside the person.
    """

    steps: list[Ints]
    bits: int
    low: int
    clock: Ints | None

    @classmethod
    def of(cls, steps: Sequence[tuple[Ints, Ints]]) -> _Keys:
        times = np.concatenate([micros for _people, micros in steps])
        low, high = int(times.min()), int(times.max())
        bits, clock = (high - low).bit_length(), None
        most = max(int(people.max(initial=0)) for people, _micros in steps)
        if most.bit_length() + bits > 63:
            clock = number_arrays.unique(times)
            bits = len(clock).bit_length()
        keys = []
        for people, micros in steps:
            when = micros - low if clock is None else np.searchsorted(clock, micros)
            keys.append(np.sort(people << bits | when))
        return cls(keys, bits, low, clock)

    def people_of(self, keys: Ints) -> Ints:
        return keys >> self.bits

    def times_of(self, keys: Ints) -> Ints:
        when = keys & (1 << self.bits) - 1
        return when + self.low if self.clock is None else self.clock[when]

    def next_of(
        self, step: int, keys: Ints, side: Any
    ) -> tuple[Ints, NDArray[np.bool_]]:
        """The first fact of a step after each key, and whether the person has one."""
        later = self.steps[step]
        if not len(later):
            return keys, np.zeros(len(keys), dtype=bool)
        index = np.searchsorted(later, keys, side=side)
        found = later[np.minimum(index, len(later) - 1)]
        is_same = (found ^ keys) >> self.bits == 0
        return found, is_same & (index < len(later))


def _follow(keys: _Keys, duration: int | None) -> tuple[Ints, Ints]:
    """From each fact of the first step, the earliest possible next ones, in order."""
    starts = here = number_arrays.drop_repeated(keys.steps[0])
    began = keys.times_of(starts)
    times = np.full((len(starts), len(keys.steps)), MISSING, dtype=np.int64)
    times[:, 0] = began
    # Only those who came so far are looked at again.
    rows = np.arange(len(starts))
    for step in range(1, len(keys.steps)):
        found, going = keys.next_of(step, here, "right")
        when = keys.times_of(found)
        if duration is not None:
            going &= when - began[rows] <= duration
        rows, here = rows[going], found[going]
        times[rows, step] = when[going]
    return starts, times


def _gather(keys: _Keys, duration: int | None) -> tuple[Ints, Ints]:
    """From each fact of any step, the first one of every step at or after it."""
    starts = number_arrays.unique(np.concatenate(keys.steps))
    began = keys.times_of(starts)
    times = np.full((len(starts), len(keys.steps)), MISSING, dtype=np.int64)
    for step in range(len(keys.steps)):
        found, exists = keys.next_of(step, starts, "left")
        when = keys.times_of(found)
        if duration is not None:
            exists = exists & (when - began <= duration)
        times[exists, step] = when[exists]
    # An attempt without the first step is none.
    is_attempt = times[:, 0] != MISSING
    return starts[is_attempt], times[is_attempt]


def _best(
    people: Ints, began: Ints, depths: Ints, times: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Of each person the attempt that came farthest, the first of equal ones.

    The rows are sorted by person and time.
    """
    is_first = np.ones(len(people), dtype=bool)
    is_first[1:] = people[1:] != people[:-1]
    bounds = np.flatnonzero(is_first)
    farthest = np.maximum.reduceat(depths, bounds)
    sizes = np.diff(bounds, append=len(people))
    candidates = np.flatnonzero(depths == np.repeat(farthest, sizes))
    owners = people[candidates]
    is_best = np.ones(len(owners), dtype=bool)
    is_best[1:] = owners[1:] != owners[:-1]
    rows = candidates[is_best]
    last_starts = began[bounds + sizes - 1]
    depth = depths[rows]
    reached = np.arange(times.shape[1]) < depth[:, None]
    return people[rows], depth, np.where(reached, times[rows], MISSING), last_starts
