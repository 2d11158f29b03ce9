"""Daily totals: facts added up by community day, from which every report is made.

No total counts what staff accounts did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from qunce.core import community_days
from qunce.core.facts import facts
from qunce.sets import amounts
from qunce.sets.bitmaps import bitmaps, presence_sets
from qunce.sets.mirror import mirror
from qunce.sets.rules import base, snapshots
from qunce.sets.rules.base import RulePath

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot


@dataclass(frozen=True)
class DailyTotals:
    """Parallel arrays, shape (n,). A member has one row per day, kind, group
    and account.

    `counts` are numbers of facts.
    """

    days: NDArray[np.int64]
    kind_ids: NDArray[np.int64]
    group_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    counts: NDArray[np.int64]

    def filter(self, mask: NDArray[np.bool_]) -> DailyTotals:
        return DailyTotals(
            self.days[mask],
            self.kind_ids[mask],
            self.group_ids[mask],
            self.person_ids[mask],
            self.counts[mask],
        )

    def of_kinds(self, kinds: Iterable[str]) -> DailyTotals:
        return self.filter(np.isin(self.kind_ids, _kind_ids(kinds)))

    def of_group(self, group_id: int) -> DailyTotals:
        return self.filter(self.group_ids == group_id)


@dataclass(frozen=True)
class DaySums:
    """The number of facts, and the sum of their amounts, for each day of a span.

    Money is in the community's currency, see `sum_left_out`.
    """

    counts: list[int]
    amounts: list[int]


JOIN_DAYS = """
FROM facts JOIN (SELECT unnest(?) AS day, unnest(?) AS begin_at, unnest(?) AS end_at) d
  ON happened_at >= d.begin_at AND happened_at < d.end_at
WHERE community = ? AND happened_at >= ? AND happened_at < ? AND kind IN
"""
TOTALS = f"""
SELECT d.day, kind, coalesce(grp, 0), account, count(*)
{JOIN_DAYS}
"""


COUNTED = " AND {0} IN (SELECT account FROM among)"
NOT_STAFF = " AND ({0} IS NULL OR {0} NOT IN (SELECT account FROM staff))"


def day_params(community: Community, first: int, last: int) -> list[Any]:
    """The parameters of `JOIN_DAYS` for the days from `first` to `last`."""
    zone, start = community.timezone, community.day_start
    days = list(range(first, last + 1))
    # A list of bounds rather than a division, as days have 23 or 25 hours when clocks
    # change.
    bounds = [community_days.start_of(zone, start, day) for day in [*days, last + 1]]
    return [days, bounds[:-1], bounds[1:], community.pk, bounds[0], bounds[-1]]


def _kind_list(kinds: Iterable[str]) -> str:
    return ", ".join(map(str, _kind_ids(kinds))) or "-1"


def _kind_ids(kinds: Iterable[str]) -> list[int]:
    ids = (facts.find_kind(kind) for kind in kinds)
    return [kind_id for kind_id in ids if kind_id is not None]


def load(
    *,
    community: Community,
    kinds: Iterable[str],
    groups: Sequence[int],
    first: int,
    last: int,
    at: datetime,
) -> DailyTotals:
    """Facts of some kinds in some groups from community day `first` to `last`."""
    rows = mirror.query(
        f"{TOTALS} ({_kind_list(kinds)}) AND grp IN ({', '.join(map(str, groups)) or '-1'})"
        " AND account IS NOT NULL GROUP BY ALL",
        day_params(community, first, last),
    )
    days, kind_ids, group_ids, accounts, counts = (
        column.to_numpy().astype(np.int64) for column in rows.columns
    )

    def map_to_people(snap: Snapshot) -> tuple[NDArray[np.int64], BitMap]:
        snap.load_revisions(())
        return snap.aliases.map_array(accounts), snap.uncounted

    # After the query: the totals are small, the facts are not.
    person_ids, staff = snapshots.run(community, at, map_to_people)
    totals = DailyTotals(days, kind_ids, group_ids, person_ids, counts)
    return totals.filter(~np.isin(person_ids, bitmaps.array_of(staff)))


def sum_by_day(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> DaySums:
    """Facts of some kinds by day; with `among`, only those of these people."""
    kind_ids = _kind_ids(kinds)
    total = amounts.total(community)

    def read(snap: Snapshot) -> DaySums:
        where, tables = account_condition_in(snap, among)
        rows = mirror.query(
            f"SELECT d.day, count(*), {total} {JOIN_DAYS}"
            f" ({_kind_list(kinds)}){where} GROUP BY d.day",
            day_params(community, first, last),
            **tables,
        )
        days, counts, totals = (column.to_pylist() for column in rows.columns)
        by_day = dict(zip(days, zip(counts, totals, strict=True), strict=True))
        # Days without a fact are not in the result but belong into a chart.
        sums = [by_day.get(day, (0, 0)) for day in range(first, last + 1)]
        return DaySums([count for count, _ in sums], [amount for _, amount in sums])

    def look_up(snap: Snapshot) -> DaySums:
        snap.load_revisions(())
        name = ("day sums", tuple(kind_ids), last - first, digest(among))
        # The SQL of the total has the exchange rates.
        version = (total, facts_version(snap, kind_ids, first, last))
        return snap.memoize(name, version, lambda: read(snap))

    return snapshots.run(community, at, look_up)


def sum_left_out(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> dict[str, int]:
    """Currency → money of these days that has no exchange rate, so that no sum has it."""
    kind_ids = _kind_ids(kinds)

    def read(snap: Snapshot) -> dict[str, int]:
        where, tables = account_condition_in(snap, among)
        return amounts.list_left_out(
            community,
            dict.fromkeys(kind_ids, 1),
            f"community = ? AND happened_at >= ? AND happened_at < ?{where}",
            day_params(community, first, last)[3:],
            **tables,
        )

    def look_up(snap: Snapshot) -> dict[str, int]:
        snap.load_revisions(())
        name = ("left out", tuple(kind_ids), last - first, digest(among))
        # The SQL of the condition has the exchange rates.
        rates = amounts.left_out(community)
        version = (rates, facts_version(snap, kind_ids, first, last))
        return snap.memoize(name, version, lambda: read(snap))

    return snapshots.run(community, at, look_up)


def digest(among: BitMap | None) -> bytes:
    """Which people count, as a part of the name under which an answer is cached."""
    if among is None:
        return b""
    return hashlib.sha256(bitmaps.to_bytes(among)).digest()


def facts_version(
    snap: Snapshot, kind_ids: Sequence[int], first: int, last: int
) -> Hashable:
    """What a number of people's facts of some kinds and days depends on."""
    community = snap.community
    keys = sorted(snapshots.STANDARD_KEYS - {presence_sets.KEY})
    return (
        first,
        last,
        (community.timezone, community.day_start),
        snap.token(),
        tuple(snap.revisions[key] for key in keys),
        tuple(
            tuple(snap.changed_days(kind_id, first, last).items())
            for kind_id in kind_ids
        ),
    )


