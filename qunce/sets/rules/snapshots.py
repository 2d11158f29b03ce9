"""One moment of truth, in which a whole rule is answered.

The revisions are read first, then every set is brought to exactly those revisions inside
the same database snapshot; what comes out of the cache bears the same revision. So no
answer mixes two states.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TypeVar

from django.db import connection, connections
from pyroaring import BitMap

from qunce.core import db, revisions
from qunce.core.communities import Community
from qunce.sets import derived_models
from qunce.sets.bitmaps import (
    aliases,
    attribute_columns,
    cache,
    marks,
    persisted_sets,
    presence,
)
from qunce.sets.bitmaps.bit_counters import BitCounter, sum_all
from qunce.sets.rules.base import Clause

Content = TypeVar("Content")
STANDARD_KEYS = frozenset({(aliases.KIND, 0), presence.KEY})


class Stale(Exception):
    """The cache is ahead of this snapshot: take a new one."""


class Snapshot:
    """Reads of one community at one moment. Made by `opened`, used within it only."""

    def __init__(self, community: Community, at: datetime, stack: ExitStack) -> None:
        self.community = community
        self.at = at
        self.today = community.day(at)
        self.shared = not connection.in_atomic_block
        """False inside a transaction: what it sees may never be committed."""
        self.revisions: dict[revisions.Key, int] = {}
        self._exit = stack
        self._derived: tuple[str, int] | None = None

    def load_revisions(self, keys: Iterable[revisions.Key]) -> None:
        """Read the revisions of `keys`, and of who there is and who is whom."""
        self.revisions |= revisions.read(self.community.pk, {*keys, *STANDARD_KEYS})

    def cached(
        self,
        name: str,
        key: revisions.Key,
        load: Callable[[], Content],
        refresh: Callable[[Content, int], Content],
        thaw: Callable[[bytes], Content] | None = None,
        kept_as: revisions.Key | None = None,
    ) -> Content:
        """A content that depends on one revision: from the cache, or brought up to it.

        `load` reads it all, `refresh(old, since)` adds what changed after a revision,
        `thaw` reads a kept blob (kept under `key`, or `kept_as`). All three run in this
        snapshot.
        """
        rev = self.revisions[key]
        place = (self.community.pk, name, key)
        found = cache.CACHE.get(place)
        if found and found[0] == rev:
            return found[1]  # type: ignore[no-any-return]
        if found and found[0] > rev and self.shared:
            raise Stale
        content: Content
        if found and found[0] < rev:
            content = refresh(found[1], found[0])
        else:
            content = self._fresh(kept_as or key, rev, load, refresh, thaw)
        if self.shared:
            cache.CACHE.set(place, rev, content)
        return content

    def _fresh(
        self,
        key: revisions.Key,
        rev: int,
        load: Callable[[], Content],
        refresh: Callable[[Content, int], Content],
        thaw: Callable[[bytes], Content] | None,
    ) -> Content:
        start = persisted_sets.find(self.community.pk, key, until=rev) if thaw else None
        if start is None or thaw is None:
            return load()
        return refresh(thaw(start.blob), start.rev)

    @property
    def aliases(self) -> aliases.Aliases:
        return self.cached(
            "aliases",
            (aliases.KIND, 0),
            lambda: aliases.Aliases.load(self.community.pk),
            lambda old, since: aliases.Aliases.load(self.community.pk),
        )

    @property
    def presence(self) -> presence.Presence:
        pk = self.community.pk
        return self.cached(
            "population",
            presence.KEY,
            lambda: presence.read_all(pk),
            lambda old, since: presence.refresh(pk, old, since),
            presence.Presence.from_bytes,
        )

    def everyone(self, *, with_left: bool = False) -> BitMap:
        """The people who are here; with those who left, if asked for."""
        name = "known people" if with_left else "present people"
        who = self.presence.not_erased if with_left else self.presence.present
        label = (self.revisions[presence.KEY], self.revisions[(aliases.KIND, 0)])
        return self.memoize(name, label, lambda: self.people(who))

    def memoize(
        self, name: Hashable, label: Hashable, make: Callable[[], Content]
    ) -> Content:
        """A result kept for as long as its label is the same."""
        place = (self.community.pk, name)
        found = cache.CACHE.get(place)
        if found and found[0] == label:
            return found[1]  # type: ignore[no-any-return]
        content = make()
        if self.shared:
            cache.CACHE.set(place, label, content)
        return content

    def people(self, accounts: BitMap) -> BitMap:
        return self.aliases.people(accounts)

    def by_person(self, stack: BitCounter) -> BitCounter:
        return self.aliases.by_person(stack)

    def marks(self, kind: str, ref: int) -> BitCounter:
        """The marks of one ref by account, such as a tag's carriers with depth."""
        what = marks.get(kind)

        def refresh(old: BitCounter, since: int) -> BitCounter:
            return old.with_counts(marks.read_changes(what, ref, since))

        return self.cached(
            "marks",
            (kind, ref),
            lambda: marks.read_all(what, ref),
            refresh,
            BitCounter.from_bytes,
        )

    def column(self, ref: int) -> attribute_columns.Column:
        """The values of one attribute by account."""
        return self.cached(
            "column",
            (attribute_columns.KIND, ref),
            lambda: attribute_columns.read_all(ref),
            lambda old, since: attribute_columns.read_changes(ref, since, old),
            attribute_columns.Column.from_bytes,
        )

    def resolve(self, clause: Clause) -> BitMap:
        """The people of the clause, cached under all that its answer depends on."""
        return self.memoize(clause, self._label(clause), lambda: clause.resolve(self))

    def _label(self, clause: Clause) -> Hashable:
        """Who there is belongs to it: who joins is at once among those without a tag.

        So does the clock: after a change today may be the same day with other bounds.
        """
        numbers = tuple(
            self.revisions[key]
            for key in sorted({*clause.dependencies(), *STANDARD_KEYS})
        )
        clock = (self.community.timezone, self.community.day_start)
        return numbers, clock, clause.cache_key(self)

    def cache_key(self, clauses: Iterable[Clause]) -> Hashable:
        """What the answers of all these leaves depend on."""
        standard = tuple(self.revisions[key] for key in sorted(STANDARD_KEYS))
        return standard, tuple(self._label(clause) for clause in clauses)

    # Facts: stacks of community days, from what is derived.

    def token(self) -> str:
        """Which derivation this is; the derived tables are one snapshot from here on."""
        return self._position()[0]

    def reached(self) -> int:
        """How far the log is derived."""
        return self._position()[1]

    def _position(self) -> tuple[str, int]:
        if self._derived is None:
            self._exit.enter_context(db.snapshot(derived_models.db_alias()))
            rows = db.rows(
                "SELECT token, reached FROM sets_position",
                using=derived_models.db_alias(),
            )
            self._derived = rows[0] if rows else ("", 0)
        return self._derived

    def changed_days(self, kind: int, first: int, last: int) -> dict[int, int]:
        """Days of a span that have facts of a kind, each with when it last changed."""
        self.token()
        return dict(
            db.rows(
                "SELECT day, changed FROM sets_day_count"
                " WHERE community_id = %s AND kind_id = %s AND day BETWEEN %s AND %s"
                " ORDER BY day",
                [self.community.pk, kind, first, last],
                using=derived_models.db_alias(),
            )
        )

    def day_counters(
        self, kind: int, days: dict[int, int]
    ) -> list[tuple[int, BitCounter]]:
        """The stacks of `days` (as `days()` told), by account."""
        token = self.token()
        found: dict[int, BitCounter] = {}
        missing = []
        for day, changed in days.items():
            cached = cache.CACHE.get((self.community.pk, "day", kind, day))
            if cached and cached[0] == (token, changed):
                found[day] = cached[1]
            else:
                missing.append(day)
        found |= self._load_days(kind, missing, days)
        return sorted(found.items())

    def _load_days(
        self, kind: int, missing: list[int], days: dict[int, int]
    ) -> dict[int, BitCounter]:
        if not missing:
            return {}
        rows = db.rows(
            "SELECT day, blob FROM sets_day_count"  # noqa: S608 - marks only
            " WHERE community_id = %s AND kind_id = %s"
            f" AND day IN ({db.placeholders(len(missing))})",
            [self.community.pk, kind, *missing],
            using=derived_models.db_alias(),
        )
        stacks = {day: BitCounter.from_bytes(blob) for day, blob in rows}
        if self.shared:
            for day, stack in stacks.items():
                place = (self.community.pk, "day", kind, day)
                cache.CACHE.set(place, (self.token(), days[day]), stack)
        return stacks

    def sum_days(self, kind: int, days: dict[int, int]) -> BitCounter:
        """How often each account did it on `days`; the settled days are kept summed."""
        last = max(days, default=0)
        settled = {day: changed for day, changed in days.items() if day != last}
        label = (self.token(), tuple(settled.items()))
        before = self.memoize(
            ("sum", kind, min(settled, default=0), len(settled)),
            label,
            lambda: sum_all([stack for _, stack in self.day_counters(kind, settled)]),
        )
        newest = (
            [stack for _, stack in self.day_counters(kind, {last: days[last]})]
            if days
            else []
        )
        return sum_all([before, *newest])


@contextmanager
def open_snapshot(community: Community, at: datetime) -> Iterator[Snapshot]:
    """A snapshot of truth; that of what is derived joins when it is first needed."""
    with ExitStack() as stack:
        stack.enter_context(db.snapshot())
        yield Snapshot(community, at, stack)


def close_all() -> None:
    """Forget everything held, as a restart does."""
    cache.CACHE.clear()
    connections.close_all()
