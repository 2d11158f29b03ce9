"""The clauses `joined`, `left` and `source`: how and when people came, and went."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days, db, revisions, timestamps
from qunce.core.communities import zone
from qunce.core.facts import interned_names
from qunce.sets.bitmaps import aliases, bitmaps
from qunce.sets.rules import base, fact_queries, snapshots, time_windows
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

PRESENT = ("present", 0)
HERE = np.iinfo(np.int64).max
"""Stands for the time of leaving of an account that is here."""


@dataclass(frozen=True)
class AccountTable:
    """Accounts that are not erased, as parallel arrays of shape (n,), by account.

    `joined` and `left` are microseconds, `left` is HERE for who is here; `source` is the
    id of a name, 0 for none.
    """

    accounts: NDArray[np.int64]
    joined: NDArray[np.int64]
    left: NDArray[np.int64]
    source: NDArray[np.int64]


def account_table(snap: Snapshot) -> AccountTable:
    pk = snap.community.pk
    return snap.cached(
        "roll",
        PRESENT,
        lambda: _read(pk, -1)[1],
        lambda old, since: _refreshed(old, *_read(pk, since)),
    )


def _read(community_id: int, since: int) -> tuple[NDArray[np.int64], AccountTable]:
    """All accounts changed after a revision, and those of them that are not erased."""
    rows = db.rows(
        "SELECT id, joined_at, CASE WHEN present THEN %s ELSE left_at END,"
        " coalesce(source_id, 0), CASE WHEN erased_at IS NULL THEN 1 ELSE 0 END"
        " FROM members_account WHERE community_id = %s AND rev > %s ORDER BY id",
        [int(HERE), community_id, since],
    )
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    known = table[table[:, 4] == 1]
    return table[:, 0], AccountTable(known[:, 0], known[:, 1], known[:, 2], known[:, 3])


def _refreshed(
    old: AccountTable, touched: NDArray[np.int64], fresh: AccountTable
) -> AccountTable:
    kept = ~np.isin(old.accounts, touched)
    accounts = np.concatenate([old.accounts[kept], fresh.accounts])
    order = np.argsort(accounts, kind="stable")
    return AccountTable(
        accounts[order],
        np.concatenate([old.joined[kept], fresh.joined])[order],
        np.concatenate([old.left[kept], fresh.left])[order],
        np.concatenate([old.source[kept], fresh.source])[order],
    )


def _joined(snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """People, and when the first of their accounts joined."""

    def read() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        everyone = account_table(snap)
        return _edge(snap.aliases.map_array(everyone.accounts), everyone.joined)

    return snap.memoize("joined", _label(snap), read)


def _label(snap: Snapshot) -> Hashable:
    return snap.revisions[PRESENT], snap.revisions[(aliases.KIND, 0)]


def joined_by_day(
    *, community: Community, first: int, last: int, at: datetime, among: bytes | None
) -> list[int]:
    """People who joined on each community day, who left since too.

    `among` is a frozen audience; without it everyone counts.
    """
    people, micros = _joined_now(community, at)
    begins = [
        community_days.begin(community.timezone, community.day_start, day)
        for day in range(first, last + 2)
    ]
    inside = (micros >= begins[0]) & (micros < begins[-1])
    people, micros = people[inside], micros[inside]
    if among is not None:
        micros = micros[np.isin(people, bitmaps.array_of(bitmaps.from_bytes(among)))]
    return [int(number) for number in np.histogram(micros, begins)[0]]


def _joined_now(
    community: Community, at: datetime
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    while True:
        try:
            with snapshots.open_snapshot(community, at) as snap:
                snap.load_revisions(())
                return _joined(snap)
        except snapshots.Stale:
            continue


def _left(snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """People who left with every account, and when with the last."""
    everyone = account_table(snap)
    people, negative = _edge(snap.aliases.map_array(everyone.accounts), -everyone.left)
    gone = negative != -HERE
    return people[gone], -negative[gone]


def _edge(
    people: NDArray[np.int64], micros: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each person once, with the least of their instants."""
    order = np.lexsort((micros, people))
    people, micros = people[order], micros[order]
    first = np.ones(len(people), dtype=bool)
    first[1:] = people[1:] != people[:-1]
    return people[first], micros[first]


@dataclass(frozen=True)
class _TimedClause(Clause):
    window: Window

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> Clause:
        base.check_fields(args, path, time_windows.KINDS)
        return cls(time_windows.parse(args, path))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [PRESENT]

    def cache_key(self, snap: Snapshot) -> Hashable:
        return snap.at if self.window.hours else snap.today

    @abstractmethod
    def times(self, snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """People ascending, and the microsecond that counts for each."""

    def resolve(self, snap: Snapshot) -> BitMap:
        people, micros = self.times(snap)
        return bitmaps.of(people[fact_queries.in_window(snap, micros, self.window)])

    def day(self, snap: Snapshot, person: int) -> str | None:
        """The local date for one person, if there is one."""
        people, micros = self.times(snap)
        place = int(np.searchsorted(people, person))
        if place == len(people) or people[place] != person:
            return None
        moment = timestamps.from_micros(int(micros[place]))
        return moment.astimezone(zone(snap.community)).date().isoformat()


@base.register
@dataclass(frozen=True)
class JoinedClause(_TimedClause):
    """A person joined when the first of their accounts did."""

    name: ClassVar[str] = "joined"

    def times(self, snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return _joined(snap)

    def explain(self, snap: Snapshot, person: int) -> str:
        return _("joined on %(day)s; required: %(window)s") % {
            "day": self.day(snap, person) or _("an unknown day"),
            "window": self.window.say(),
        }


@base.register
@dataclass(frozen=True)
class LeftClause(_TimedClause):
    """A person left when the last of their accounts did."""

    name: ClassVar[str] = "left"

    def times(self, snap: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return _left(snap)

    def explain(self, snap: Snapshot, person: int) -> str:
        day = self.day(snap, person)
        if day is None:
            return _("has not left")
        return _("left on %(day)s; required: %(window)s") % {
            "day": day,
            "window": self.window.say(),
        }


@base.register
@dataclass(frozen=True)
class SourceClause(Clause):
    """Any account of the person came through one of these sources."""

    name: ClassVar[str] = "source"
    sources: tuple[tuple[int, str], ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> SourceClause:
        base.check_fields(args, path, ("any",))
        here = path.child("any")
        found = []
        for number, name in enumerate(base.parse_strings(args.get("any"), here)):
            source = interned_names.find("source", path.community.pk, name)
            if source is None:
                here.child(number).fail(
                    _("There is no source “%(key)s”.") % {"key": name}
                )
            found.append((source, name))
        return cls(tuple(found))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [PRESENT]

    def resolve(self, snap: Snapshot) -> BitMap:
        everyone = account_table(snap)
        mine = np.isin(everyone.source, [source for source, _name in self.sources])
        return snap.people(bitmaps.of(everyone.accounts[mine]))

    def explain(self, snap: Snapshot, person: int) -> str:
        wanted = ", ".join(name for _source, name in self.sources)
        if person in snap.resolve(self):
            return _("joined through %(wanted)s") % {"wanted": wanted}
        return _("did not join through %(wanted)s") % {"wanted": wanted}