def account_condition(
    community: Community, among: BitMap | None, at: datetime, column: str = "account"
) -> tuple[str, dict[str, pa.Table]]:
    """Return the SQL condition of facts that count, and the table that it reads.

    They are the facts of `among`, or of everybody and of nobody, without those of staff
    accounts.
    """

    def read(snap: Snapshot) -> tuple[str, dict[str, pa.Table]]:
        snap.load_revisions(())
        return account_condition_in(snap, among, column)

    return snapshots.run(community, at, read)


def account_condition_in(
    snap: Snapshot, among: BitMap | None, column: str = "account"
) -> tuple[str, dict[str, pa.Table]]:
    """The same within a snapshot, for what is cached by the versions of that snapshot."""
    # The log has accounts, so the people are turned into all of theirs before DuckDB
    # filters.
    if among is None:
        accounts = snap.uncounted_accounts()
    else:
        # All accounts of these people: the first, and every one merged into it.
        people = among - snap.uncounted
        pairs = snap.aliases.person_ids.items()
        accounts = people | bitmaps.of([a for a, person in pairs if person in people])
    table = pa.table({"account": bitmaps.array_of(accounts)})
    if among is not None:
        return COUNTED.format(column), {"among": table}
    if not accounts:
        return "", {}
    return NOT_STAFF.format(column), {"staff": table}


def count_people_by_day(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> list[int]:
    """How many people have a fact of these kinds on each day, counted without a scan."""
    kind_ids = _kind_ids(kinds)

    def count(snap: Snapshot) -> list[int]:
        snap.load_revisions(())
        sets: dict[int, list[BitMap]] = {day: [] for day in range(first, last + 1)}
        for kind_id in kind_ids:
            days = snap.changed_days(kind_id, first, last)
            for day, counter in snap.day_counters(kind_id, days):
                sets[day].append(counter.nonzero())
        # Former members did what they did; a chart of the past must not change when
        # somebody leaves.
        counted = snap.everyone(with_left=True)
        if among is not None:
            counted = among - snap.uncounted
        return [
            snap.people(bitmaps.union(accounts)).intersection_cardinality(counted)
            for accounts in sets.values()
        ]

    return snapshots.run(community, at, count)


def count_facts_by_day(
    *,
    community: Community,
    kinds: Iterable[str],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> list[int]:
    """How many facts of these kinds people have on each day, counted without a scan."""
    kind_ids = _kind_ids(kinds)

    def count(snap: Snapshot) -> list[int]:
        snap.load_revisions(())
        counted = snap.everyone(with_left=True)
        if among is not None:
            counted = among - snap.uncounted
        numbers = dict.fromkeys(range(first, last + 1), 0)
        for kind_id in kind_ids:
            days = snap.changed_days(kind_id, first, last)
            for day, counter in snap.day_counters(kind_id, days):
                numbers[day] += snap.by_person(counter).total(counted)
        return list(numbers.values())

    return snapshots.run(community, at, count)


def get_group_id(community: Community, key: str) -> int:
    """Raises a RuleError that names the key if there is no such group."""
    return base.resolve_key("group", key, RulePath(community))


def weights_by_person(
    *, community: Community, kind: str, ref: int, at: datetime
) -> dict[int, int]:
    """Member → weight of a mark now, summed over the person's accounts."""

    def load_weights(snap: Snapshot) -> dict[int, int]:
        snap.load_revisions([(kind, ref)])
        counter = snap.by_person(snap.marks(kind, ref))
        return counter.counts(counter.nonzero() - snap.uncounted)

    return snapshots.run(community, at, load_weights)
