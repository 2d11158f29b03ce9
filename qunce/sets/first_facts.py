"""Facts before a first fact: how many messages somebody had before the first order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import community_days, db, timestamps
from qunce.core.facts import facts
from qunce.sets import cohorts, daily_totals, derived_models
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]


def find_first_day(community: Community) -> int | None:
    """The community day of the first fact about anybody; None without facts."""
    day: int | None
    ((day,),) = db.rows(
        "SELECT min(day) FROM sets_day_count WHERE community_id = %s",
        [community.pk],
        using=derived_models.db_alias(),
    )
    return day


@dataclass(frozen=True)
class EarlierFacts:
    """`numbers` of facts by person; `confirmed` people have one of the confirmed kinds."""

    people: list[int]
    numbers: list[int]
    confirmed: int


def count_before_first(
    *,
    community: Community,
    kinds: Sequence[str],
    confirmed: Sequence[str],
    targets: Sequence[str],
    first: int,
    last: int,
    window: timedelta,
    at: datetime,
    among: BitMap,
) -> EarlierFacts:
    """Everyone of `among` whose first target ever is on one of the days from `first`.

    Facts of `kinds` count that are earlier, by at most `window`.
    """
    span = window // timestamps.MICROSECOND

    def count(snap: Snapshot) -> EarlierFacts:
        clock = community.timezone, community.day_start
        begin = community_days.start_of(*clock, first)
        end = community_days.start_of(*clock, last + 1)
        people, when = _first_times(snap, targets, end)
        chosen = (when >= begin) & np.isin(
            people, bitmaps.array_of(among - snap.uncounted)
        )
        people, when = people[chosen], when[chosen]
        numbers = _count_before(snap, kinds, people, when, span)
        known = _count_before(snap, confirmed, people, when, span)
        return EarlierFacts(
            people.tolist(), numbers.tolist(), int(np.count_nonzero(known))
        )

    def read(snap: Snapshot) -> EarlierFacts:
        snap.load_revisions(())
        asked = (tuple(kinds), tuple(confirmed), tuple(targets))
        name = ("earlier facts", asked, last - first, span, daily_totals.digest(among))
        # All earlier days, as a target of long ago was somebody's first one.
        ids = [facts.find_kind(kind) for each in asked for kind in each]
        known = sorted({kind for kind in ids if kind is not None})
        version = daily_totals.facts_version(snap, known, cohorts.BEFORE_ALL_DAYS, last)
        return snap.memoize(name, (first, version), lambda: count(snap))

    return snapshots.run(community, at, read)


def _first_times(snap: Snapshot, kinds: Sequence[str], end: int) -> tuple[Ints, Ints]:
    """Each person, ascending, with the first of these facts before `end`."""
    accounts, times = _query(snap, kinds, "min(happened_at)", " GROUP BY account", end)
    people = np.asarray(snap.aliases.map_array(accounts), dtype=np.int64)
    order = np.lexsort((times, people))
    people, times = people[order], times[order]
    is_first = np.ones(len(people), dtype=bool)
    is_first[1:] = people[1:] != people[:-1]
    return people[is_first], times[is_first]


def _count_before(
    snap: Snapshot, kinds: Sequence[str], people: Ints, when: Ints, span: int
) -> Ints:
    """How many of these facts each person has in the `span` before a time of theirs."""
    if not len(people):
        return np.empty(0, np.int64)
    accounts, times = _query(
        snap, kinds, "happened_at", "", int(when.max()), since=int(when.min()) - span
    )
    owners = np.asarray(snap.aliases.map_array(accounts), dtype=np.int64)
    index = np.minimum(np.searchsorted(people, owners), len(people) - 1)
    before = when[index] - times
    counted = (people[index] == owners) & (before > 0) & (before <= span)
    return np.bincount(index[counted], minlength=len(people))


def _query(
    snap: Snapshot,
    kinds: Sequence[str],
    column: str,
    group_by: str,
    end: int,
    since: int | None = None,
) -> tuple[Ints, Ints]:
    # Loads DuckDB, which most questions do without.
    from qunce.sets.mirror import mirror

    known = [kind for kind in map(facts.find_kind, kinds) if kind is not None]
    where = "" if since is None else f" AND happened_at >= {since}"
    rows = mirror.query(
        f"SELECT account, {column} FROM facts"  # noqa: S608 - ids and columns of our own
        " WHERE community = ? AND account IS NOT NULL AND happened_at < ?"
        f" AND kind IN ({', '.join(map(str, known)) or '-1'}){where}{group_by}",
        [snap.community.pk, end],
    )
    accounts, times = (column.to_numpy().astype(np.int64) for column in rows.columns)
    return accounts, times
