"""Snapshots: one moment of the database, in which a whole rule is answered.

The revisions are read first, then every set is brought to exactly these revisions inside
the same database snapshot. A cached set is used only at the same revision, so no answer
mixes two states.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from django.db import connection, connections
from pyroaring import BitMap

from qunce.core import db, revisions, timestamps
from qunce.core.communities import Community
from qunce.sets import derived_models, past_population
from qunce.sets.bitmaps import (
    account_tables,
    aliases,
    attribute_columns,
    bitmaps,
    cache,
    marks,
    persisted_sets,
    presence_sets,
    staff_accounts,
)
from qunce.sets.bitmaps.bit_counters import BitCounter, sum_all
from qunce.sets.bitmaps.staff_accounts import Part
from qunce.sets.rules.base import Clause

Content = TypeVar("Content")
Result = TypeVar("Result")
STANDARD_KEYS = frozenset({(aliases.KIND, 0), presence_sets.KEY, staff_accounts.KEY})
"""Revisions that every answer depends on."""


class Stale(Exception):
    """The cache is ahead of this snapshot; ask again in a new one."""


class Snapshot:
    """Reads of one community at one moment. Open it with `run` or `open_snapshot`.

    `everyone` are the members. Only in a snapshot `with_staff`, for lists that name
    people but count nobody, it has the people who work here, too. A `fresh` one reads
    everything from its rows: neither from the cache nor from persisted sets.
    """

    def __init__(
        self,
        community: Community,
        at: datetime,
        stack: ExitStack,
        *,
        with_staff: bool = False,
        fresh: bool = False,
    ) -> None:
        self.community = community
        self.at = at
        self.with_staff = with_staff
        self._fresh = fresh
        self._cache = cache.Cache() if fresh else cache.CACHE
        self.today = community.day(at)
        self._micros = timestamps.to_micros(at)
        # What a transaction sees may never be committed, so it must not be cached.
        self.may_cache = not connection.in_atomic_block
        self.revisions: dict[revisions.Key, int] = {}
        self._own: dict[Hashable, tuple[Hashable, Any]] = {}
        """What this snapshot has computed and the cache may not have."""
        self._stack = stack
        self._derived: tuple[str, int] | None = None

    def load_revisions(self, keys: Iterable[revisions.Key]) -> None:
        """Read the revisions of `keys`, of presence and of the aliases."""
        self.revisions |= revisions.read(self.community.pk, {*keys, *STANDARD_KEYS})

    # Caching

    def cached(
        self,
        name: str,
        key: revisions.Key,
        load: Callable[[], Content],
        refresh: Callable[[Content, int], Content],
        from_bytes: Callable[[bytes], Content] | None = None,
        saved_as: revisions.Key | None = None,
    ) -> Content:
        """A content that depends on one revision, from the cache or brought up to date.

        `load()` reads everything; `refresh(old, since)` adds the changes after a
        revision; `from_bytes` parses the persisted set of `key`, or that which is
        `saved_as` another key with the same revision. All run in this snapshot.
        """
        rev = self.revisions[key]
        cache_key = (self.community.pk, name, key)
        entry = self._cache.get(cache_key)
        if entry and entry[0] == rev:
            return entry[1]  # type: ignore[no-any-return]
        # Another thread has cached a newer content, from which there is no way back.
        if entry and entry[0] > rev and self.may_cache:
            raise Stale
        content: Content
        if entry and entry[0] < rev:
            content = refresh(entry[1], entry[0])
        elif (from_bytes and not self._fresh) and (
            old := persisted_sets.find(self.community.pk, saved_as or key, until=rev)
        ):
            content = refresh(from_bytes(old.blob), old.rev)
        else:
            content = load()
        if self.may_cache:
            self._cache.set(cache_key, rev, content)
        return content

    def memoize(
        self, name: Hashable, version: Hashable, compute: Callable[[], Content]
    ) -> Content:
        """The result of `compute`, which is cached as long as `version` is the same."""
        # The version is not part of the key, so that an old content is replaced and not
        # kept beside the new one.
        cache_key = (self.community.pk, name)
        entry = self._own.get(cache_key) or self._cache.get(cache_key)
        if entry and entry[0] == version:
            return entry[1]  # type: ignore[no-any-return]
        content = compute()
        if self.may_cache:
            self._cache.set(cache_key, version, content)
        else:
            self._own[cache_key] = (version, content)
        return content

    # People

    @property
    def aliases(self) -> aliases.Aliases:
        return self.cached(
            "aliases",
            (aliases.KIND, 0),
            lambda: aliases.Aliases.load(self.community.pk),
            # Read as a whole, as aliases are few and one may disappear without a row
            # that says so.
            lambda old, since: aliases.Aliases.load(self.community.pk),
        )

    @property
    def presence(self) -> presence_sets.Presence:
        pk = self.community.pk
        return self.cached(
            "presence",
            presence_sets.KEY,
            lambda: presence_sets.read_all(pk),
            lambda old, since: presence_sets.refresh(pk, old, since),
            presence_sets.Presence.from_bytes,
        )

    @property
    def stays(self) -> past_population.Stays:
        """When the accounts joined and left, for questions about the past."""
        # Everyone who leaves or rejoins raises the revision, so that later facts of the
        # log change nothing.
        table, reached = self.account_table_now, self.reached()
        created = timestamps.to_micros(self.community.created_at)
        version = self.revisions[presence_sets.KEY]
        return self.memoize(
            "stays",
            version,
            lambda: past_population.read_stays(
                self.community.pk, created, table, reached
            ),
        )

    @property
    def account_table_now(self) -> account_tables.AccountTable:
        pk = self.community.pk
        # Only accounts that changed are read again.
        return self.cached(
            "account table",
            presence_sets.KEY,
            lambda: account_tables.read_all(pk),
            lambda old, since: account_tables.refresh(pk, old, since),
            account_tables.AccountTable.from_bytes,
            saved_as=account_tables.KEY,
        )

    @property
    def account_table(self) -> account_tables.AccountTable:
        """The accounts that had joined by the snapshot's moment."""
        if self.population is None:
            return self.account_table_now
        version = (self.revisions[presence_sets.KEY], self.population)
        return self.memoize(
            "account table of the past",
            version,
            lambda: self.stays.as_of(self._micros),
        )

    @cached_property
    def population(self) -> int | None:
        """Which of the past populations this moment has; None for that of now."""
        if self._micros >= self.presence.latest:
            return None
        return self.stays.version(self._micros)

    def everyone(self, *, with_left: bool = False) -> BitMap:
        """The members who are in the community and, on request, those who have left.

        Those of the snapshot's moment: who joined later is not known yet. People who work
        here, bots and volunteers are not counted, see `with_staff`.
        """
        if self.with_staff:
            return self._known(with_left=with_left)
        name = "members not erased" if with_left else "members present"
        return self.memoize(
            name,
            self._people_version,
            lambda: self._known(with_left=with_left) - self.uncounted,
        )

    def known(self) -> BitMap:
        """Everyone who is not erased: members, former members and staff accounts.

        It is what clauses select from; who is counted is decided outside of them.
        """
        return self._known(with_left=True)

    @property
    def _people_version(self) -> Hashable:
        return (
            *(self.revisions[key] for key in sorted(STANDARD_KEYS)),
            self.population,
        )

    def _known(self, *, with_left: bool) -> BitMap:
        name = "people not erased" if with_left else "people present"

        def read() -> BitMap:
            if self.population is None:
                presence = self.presence
                return presence.not_erased if with_left else presence.present
            table = self.account_table
            here = table.left == account_tables.NOT_LEFT
            return bitmaps.of(table.accounts if with_left else table.accounts[here])

        return self.memoize(name, self._people_version, lambda: self.people(read()))

    @property
    def staff(self) -> BitMap:
        """The people who work here, and bots: see `bitmaps.staff_accounts`."""
        return self._uncounted(Part.STAFF) | self._uncounted(Part.BOTS)

    @property
    def answering_staff(self) -> BitMap:
        """The people who work here, without bots."""
        return self._uncounted(Part.STAFF)

    @property
    def uncounted(self) -> BitMap:
        """The people whom no number counts: staff, bots and volunteers."""
        version = self._uncounted_version
        return self.memoize(
            "people not counted",
            version,
            lambda: bitmaps.union(self._uncounted(part) for part in Part),
        )

    def _uncounted(self, part: Part) -> BitMap:
        pk = self.community.pk

        def read() -> BitMap:
            return staff_accounts.read(pk, part)

        accounts = self.cached(
            f"accounts of {part}",
            staff_accounts.KEY,
            read,
            # Read as a whole, as they are few.
            lambda old, since: read(),
        )
        return self.memoize(
            f"people of {part}",
            self._uncounted_version,
            lambda: self.people(accounts),
        )

    @property
    def _uncounted_version(self) -> Hashable:
        return tuple(
            self.revisions[key] for key in ((aliases.KIND, 0), staff_accounts.KEY)
        )

    def uncounted_present(self) -> BitMap:
        """The people in the community whom no number counts."""
        return self._known(with_left=False) & self.uncounted

    def uncounted_accounts(self) -> BitMap:
        """All accounts of the people whom no number counts."""
        accounts = (self.aliases.account_ids(person) for person in self.uncounted)
        return BitMap(itertools.chain.from_iterable(accounts))

    def people(self, accounts: BitMap) -> BitMap:
        return self.aliases.people(accounts)

    def by_person(self, counter: BitCounter) -> BitCounter:
        return self.aliases.by_person(counter)

    # Marks, attributes and clauses

    def marks(self, kind: str, ref: int) -> BitCounter:
        """The marks of one ref by account, such as the accounts and depths of a tag."""
        mark_kind = marks.get(kind)

        def refresh(old: BitCounter, since: int) -> BitCounter:
            return old.with_counts(marks.read_changes(mark_kind, ref, since))

        return self.cached(
            "marks",
            (kind, ref),
            lambda: marks.read_all(mark_kind, ref),
            refresh,
            BitCounter.from_bytes,
        )

    def column(
        self, ref: int, kind: str = attribute_columns.KIND
    ) -> attribute_columns.Column:
        """The values of one attribute, or of another kind of column, by account."""
        return self.cached(
            "column",
            (kind, ref),
            lambda: attribute_columns.read_all(ref, kind),
            lambda old, since: attribute_columns.read_changes(ref, since, old, kind),
            attribute_columns.Column.from_bytes,
        )

    def resolve(self, clause: Clause) -> BitMap:
        """The clause's people, cached until anything changes that it depends on."""
        return self.memoize(clause, self._version(clause), lambda: clause.resolve(self))

    def _version(self, clause: Clause) -> Hashable:
        # Presence is part of it, so that a new member is in "has no tag" immediately. So
        # is the clock, since after a change `today` may be the same day with other bounds.
        keys = sorted({*clause.dependencies(), *STANDARD_KEYS})
        clock = (self.community.timezone, self.community.day_start)
        revs = tuple(self.revisions[key] for key in keys)
        return revs, clock, self.population, clause.cache_key(self)

    def version(self, clauses: Iterable[Clause]) -> Hashable:
        """Everything that the answers of all these clauses depend on."""
        standard = tuple(self.revisions[key] for key in sorted(STANDARD_KEYS))
        return (
            standard,
            self.population,
            tuple(self._version(clause) for clause in clauses),
        )

    # Facts, from the counts of community days

    def token(self) -> str:
        """The token of the derived data, which from here on is one snapshot, too."""
        return self._load_position()[0]

    def reached(self) -> int:
        """The coordinate up to which the log is derived."""
        return self._load_position()[1]

    def _load_position(self) -> tuple[str, int]:
        # Opened late, since most questions about marks and attributes do not need it.
        if self._derived is None:
            self._stack.enter_context(db.snapshot(derived_models.db_alias()))
            rows = db.rows(
                "SELECT token, reached FROM sets_position",
                using=derived_models.db_alias(),
            )
            self._derived = rows[0] if rows else ("", 0)
        return self._derived

    def changed_days(self, kind: int, first: int, last: int) -> dict[int, int]:
        """Each day of a span with facts of a kind → the position of its last change."""
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
        """The counts by account on each of `days`, which come from `changed_days`."""
        token = self.token()
        counters: dict[int, BitCounter] = {}
        for day, changed in days.items():
            entry = self._cache.get((self.community.pk, "day", kind, day))
            # The token too: after a rebuild, positions count anew and could be equal by
            # chance.
            if entry and entry[0] == (token, changed):
                counters[day] = entry[1]
        missing = [day for day in days if day not in counters]
        if missing:
            rows = db.rows(
                "SELECT day, blob FROM sets_day_count"  # noqa: S608 - placeholders only
                " WHERE community_id = %s AND kind_id = %s"
                f" AND day IN ({db.placeholders(len(missing))})",
                [self.community.pk, kind, *missing],
                using=derived_models.db_alias(),
            )
            for day, blob in rows:
                counters[day] = BitCounter.from_bytes(blob)
                if self.may_cache:
                    cache_key = (self.community.pk, "day", kind, day)
                    self._cache.set(cache_key, (token, days[day]), counters[day])
        return sorted(counters.items())

    def sum_days(self, kind: int, days: dict[int, int]) -> BitCounter:
        """The counts by account over all of `days`, which come from `changed_days`."""
        if not days:
            return BitCounter()
        # The newest day changes with every fact. The sum of all others is cached.
        newest = max(days)
        older = {day: changed for day, changed in days.items() if day != newest}
        sum_of_older = self.memoize(
            ("sum", kind, min(older, default=0), len(older)),
            (self.token(), tuple(older.items())),
            lambda: sum_all(counter for _, counter in self.day_counters(kind, older)),
        )
        ((_, counter),) = self.day_counters(kind, {newest: days[newest]})
        return sum_all([sum_of_older, counter])


@contextmanager
def open_snapshot(
    community: Community,
    at: datetime,
    *,
    with_staff: bool = False,
    fresh: bool = False,
) -> Iterator[Snapshot]:
    """A snapshot of the database; one of the derived data joins when it is first used."""
    with ExitStack() as stack:
        # Readers never block writers: SQLite has WAL, PostgreSQL repeatable read.
        stack.enter_context(db.snapshot())
        yield Snapshot(community, at, stack, with_staff=with_staff, fresh=fresh)


def run(
    community: Community,
    at: datetime,
    question: Callable[[Snapshot], Result],
    *,
    with_staff: bool = False,
    fresh: bool = False,
) -> Result:
    """The result of a question in one snapshot, which is a newer one if it was stale."""
    while True:
        try:
            with open_snapshot(
                community, at, with_staff=with_staff, fresh=fresh
            ) as snap:
                return question(snap)
        except Stale:
            # Ends, as the new snapshot begins after the commit that the cache has seen.
            continue


def close_all() -> None:
    """Forget everything cached, as a restart does."""
    cache.CACHE.clear()
    connections.close_all()
