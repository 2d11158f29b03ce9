"""How the view of members changed: one attribute of the same members at two days.

The values that an attribute had are kept with the times from and until which they held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days, db, errors
from qunce.insight import small_numbers
from qunce.insight.positioning import sheets
from qunce.members.attributes import parsing
from qunce.members.attributes.attributes import Attribute
from qunce.sets import audiences
from qunce.sets.bitmaps import attribute_columns, bitmaps
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.staff.models import Staff
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

MAX_VALUES = 12
"""Values with most members; all others are one."""
OTHERS = ""
DEFAULT_DAYS, MAX_DAYS = 90, 3_660
FOREVER = 2**62
SELECT_PAST = """
SELECT account_id, set_at, ended_at, type, number, text FROM members_pastvalue
WHERE attribute_id = %s AND set_at < %s AND ended_at >= %s
"""


class InvalidComparison(errors.Invalid):
    """The attribute or the days are not possible."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """`people` had the value `before` on the first day, and `after` on the last day.

    A text of OTHERS stands for all rarer values.
    """

    before: str
    after: str
    people: int
    percent: float | None


@dataclass(frozen=True, kw_only=True)
class ViewChange:
    """`people` had a value on both days; `changed` of them had another one.

    Without enough people, there are no moves and no shares.
    """

    attribute: Attribute
    first: date
    last: date
    people: int
    changed: int
    moves: tuple[Move, ...]

    @property
    def is_enough(self) -> bool:
        return self.people >= small_numbers.MIN_PEOPLE

    @property
    def percent(self) -> float | None:
        return small_numbers.percent(self.changed, self.people)


def list_choices(by: Staff) -> list[Attribute]:
    """The attributes that can be compared."""
    return sheets.list_attributes(by.community, sheets.COMPARABLE)


def default_span(by: Staff, at: datetime) -> tuple[date, date]:
    today = community_days.to_date(by.community.day(at))
    return today - timedelta(days=DEFAULT_DAYS), today


def compare(
    *, attribute: str, first: date, last: date, by: Staff, at: datetime
) -> ViewChange:
    """The members whom `by` sees, with their values at the ends of two days."""
    chosen = {each.name: each for each in list_choices(by)}.get(attribute)
    if chosen is None:
        raise InvalidComparison(
            _("There is no attribute “%(name)s” of a fitting type.")
            % {"name": attribute[:80]}
        )
    if not timedelta(0) < last - first <= timedelta(days=MAX_DAYS) or first.year < 1971:
        raise InvalidComparison(
            _("The second day comes after the first, by at most %(n)s days.")
            % {"n": f"{MAX_DAYS:,}"}
        )
    members = audiences.people(
        community=by.community, rule=audiences.EVERYONE, by=by, at=at
    )
    values = _Values.read(chosen, (_end_of(by, first), _end_of(by, last)), at)
    pairs = values.count_pairs(bitmaps.array_of(members))
    total = sum(pairs.values())
    changed = sum(count for (old, new), count in pairs.items() if old != new)
    return ViewChange(
        attribute=chosen,
        first=first,
        last=last,
        people=total,
        changed=changed,
        moves=tuple(_list_moves(pairs, total)),
    )


def _end_of(by: Staff, day: date) -> int:
    community = by.community
    following = community_days.from_date(day) + 1
    return community_days.start_of(community.timezone, community.day_start, following)


@dataclass(frozen=True)
class _Values:
    """Values of accounts that hold at one of two moments: parallel arrays, shape (n,).

    Microseconds since when a value holds and until when, and its index in `texts`, which
    are in order. `moments` are the ends of the two days.
    """

    moments: tuple[int, int]
    people: Ints
    accounts: Ints
    since: Ints
    until: Ints
    codes: Ints
    texts: Sequence[str]

    @classmethod
    def read(
        cls, attribute: Attribute, moments: tuple[int, int], at: datetime
    ) -> _Values:
        def read(snap: Snapshot) -> _Values:
            snap.load_revisions([(attribute_columns.KIND, attribute.pk)])
            # The current values are cached, so that only earlier ones are read.
            column = snap.column(attribute.pk)
            past = db.rows(SELECT_PAST, [attribute.pk, moments[1], moments[0]])
            zone = ZoneInfo(attribute.community.timezone)
            numbers, indexes = np.unique(column.numbers, return_inverse=True)
            current = [
                column.texts[number]
                if column.texts
                else parsing.format_value(attribute.type, number, None, zone)
                for number in numbers.tolist()
            ]
            former = [
                parsing.format_value(kind, number, text, zone)
                for *_times, kind, number, text in past
            ]
            texts = sorted({*current, *former})
            codes = {text: code for code, text in enumerate(texts)}
            older = np.array([row[:3] for row in past], np.int64).reshape(-1, 3)
            accounts = np.concatenate([column.accounts, older[:, 0]])
            return cls(
                moments,
                snap.aliases.map_array(accounts),
                accounts,
                np.concatenate([column.set_at, older[:, 1]]),
                np.append(np.full(len(column.accounts), FOREVER), older[:, 2]),
                np.append(
                    np.array([codes[text] for text in current], np.int64)[indexes],
                    np.array([codes[text] for text in former], np.int64),
                ),
                texts,
            )

        return snapshots.run(attribute.community, at, read)

    def count_pairs(self, members: NDArray[np.uint32]) -> Counter[tuple[str, str]]:
        """How many members had which value at the two moments, without those with none."""
        is_member = np.isin(self.people, members)
        (people, before), (others, after) = (
            self._latest(is_member & (self.since < moment) & (self.until >= moment))
            for moment in self.moments
        )
        _both, one, other = np.intersect1d(
            people, others, assume_unique=True, return_indices=True
        )
        size = len(self.texts)
        pairs, counts = np.unique(before[one] * size + after[other], return_counts=True)
        return Counter(
            {
                (self.texts[pair // size], self.texts[pair % size]): count
                for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True)
            }
        )

    def _latest(self, chosen: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """The people of the chosen rows, each once, and their latest value."""
        rows = np.flatnonzero(chosen)
        rows = rows[np.argsort(self.people[rows], kind="stable")]
        people = self.people[rows]
        is_last = np.ones(len(rows), dtype=bool)
        is_last[:-1] = people[1:] != people[:-1]
        # Few people have several accounts, so that the others need not be sorted.
        is_repeated = ~is_last
        is_repeated[1:] |= ~is_last[:-1]
        some = rows[is_repeated]
        columns = (self.codes, self.accounts, self.since, self.people)
        rows[is_repeated] = some[np.lexsort([column[some] for column in columns])]
        return people[is_last], self.codes[rows[is_last]]


def _list_moves(pairs: Counter[tuple[str, str]], total: int) -> Iterable[Move]:
    """The changes, those of most people first; nothing of too few people."""
    if total < small_numbers.MIN_PEOPLE:
        return
    sizes: Counter[str] = Counter()
    for (old, new), count in pairs.items():
        sizes[old] += count
        sizes[new] += count
    ordered = sorted(sizes, key=lambda text: (-sizes[text], text))
    kept = set(ordered[:MAX_VALUES])
    moves: Counter[tuple[str, str]] = Counter()
    for (old, new), count in pairs.items():
        if old != new:
            pair = (old if old in kept else OTHERS, new if new in kept else OTHERS)
            moves[pair] += count
    for (old, new), count in sorted(
        moves.items(), key=lambda each: (-each[1], each[0])
    ):
        yield Move(
            before=old,
            after=new,
            people=count,
            percent=small_numbers.percent(count, total),
        )
