"""What members did in all groups on some days: numbers by group and day, and by group.

Three people in two groups are six of the groups' members and three people, so both
numbers are here: those of each group, and those of all groups together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from qunce.core import number_arrays
from qunce.core.facts import facts
from qunce.sets import daily_totals
from qunce.sets.mirror import mirror
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.bitmaps.aliases import Aliases
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

PEOPLE_COLUMNS = ("active", "speakers", "interacting")
MAX_FACTS = 8_000_000
"""Facts that are in memory at the same time, thirty bytes each."""
BATCH = 65_536
SELECT = """
SELECT account, grp, kind, happened_at FROM facts
WHERE community = ? AND happened_at >= ? AND happened_at < ? AND account IS NOT NULL
  AND grp IN (SELECT id FROM chosen) AND kind IN ({kinds}){among}
"""


@dataclass(frozen=True)
class GroupDays:
    """Column → numbers, by group and day, by group, and of all groups together.

    `messages`, `interactions`, `joins` and `leaves` can be added up; `speakers`,
    `interacting` and `active` count people, each once. `by_day` has one number per day
    of the span.
    """

    by_day: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    by_group: dict[int, dict[str, int]] = field(default_factory=dict)
    together: dict[str, int] = field(default_factory=dict)


def load(
    *,
    community: Community,
    messages: Sequence[str],
    interactions: Sequence[str],
    groups: Sequence[int],
    first: int,
    last: int,
    at: datetime,
    among: BitMap | None = None,
) -> GroupDays:
    """The numbers of `groups` on community days `first` to `last`.

    With `among`, only what these people did counts; staff accounts never count.

    The answer is cached until a fact of these days is added.
    """
    kinds = _Kinds.find(messages, interactions)
    unique_groups = tuple(sorted(set(groups)))

    def look_up(snap: Snapshot) -> GroupDays:
        snap.load_revisions(())
        version = daily_totals.facts_version(snap, kinds.all, first, last)
        name = ("group days", last - first, unique_groups, daily_totals.digest(among))
        return snap.memoize(
            name, version, lambda: _read(snap, kinds, unique_groups, first, last, among)
        )

    return snapshots.run(community, at, look_up)


@dataclass(frozen=True)
class _Kinds:
    """The ids of kinds of facts by the column that counts them."""

    messages: Sequence[int]
    interactions: Sequence[int]
    joins: Sequence[int]
    leaves: Sequence[int]

    @classmethod
    def find(cls, messages: Sequence[str], interactions: Sequence[str]) -> _Kinds:
        names = (messages, interactions, ["group.joined"], ["group.left"])
        found = ([facts.find_kind(name) for name in kinds] for kinds in names)
        return cls(*([kind for kind in ids if kind is not None] for ids in found))

    @property
    def all(self) -> list[int]:
        return [*self.messages, *self.interactions, *self.joins, *self.leaves]


def _read(
    snap: Snapshot,
    kinds: _Kinds,
    groups: Sequence[int],
    first: int,
    last: int,
    among: BitMap | None,
) -> GroupDays:
    condition, tables = daily_totals.account_condition_in(snap, among)
    sql = SELECT.format(kinds=", ".join(map(str, kinds.all)) or "-1", among=condition)
    _days, starts, _ends, *span = daily_totals.day_params(snap.community, first, last)
    together = {column: np.empty(0, np.int64) for column in PEOPLE_COLUMNS}
    found = GroupDays()
    for part in _split(snap, kinds, groups, first, last):
        chosen = pa.table({"id": pa.array(part, pa.int64())})
        acts = _Acts(kinds, snap.aliases, part, starts)
        acts.add(mirror.query(sql, span, chosen=chosen, **tables))
        by_day = acts.count()
        by_group = {column: counts.sum(axis=1) for column, counts in by_day.items()}
        for column, keys in acts.keys().items():
            by_day[column], by_group[column], people = acts.count_people(keys)
            together[column] = number_arrays.union(together[column], people)
        for place, group in enumerate(part):
            if any(by_group[column][place] for column in vars(kinds)):
                found.by_day[group] = {
                    column: counts[place].tolist() for column, counts in by_day.items()
                }
                found.by_group[group] = {
                    column: int(counts[place]) for column, counts in by_group.items()
                }
    for column in vars(kinds):
        found.together[column] = sum(own[column] for own in found.by_group.values())
    for column, people in together.items():
        found.together[column] = len(people)
    return found


def _split(
    snap: Snapshot, kinds: _Kinds, groups: Sequence[int], first: int, last: int
) -> Iterator[Sequence[int]]:
    """Yield the groups in parts, which have about MAX_FACTS facts each."""
    size = sum(
        counter.total(counter.nonzero())
        for kind in kinds.all
        for _day, counter in snap.day_counters(
            kind, snap.changed_days(kind, first, last)
        )
    )
    parts = min(size // MAX_FACTS + 1, max(len(groups), 1))
    for index in range(parts):
        yield groups[index::parts]


class _Acts:
    """What people did in some groups on some days.

    Each act is one number: the person, the place of the group and the day, from the upper
    to the lower bits. Sorted numbers count different people several times as fast as the
    hash tables of DuckDB do.
    """

    def __init__(
        self,
        kinds: _Kinds,
        aliases: Aliases,
        groups: Sequence[int],
        starts: Sequence[int],
    ) -> None:
        self._kinds, self._aliases = vars(kinds), aliases
        self._groups, self._starts = np.array(groups, np.int64), np.array(starts)
        self._day_bits = len(starts).bit_length()
        self._slot_bits = self._day_bits + len(groups).bit_length()
        self._keys: dict[str, list[Ints]] = {column: [] for column in self._kinds}

    def add(self, rows: pa.Table) -> None:
        # In batches, as arrays that fit into the caches of a processor are faster.
        for batch in rows.to_batches(BATCH):
            accounts, group_ids, kind_ids, happened = (
                column.to_numpy().astype(np.int64, copy=False)
                for column in batch.columns
            )
            keys = self._aliases.map_array(accounts) << self._slot_bits
            places = number_arrays.find_places(self._groups, group_ids)
            keys |= places.astype(np.int64) << self._day_bits
            keys |= np.searchsorted(self._starts, happened, side="right") - 1
            for column, ids in self._kinds.items():
                self._keys[column].append(keys[np.isin(kind_ids, ids)])

    def count(self) -> dict[str, Ints]:
        """Acts by group and day for each column, shape (groups, days)."""
        return {
            column: sum(
                map(self._count_slots, parts), self._count_slots(np.empty(0, np.int64))
            )
            for column, parts in self._keys.items()
        }

    def keys(self) -> dict[str, Ints]:
        """People who did something, by place and day, each once, for each of PEOPLE_COLUMNS."""
        speakers, interacting = (
            number_arrays.unique(np.concatenate([np.empty(0, np.int64), *parts]))
            for parts in (self._keys["messages"], self._keys["interactions"])
        )
        active = number_arrays.union(speakers, interacting)
        return dict(zip(PEOPLE_COLUMNS, (active, speakers, interacting), strict=True))

    def count_people(self, keys: Ints) -> tuple[Ints, Ints, Ints]:
        """People by group and day, people by group, and the people, each once."""
        by_day = self._count_slots(keys)
        # The keys are in order, so that equal neighbours are all that is equal.
        pairs = number_arrays.drop_repeated(keys >> self._day_bits)
        place_bits = self._slot_bits - self._day_bits
        places = pairs & (1 << place_bits) - 1
        by_group = np.bincount(places, minlength=len(self._groups))
        return by_day, by_group, number_arrays.drop_repeated(pairs >> place_bits)

    def _count_slots(self, keys: Ints) -> Ints:
        length = 1 << self._day_bits
        slots = keys & (1 << self._slot_bits) - 1
        counts = np.bincount(slots, minlength=len(self._groups) * length)
        return counts.reshape(len(self._groups), length)[:, : len(self._starts)]
