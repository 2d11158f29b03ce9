"""What people did, read from the mirror for rooms that may not ask it themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qunce.core import community_days, timestamps
from qunce.core.facts import facts, interned_names
from qunce.core.facts.facts import RecordedFact
from qunce.sets import log
from qunce.sets.bitmaps import aliases
from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from qunce.core.communities import Community

    Ints = NDArray[np.int64]


Cursor = tuple[int, int]
"""Where a page of a timeline ends: microseconds and id of its last fact."""
COLUMNS = "id, kind, account, grp, happened_at, recorded_at, actor, source, payload"


def list_facts(
    *,
    community: Community,
    accounts: Sequence[int],
    limit: int = 50,
    before: Cursor | None = None,
) -> list[RecordedFact]:
    """The newest facts of some accounts, those not derived yet among them.

    `before` is `cursor()` of the last one on the page that was seen.
    """
    place = mirror.position()
    latest, least = before or (2**62, 2**62)
    wanted = ", ".join(str(int(account)) for account in accounts) or "-1"
    found = mirror.query(
        f"SELECT {COLUMNS} FROM facts WHERE community = ? AND account IN ({wanted})"  # noqa: S608
        " AND (happened_at, id) < (?, ?) ORDER BY happened_at DESC, id DESC LIMIT ?",
        [community.pk, latest, least, limit],
    )
    rows = [tuple(row.values()) for row in found.to_pylist()]
    newer = log.list_after(place.reached, community.pk, accounts)
    rows += [row for row in newer if _moment(row) < (latest, least)]
    # A fact may be derived between the two reads.
    chosen = sorted({row[0]: row for row in rows}.values(), key=_moment)
    kinds = interned_names.listed("kind", 0)
    return [
        RecordedFact.from_row(row, community=community.pk, kinds=kinds)
        for row in chosen[::-1][:limit]
    ]


def _moment(row: tuple[Any, ...]) -> Cursor:
    return row[4], row[0]


def cursor_of(last: RecordedFact) -> Cursor:
    return timestamps.to_micros(last.happened_at), last.id


@dataclass(frozen=True)
class _Span:
    """The WHERE of some kinds in the last days of a community."""

    where: str
    params: list[int]


def _span(
    community: Community, kinds: Sequence[str], at: datetime, within: int | None
) -> _Span:
    ids = [found for kind in kinds if (found := facts.find_kind(kind)) is not None]
    today = community.day(at)
    zone, start = community.timezone, community.day_start
    first = (
        -(2**62)
        if within is None
        else community_days.begin(zone, start, today - within + 1)
    )
    marks = ", ".join(map(str, ids)) or "-1"
    return _Span(
        f"community = ? AND account IS NOT NULL AND kind IN ({marks})"
        " AND happened_at >= ? AND happened_at < ?",
        [community.pk, first, community_days.begin(zone, start, today + 1)],
    )


def _columns(found: Any) -> list[Ints]:
    return [column.to_numpy().astype(np.int64) for column in found.columns]


def sum_by_person(
    *,
    community: Community,
    kinds: Mapping[str, int],
    at: datetime,
    within: int | None = None,
) -> tuple[Ints, Ints]:
    """People and what their facts' amounts add up to, each kind with its sign.

    `within` counts community days with today; without it, ever. Shapes (n,), people
    ascending and each once; who has no such fact is not among them.
    """
    total: dict[int, list[Ints]] = {}
    for kind, sign in kinds.items():
        span = _span(community, [kind], at, within)
        found = mirror.query(
            "SELECT account, CAST(coalesce(sum(amount), 0) AS BIGINT) FROM facts"  # noqa: S608
            f" WHERE {span.where} GROUP BY account",
            span.params,
        )
        accounts, amounts = _columns(found)
        total.setdefault(0, []).append(accounts)
        total.setdefault(1, []).append(amounts * sign)
    if not total:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    people = _people(community, np.concatenate(total[0]))
    unique, place = np.unique(people, return_inverse=True)
    added = np.zeros(len(unique), dtype=np.int64)
    np.add.at(added, place, np.concatenate(total[1]))
    return unique, added


def _people(community: Community, accounts: Ints) -> Ints:
    found = aliases.Aliases.load(community.pk).map_array(accounts)
    return np.asarray(found, dtype=np.int64)


def days_by_person(
    *, community: Community, kind: str, at: datetime, within: int | None = None
) -> tuple[Ints, Ints]:
    """People and the community days on which they did it; pairs in order, each once."""
    span = _span(community, [kind], at, within)
    found = mirror.query(
        f"SELECT account, happened_at FROM facts WHERE {span.where}",  # noqa: S608
        span.params,
    )
    accounts, happened = _columns(found)
    people = _people(community, accounts)
    cut = community_days.days_of(community.timezone, community.day_start, happened)
    pairs = np.sort(people << 32 | (cut + 2**31))  # half the time of np.unique
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return pairs >> 32, (pairs & 0xFFFFFFFF) - 2**31


def gaps_by_person(
    *, community: Community, kind: str, at: datetime, within: int | None = None
) -> tuple[Ints, Ints]:
    """People and the days between each two neighbouring days on which they did it."""
    people, cut = days_by_person(community=community, kind=kind, at=at, within=within)
    same = people[1:] == people[:-1]
    return people[1:][same], np.diff(cut)[same]


COUNT_VALUES = """
SELECT account, word, count(*) AS times FROM (
    SELECT account, unnest(CASE WHEN json_type(said) = 'ARRAY'
        THEN json_extract_string(said, '$[*]') ELSE [said ->> '$'] END) AS word
    FROM (SELECT account, json_extract(payload, ?) AS said FROM facts
          WHERE payload IS NOT NULL AND {where}))
WHERE word IS NOT NULL GROUP BY account, word
"""


def count_payload_values(
    *,
    community: Community,
    kind: str,
    field: str,
    at: datetime,
    within: int | None = None,
) -> dict[str, dict[int, int]]:
    """Value of a payload's field → person → in how many facts; lists count each item."""
    span = _span(community, [kind], at, within)
    found = mirror.query(
        COUNT_VALUES.format(where=span.where), [f"$.{field}", *span.params]
    )
    accounts, times = _columns(found.select(["account", "times"]))
    people = _people(community, accounts).tolist()
    counted: dict[str, dict[int, int]] = {}
    for word, person, number in zip(
        found["word"].to_pylist(), people, times.tolist(), strict=True
    ):
        of_word = counted.setdefault(word, {})
        of_word[person] = of_word.get(person, 0) + number
    return counted
