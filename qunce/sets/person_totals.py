"""Totals of facts per person as one number each, by which lists are sorted.

The sum over all days but the newest is kept as long as no fact of these days changes, so
that a new fact costs only the facts of its day. The arrays are indexed by person id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days, exchange_rates
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.sets import amounts
from qunce.sets.bitmaps import aliases, bitmaps
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

MISSING = 1 - 10**17
"""The number of people without such a fact."""
EARLIEST_DAY = -(10**6)
BEFORE_ALL = -(2**62)


def sum_amounts(
    *, community: Community, kinds: Mapping[str, int], at: datetime
) -> Ints:
    """The sum of amounts by person, each kind of fact with its sign.

    Money is in the community's currency, without that which has no exchange rate.
    """
    signs = {facts.find_kind(kind): sign for kind, sign in kinds.items()}
    known = {kind: sign for kind, sign in signs.items() if kind is not None}
    rates = tuple(exchange_rates.list_factors(community))

    def read(snap: Snapshot, first: int | None, last: int) -> Ints:
        return _sum(snap, known, first, last)

    return _total(community, list(known), at, ("sum of amounts", rates), read, _add)


def last_days(*, community: Community, kinds: Sequence[str], at: datetime) -> Ints:
    """The last community day of a fact of these kinds, by person."""
    found = [facts.find_kind(kind) for kind in kinds]
    known = [kind for kind in found if kind is not None]

    def read(snap: Snapshot, first: int | None, last: int) -> Ints:
        start = EARLIEST_DAY if first is None else first
        latest = _empty(0)
        for kind in known:
            days = snap.changed_days(kind, start, last)
            for day, counter in snap.day_counters(kind, days):
                people = bitmaps.array_of(snap.people(counter.nonzero())).astype(int)
                latest = _grown(latest, int(people.max(initial=-1)) + 1)
                latest[people] = np.maximum(latest[people], day)
        return latest

    return _total(community, known, at, ("last day",), read, np.maximum)


def _total(
    community: Community,
    kinds: Sequence[int],
    at: datetime,
    name: tuple[Hashable, ...],
    read: Callable[[Snapshot, int | None, int], Ints],
    join: Callable[[Ints, Ints], Ints],
) -> Ints:
    """What `read` returns for all days before the newest one, joined with the newest."""

    def compute(snap: Snapshot) -> Ints:
        snap.load_revisions(())
        today = snap.today
        changes = [
            (day, kind, changed)
            for kind in kinds
            for day, changed in snap.changed_days(kind, EARLIEST_DAY, today).items()
        ]
        if not changes:
            return _empty(0)
        newest = max(day for day, _kind, _changed in changes)
        version = (snap.token(), snap.revisions[(aliases.KIND, 0)])
        clock = (community.timezone, community.day_start)
        key = (*name, tuple(kinds), clock)
        older = snap.memoize(
            ("totals", "older", *key),
            (*version, tuple(sorted(each for each in changes if each[0] < newest))),
            lambda: read(snap, None, newest - 1),
        )
        own = tuple(sorted(each for each in changes if each[0] == newest))
        whole = (*version, tuple(sorted(changes)), own)

        def add_newest() -> Ints:
            latest = read(snap, newest, newest)
            size = max(len(older), len(latest))
            return join(_grown(older, size), _grown(latest, size))

        return snap.memoize(("totals", *key), whole, add_newest)

    return snapshots.run(community, at, compute)


def _sum(
    snap: Snapshot, signs: Mapping[int, int], first: int | None, last: int
) -> Ints:
    # Loads DuckDB, which most questions do without.
    from qunce.sets.mirror import mirror

    community = snap.community
    clock = community.timezone, community.day_start
    begin = BEFORE_ALL if first is None else community_days.start_of(*clock, first)
    end = community_days.start_of(*clock, last + 1)
    found = mirror.query(
        f"SELECT account, kind, {amounts.total(community)} FROM facts"  # noqa: S608 - ids and our own conditions
        " WHERE community = ? AND account IS NOT NULL"
        f" AND kind IN ({', '.join(map(str, signs))})"
        " AND happened_at >= ? AND happened_at < ? GROUP BY account, kind",
        [community.pk, begin, end],
    )
    accounts, kinds, sums = (
        column.to_numpy().astype(np.int64) for column in found.columns
    )
    for kind, sign in signs.items():
        sums = np.where(kinds == kind, sums * sign, sums)
    people = np.asarray(snap.aliases.map_array(accounts), dtype=np.int64)
    totals = _empty(int(people.max(initial=-1)) + 1)
    totals[people] = 0
    # add.at, because a plain `+=` would count repeated indexes once.
    np.add.at(totals, people, sums)
    return totals


def _add(left: Ints, right: Ints) -> Ints:
    both = np.where(left == MISSING, 0, left) + np.where(right == MISSING, 0, right)
    return np.where((left == MISSING) & (right == MISSING), MISSING, both)


def _empty(size: int) -> Ints:
    return np.full(size, MISSING, dtype=np.int64)


def _grown(numbers: Ints, size: int) -> Ints:
    if len(numbers) >= size:
        return numbers
    return np.concatenate([numbers, _empty(size - len(numbers))])
