"""Timelines: the facts of people, listed and summed from the mirror.

For applications above `sets`, which may not query the mirror themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import community_days, timestamps
from qunce.core.facts import facts, interned_names
from qunce.core.facts.facts import RecordedFact
from qunce.sets import amounts, log
from qunce.sets.bitmaps import aliases
from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from qunce.core.communities import Community

    Ints = NDArray[np.int64]

Cursor = tuple[int, int]
"""The end of a page: microseconds and id of its last fact."""
BEFORE_ALL = -(2**62)
AFTER_ALL = (2**62, 2**62)
COLUMNS = "id, kind, account, grp, happened_at, recorded_at, actor, source, payload"


def list_facts(
    *,
    community: Community,
    accounts: Sequence[int],
    limit: int = 50,
    before: Cursor | None = None,
) -> list[RecordedFact]:
    """The newest facts of some accounts, including those that are not derived yet.

    `before` is `cursor_of()` the last fact of the page before.
    """
    # The position is read first: a fact that is derived between the two reads is then in
    # both of them, and no fact is in neither.
    position = mirror.position()
    end = before or AFTER_ALL
    account_list = ", ".join(str(int(account)) for account in accounts) or "-1"
    derived = mirror.query(
        f"SELECT {COLUMNS} FROM facts WHERE community = ?"  # noqa: S608
        f" AND account IN ({account_list}) AND (happened_at, id) < (?, ?)"
        " ORDER BY happened_at DESC, id DESC LIMIT ?",
        [community.pk, *end, limit],
    )
    rows = [tuple(row.values()) for row in derived.to_pylist()]
    # The log has no index by account, but few facts are newer than the mirror.
    newer = log.list_after(position.reached, community.pk, accounts)
    rows += [row for row in newer if _sort_key(row) < end]
    newest_first = sorted(
        # By id, since a fact may come from both the mirror and the log.
        {row[0]: row for row in rows}.values(),
        key=_sort_key,
        reverse=True,
    )
    kinds = interned_names.names_by_id("kind", 0)
    return [
        RecordedFact.from_row(row, community=community.pk, kinds=kinds)
        for row in newest_first[:limit]
    ]


def list_facts_of_kinds(
    *,
    community: Community,
    kinds: Iterable[str],
    since: datetime,
    until: datetime,
    accounts: Sequence[int] | None = None,
    limit: int | None = None,
) -> list[RecordedFact]:
    """Facts of these kinds with `since` ≤ time ≤ `until`, the oldest first.

    `accounts` are those that they are about, if not all. Facts that are not derived yet
    are among them. With a `limit`, at least so many are returned if there are more.
    """
    ids = [pk for kind in kinds if (pk := facts.find_kind(kind))]
    if not ids:
        return []
    position = mirror.position()
    first, last = timestamps.to_micros(since), timestamps.to_micros(until)
    kind_list = ", ".join(map(str, ids))
    derived = mirror.query(
        f"SELECT {COLUMNS} FROM facts WHERE community = ?"  # noqa: S608 - own ids
        f" AND kind IN ({kind_list}) AND happened_at BETWEEN ? AND ?"
        + ("" if accounts is None else " AND account IN (SELECT id FROM wanted)")
        + ("" if limit is None else f" LIMIT {limit:d}"),
        [community.pk, first, last],
        wanted=pa.table({"id": pa.array(accounts or [], pa.int64())}),
    )
    rows = [tuple(row.values()) for row in derived.to_pylist()]
    wanted = None if accounts is None else set(accounts)
    rows += [
        row
        for row in log.list_rows_of_kinds_after(position.reached, community.pk, ids)
        if first <= row[4] <= last and (wanted is None or row[2] in wanted)
    ]
    names = interned_names.names_by_id("kind", 0)
    return [
        RecordedFact.from_row(row, community=community.pk, kinds=names)
        for row in sorted({row[0]: row for row in rows}.values(), key=_sort_key)
    ]


def _sort_key(row: tuple[Any, ...]) -> Cursor:
    return row[4], row[0]


def cursor_of(last: RecordedFact) -> Cursor:
    return timestamps.to_micros(last.happened_at), last.id


def _where(
    community: Community, kinds: Iterable[str], at: datetime, within: int | None
) -> tuple[str, list[int]]:
    """The WHERE clause that selects kinds in the last days, and its parameters."""
    kind_ids = [facts.find_kind(kind) or -1 for kind in kinds] or [-1]
    today = community.day(at)
    zone, start = community.timezone, community.day_start
    first = BEFORE_ALL
    if within is not None:
        first = community_days.start_of(zone, start, today - within + 1)
    return (
        "community = ? AND account IS NOT NULL"
        f" AND kind IN ({', '.join(map(str, kind_ids))})"
        " AND happened_at >= ? AND happened_at < ?",
        [community.pk, first, community_days.start_of(zone, start, today + 1)],
    )


def _columns(table: Any) -> list[Ints]:
    return [column.to_numpy().astype(np.int64) for column in table.columns]


def _people(community: Community, accounts: Ints) -> Ints:
    # Without a snapshot: sums and gaps may be a moment older than the aliases.
    people = aliases.Aliases.load(community.pk).map_array(accounts)
    return np.asarray(people, dtype=np.int64)


def sum_by_person(
    *,
    community: Community,
    kinds: Mapping[str, int],
    at: datetime,
    within: int | None = None,
) -> tuple[Ints, Ints]:
    """People and the sum of their facts' amounts, each kind with its sign.

    Money is in the community's currency, without that which has no exchange rate.
    `within` is a number of community days including today; without it, all facts count.
    Shapes (n,), with people ascending and each once. People without such a fact are left
    out.
    """
    where, params = _where(community, kinds, at, within)
    # All kinds in one query, as each costs more than its rows do.
    found = mirror.query(
        f"SELECT account, kind, {amounts.total(community)} FROM facts"  # noqa: S608
        f" WHERE {where} GROUP BY account, kind",
        params,
    )
    return _add_up(community, kinds, *_columns(found))


def left_out_by_person(
    *,
    community: Community,
    kinds: Mapping[str, int],
    at: datetime,
    within: int | None = None,
) -> dict[str, tuple[Ints, Ints]]:
    """Currency → people and their money that has no exchange rate, as `sum_by_person`."""
    where, params = _where(community, kinds, at, within)
    found = mirror.query(
        "SELECT account, kind, CAST(sum(amount) AS BIGINT), currency FROM facts"  # noqa: S608
        f" WHERE {where} AND {amounts.left_out(community)}"
        " GROUP BY currency, account, kind ORDER BY currency",
        params,
    )
    by_currency = {}
    for currency in found["currency"].unique().to_pylist():
        some = found.filter(pc.equal(found["currency"], currency))
        columns = _columns(some.drop_columns("currency"))
        by_currency[currency] = _add_up(community, kinds, *columns)
    return by_currency


def _add_up(
    community: Community,
    kinds: Mapping[str, int],
    accounts: Ints,
    kind_ids: Ints,
    sums: Ints,
) -> tuple[Ints, Ints]:
    """Return each person once, in order, with the sum of their numbers by sign."""
    for kind, sign in kinds.items():
        sums = np.where(kind_ids == facts.find_kind(kind), sums * sign, sums)
    people = _people(community, accounts)
    unique, index = np.unique(people, return_inverse=True)
    totals = np.zeros(len(unique), dtype=np.int64)
    # add.at, because a plain `+=` would count repeated indexes once.
    np.add.at(totals, index, sums)
    return unique, totals


def days_by_person(
    *, community: Community, kind: str, at: datetime, within: int | None = None
) -> tuple[Ints, Ints]:
    """People and the community days on which they did it, each pair once and in order."""
    where, params = _where(community, [kind], at, within)
    rows = mirror.query(
        f"SELECT account, happened_at FROM facts WHERE {where}",  # noqa: S608
        params,
    )
    accounts, micros = _columns(rows)
    people = _people(community, accounts)
    days = community_days.days_of(community.timezone, community.day_start, micros)
    # Sorting pairs as single numbers takes half the time of np.unique.
    pairs = np.sort(people << 32 | (days + 2**31))
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return pairs >> 32, (pairs & 0xFFFFFFFF) - 2**31


def amounts_by_person_and_day(
    *, community: Community, kind: str, at: datetime
) -> tuple[Ints, Ints, Ints]:
    """People, community days on which they did it, and the amount of that day.

    Each pair once and in order, shapes (n,). Money is in the community's currency, without
    that which has no exchange rate.
    """
    where, params = _where(community, [kind], at, None)
    rows = mirror.query(
        f"SELECT account, happened_at, {amounts.total(community)} FROM facts"  # noqa: S608
        f" WHERE {where} GROUP BY account, happened_at",
        params,
    )
    accounts, micros, sums = _columns(rows)
    days = community_days.days_of(community.timezone, community.day_start, micros)
    pairs = _people(community, accounts) << 32 | (days + 2**31)
    unique, index = np.unique(pairs, return_inverse=True)
    totals = np.zeros(len(unique), dtype=np.int64)
    np.add.at(totals, index, sums)
    return unique >> 32, (unique & 0xFFFFFFFF) - 2**31, totals


def gaps_by_person(
    *, community: Community, kind: str, at: datetime, within: int | None = None
) -> tuple[Ints, Ints]:
    """People and the number of days between each two consecutive days of theirs."""
    people, days = days_by_person(community=community, kind=kind, at=at, within=within)
    same = people[1:] == people[:-1]
    return people[1:][same], np.diff(days)[same]
