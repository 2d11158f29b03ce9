"""When people joined the community, left it and came back, by community day.

A person is in the community while at least one of their accounts is. So a person joins
once, with the first account, and leaves with the last one. The changes of the past do not
change when somebody leaves or comes back later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days, number_arrays, timestamps
from qunce.sets.bitmaps import aliases, bitmaps, presence_sets
from qunce.sets.bitmaps.account_tables import NOT_LEFT
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.bitmaps.account_tables import AccountTable
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

JOINED, RETURNED, LEFT = 0, 1, 2
"""The kinds of changes."""


@dataclass(frozen=True)
class PresenceDays:
    """How many people joined, came back and left on each day, and were there before."""

    opening: int
    joined: list[int]
    returned: list[int]
    left: list[int]

    @property
    def present(self) -> list[int]:
        """How many people there were at the end of each day."""
        changes = np.array([self.joined, self.returned, self.left], dtype=np.int64)
        net = changes[0] + changes[1] - changes[2]
        return [int(number) for number in self.opening + np.cumsum(net)]


def count_by_day(
    *, community: Community, first: int, last: int, at: datetime, among: BitMap | None
) -> PresenceDays:
    """The changes on each community day; with `among`, only those of these people.

    Staff accounts never count. Once its parts are cached, a million people take 25 ms.
    """

    def read(snap: Snapshot) -> tuple[tuple[Ints, Ints, Ints], BitMap]:
        snap.load_revisions(())
        counted = snap.everyone(with_left=True)
        return _load(snap), counted if among is None else counted & among

    (people, micros, kinds), counted = snapshots.run(community, at, read)
    is_counted = np.zeros(int(people.max(initial=0)) + 1, dtype=bool)
    ids = bitmaps.array_of(counted)
    is_counted[ids[ids < len(is_counted)]] = True
    # What happens after the moment of the question is not known yet.
    chosen = is_counted[people] & (micros <= timestamps.to_micros(at))
    micros, kinds = micros[chosen], kinds[chosen]
    zone, start = community.timezone, community.day_start
    starts = [
        community_days.start_of(zone, start, day) for day in range(first, last + 2)
    ]
    before = np.bincount(kinds[micros < starts[0]], minlength=3)
    # np.histogram counts the right edge of the last bin, which belongs to the next day.
    inside = (micros >= starts[0]) & (micros < starts[-1])
    joined, returned, left = (
        [int(n) for n in np.histogram(micros[inside & (kinds == kind)], starts)[0]]
        for kind in (JOINED, RETURNED, LEFT)
    )
    opening = int(before[JOINED] + before[RETURNED] - before[LEFT])
    return PresenceDays(opening, joined, returned, left)


def find_people(
    *,
    community: Community,
    column: str,
    first: int,
    last: int,
    at: datetime,
    among: BitMap,
) -> BitMap:
    """The people behind a number of a span: who was there at its `opening` or `closing`,
    or who `joined`, `returned` or `left` in it, however often.
    """

    def read(snap: Snapshot) -> BitMap:
        snap.load_revisions(())
        people, micros, kinds = _load(snap)
        clock = community.timezone, community.day_start
        begin = community_days.start_of(*clock, first)
        end = min(
            community_days.start_of(*clock, last + 1), timestamps.to_micros(at) + 1
        )
        if column in ("opening", "closing"):
            until = micros < (begin if column == "opening" else end)
            signs = np.where(kinds[until] == LEFT, -1, 1)
            present = np.bincount(people[until], weights=signs)
            found = np.flatnonzero(present > 0)
        else:
            kind = {"joined": JOINED, "returned": RETURNED, "left": LEFT}[column]
            found = people[(kinds == kind) & (micros >= begin) & (micros < end)]
        return (
            bitmaps.of(number_arrays.unique(found))
            & among
            & snap.everyone(with_left=True)
        )

    return snapshots.run(community, at, read)


def _load(snap: Snapshot) -> tuple[Ints, Ints, Ints]:
    """All changes as parallel arrays: people, microseconds and kinds."""
    version = (snap.revisions[presence_sets.KEY], snap.revisions[(aliases.KIND, 0)])
    return snap.memoize("presence changes", version, lambda: _compute(snap))


def _compute(snap: Snapshot) -> tuple[Ints, Ints, Ints]:
    table = snap.account_table_now
    people = np.asarray(snap.aliases.map_array(table.accounts), dtype=np.int64)
    merged = np.unique(np.fromiter(snap.aliases.person_ids.values(), dtype=np.int64))
    # Everyone with one account that has never come back, who are almost all, needs no
    # history: their rows say it all.
    has_history = np.isin(people, merged) | np.isin(people, people[table.rejoined != 0])
    plain = table.select(~has_history)
    plain_people = people[~has_history]
    away = plain.left != NOT_LEFT
    history = list(_list_changes(snap, table, people, has_history))
    rows = np.array(history, dtype=np.int64).reshape(-1, 3)
    kinds = [np.full(len(plain_people), JOINED), np.full(int(away.sum()), LEFT)]
    left = np.maximum(plain.left, plain.joined)[away]
    return (
        np.concatenate([plain_people, plain_people[away], rows[:, 0]]),
        np.concatenate([plain.joined, left, rows[:, 1]]),
        np.concatenate([*kinds, rows[:, 2]]).astype(np.int64),
    )


def _list_changes(
    snap: Snapshot, table: AccountTable, people: Ints, chosen: NDArray[np.bool_]
) -> Iterator[tuple[int, int, int]]:
    """Yield person, microsecond and kind of each change of the chosen people."""
    events: dict[int, list[tuple[int, bool]]] = {}
    if table.rejoined.any():
        stays = snap.stays
        columns = (stays.accounts, stays.times, stays.leaves)
        for account, time, leaves in zip(*(c.tolist() for c in columns), strict=True):
            events.setdefault(account, []).append((time, leaves))
    changes: dict[int, list[tuple[int, int]]] = {}
    parts = (people, table.accounts, table.joined, table.left)
    for person, account, joined, left in zip(
        *(part[chosen].tolist() for part in parts), strict=True
    ):
        own = _account_changes(joined, left, events.get(account, ()))
        changes.setdefault(person, []).extend(own)
    for person, all_changes in changes.items():
        accounts, has_joined = 0, False
        # Of the same moment, coming is first, so that nobody is away in between.
        for time, change in sorted(all_changes, key=lambda one: (one[0], -one[1])):
            if accounts == 0 and change > 0:
                yield person, time, RETURNED if has_joined else JOINED
                has_joined = True
            if accounts == 1 and change < 0:
                yield person, time, LEFT
            accounts += change


def _account_changes(
    joined: int, left: int, events: Sequence[tuple[int, bool]]
) -> Iterator[tuple[int, int]]:
    """Yield the microseconds at which an account came (+1) and went (-1).

    It follows `Stays.as_of`: after the latest event, the account's row decides.
    """
    states = [(max(time, joined), not leaves) for time, leaves in events]
    latest = max([joined, *(time for time, _present in states)])
    states.append((latest, left > latest))
    if latest < left < NOT_LEFT:
        states.append((left, False))
    yield joined, 1
    is_present = True
    for index, (time, present) in enumerate(states):
        # The last state of a moment counts.
        is_last = index + 1 == len(states) or states[index + 1][0] > time
        if is_last and present != is_present:
            yield time, 1 if present else -1
            is_present = present
