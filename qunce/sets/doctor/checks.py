"""The checks of `sets`.

They compare the position, the mirror and the day counts with the log, the persisted sets
and the aliases with their rows, and look for erased accounts everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import community_days, damage, db
from qunce.core.facts import interned_names
from qunce.core.jobs import clock_watch
from qunce.sets import derived_models, duckdb_session, log
from qunce.sets.bitmaps import bitmaps, persisted_sets, presence_sets
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding
from qunce.sets.mirror import fact_days, files, locks, mirror, mirror_erasure, rebuild
from qunce.sets.mirror.day_counts import DayCounter

if TYPE_CHECKING:
    from qunce.sets.mirror.day_counts import Day

MAX_FINDINGS = 20
"""Findings of one kind that are listed; days beyond that are only counted."""


def _rebuild() -> None:
    # One function for all findings, so that the doctor calls it once.
    rebuild.rebuild_all()


# Files of the databases


@doctor.register_check("databases", repair=_rebuild)
def check_databases() -> Iterator[Finding]:
    """Every page of SQLite's files; PostgreSQL has tools of its own."""
    if db.is_postgresql():
        return
    for alias in settings.DATABASES:
        if problem := damage.find_in_file(alias):
            repair = _rebuild if alias == derived_models.db_alias() else None
            yield Finding("database", alias, problem, repair)


# Position, mirror and day counts


@doctor.register_check("derived", repair=_rebuild)
def check_derived() -> Iterator[Finding]:
    """Reads the log once, counts it again and compares that with what is stored."""
    # The deriver waits meanwhile. Otherwise facts derived during the check would look
    # like a difference.
    with locks.acquire(locks.DERIVER):
        position = Position.objects.order_by("pk").first()
        if position is None:
            return
        if log.is_different_log(position.reached, position.last_fact):
            text = _("The derived data belongs to another log.")
            yield Finding("position", "log", text, _rebuild)
        clocks = fact_days.load()
        for id_ in fact_days.list_changed(position.clock_revisions, clocks):
            text = _(
                "The days of community %(id)s are still based on its former time zone."
            )
            yield Finding("clock", str(id_), text % {"id": id_}, _rebuild)
        at = mirror.MirrorPosition(position.mirror_folder, position.reached)
        gaps = mirror.coverage(at).gaps
        for after, last in gaps:
            text = _("The mirror has no file for positions %(first)s to %(last)s.")
            params = {"first": after + 1, "last": last}
            yield Finding("mirror.gap", f"{after + 1}-{last}", text % params, _rebuild)
        counter, totals = DayCounter(fact_days.load()), Totals()
        # Table by table, so that checking 50 million facts takes no more memory than
        # deriving them.
        for table in log.read(0, position.reached):
            counter.add(table)
            totals.add(table)
        # With a gap the mirror cannot be queried, and the gap is reported already.
        if not gaps:
            yield from _check_mirror(totals)
        yield from _check_day_counts(counter.counters())


SELECT_TOTALS = """
SELECT community, kind, count(*) AS facts, sum(id) AS ids,
       sum(hash(id, account, grp, happened_at, recorded_at, actor, source, payload,
           amount)) AS content
FROM {source} GROUP BY community, kind
"""


class Totals:
    """The number of facts, and sums of their contents, by community and kind."""

    def __init__(self) -> None:
        self.by_kind: dict[tuple[int, int], tuple[int, int, int]] = {}

    def add(self, table: pa.Table) -> None:
        # Sums of hashes do not depend on the order of facts, which differs between log
        # and mirror.
        sql = SELECT_TOTALS.format(source="these")
        self.add_rows(duckdb_session.query(sql, these=table))

    def add_rows(self, rows: pa.Table) -> None:
        """Add the result of `SELECT_TOTALS`."""
        for row in rows.to_pylist():
            key = row["community"], row["kind"]
            facts, ids, content = self.by_kind.get(key, (0, 0, 0))
            self.by_kind[key] = (
                facts + row["facts"],
                ids + int(row["ids"]),
                content + int(row["content"]),
            )


def _check_mirror(of_log: Totals) -> Iterator[Finding]:
    of_mirror = Totals()
    try:
        of_mirror.add_rows(mirror.query(SELECT_TOTALS.format(source="facts")))
    # A damaged Parquet file is what the doctor is for, so it becomes a finding.
    except (duckdb.Error, mirror.MirrorIncomplete) as error:
        text = _("A file of the mirror cannot be read: %(why)s")
        yield Finding("mirror.broken", "", text % {"why": error}, _rebuild)
        return
    kinds = interned_names.names_by_id("kind", 0)
    for key in sorted(of_log.by_kind.keys() | of_mirror.by_kind.keys()):
        expected = of_log.by_kind.get(key, (0, 0, 0))
        actual = of_mirror.by_kind.get(key, (0, 0, 0))
        if expected == actual:
            continue
        text = _("The mirror has %(found)s facts of %(kind)s; the log has %(wanted)s.")
        if expected[0] == actual[0]:
            text = _(
                "The facts of %(kind)s in the mirror differ from those in the log."
            )
        kind = kinds.get(key[1], key[1])
        params = {"kind": kind, "found": actual[0], "wanted": expected[0]}
        yield Finding("mirror", f"{key[0]} {kind}", text % params, _rebuild)


def _check_day_counts(of_log: dict[Day, BitCounter]) -> Iterator[Finding]:
    kinds, differing = interned_names.names_by_id("kind", 0), 0
    for day, expected, stored in _pair_with_stored(of_log):
        # Comparing whole counters is far cheaper than comparing accounts.
        if expected == stored:
            continue
        missing = surplus = 0
        for account in expected.nonzero() | stored.nonzero():
            difference = stored.get(account) - expected.get(account)
            missing += max(-difference, 0)
            surplus += max(difference, 0)
        differing += 1
        if differing > MAX_FINDINGS:
            continue
        kind, date = kinds.get(day[1], day[1]), community_days.to_date(day[2])
        text = _(
            "The day count of %(kind)s on %(day)s lacks %(missing)s entries and has "
            "%(surplus)s too many."
        )
        params = {"kind": kind, "day": date, "missing": missing, "surplus": surplus}
        yield Finding("day_count", f"{day[0]} {kind} {date}", text % params, _rebuild)
    if differing > MAX_FINDINGS:
        text = _("%(more)s more days differ.") % {"more": differing - MAX_FINDINGS}
        yield Finding("day_count", "", text, _rebuild)


def _pair_with_stored(
    of_log: dict[Day, BitCounter],
) -> Iterator[tuple[Day, BitCounter, BitCounter]]:
    # Days are read in chunks, since all stored counters may not fit into memory.
    remaining = dict(of_log)
    for row in DayCount.objects.iterator(chunk_size=100):
        day = row.community_id, row.kind_id, row.day
        stored = BitCounter.from_bytes(row.blob)
        yield day, remaining.pop(day, BitCounter()), stored
    for day, expected in remaining.items():
        yield day, expected, BitCounter()


# Persisted sets


@doctor.register_check("persisted_sets", repair=_rebuild)
def check_persisted_sets() -> Iterator[Finding]:
    refs = {(ref.community_id, *ref.key): ref for ref in persisted_sets.list_refs()}
    for row in PersistedSet.objects.only("community_id", "kind", "ref", "rev"):
        # A set that is newer than its rows would never be brought up to date.
        ref = refs.get((row.community_id, row.kind, row.ref))
        # Happens when the database was restored and the derived tables were not.
        if ref is None or row.rev > ref.rev:
            text = _("The stored set of %(kind)s %(ref)s is newer than its rows.")
        elif persisted_sets.matches_rows(ref) is False:
            text = _("The stored set of %(kind)s %(ref)s differs from its rows.")
        else:
            continue
        params = {"kind": row.kind, "ref": row.ref}
        subject = f"{row.community_id} {row.kind} {row.ref}"
        yield Finding("persisted_set", subject, text % params, row.delete)


# Aliases

SELECT_BROKEN_ALIASES = """
SELECT alias.account_id, alias.person_id FROM sets_alias AS alias
LEFT JOIN sets_alias AS next ON next.account_id = alias.person_id
WHERE next.account_id IS NOT NULL OR alias.person_id >= alias.account_id
"""


@doctor.register_check("aliases")
def check_aliases() -> Iterator[Finding]:
    """Every alias must point directly to an older account, which has no alias itself.

    Whether it is the right account is checked by `members`, which knows the merges.
    """
    for account, person in db.rows(SELECT_BROKEN_ALIASES):
        text = _(
            "Account %(account)s points to %(person)s, which is not the first "
            "account of its person."
        )
        params = {"account": account, "person": person}
        yield Finding("alias", str(account), text % params)


# Erased accounts


@doctor.register_check("erased", repair=_rebuild)
def check_erased() -> Iterator[Finding]:
    """No erased account may be left in the log or in anything derived from it."""
    if not presence_sets.is_registered():
        return
    rows = db.rows(
        f"SELECT id FROM {presence_sets.table()} WHERE erased_at IS NOT NULL"  # noqa: S608
    )
    erased = BitMap([row[0] for row in rows])
    if not erased:
        return

    def erase_again() -> None:
        mirror_erasure.erase(erased)

    exempt_ids = set(mirror_erasure.exempt_kind_ids())
    folder = mirror.folder(mirror.position().folder)
    accounts_by_store = {
        _("day counts"): bitmaps.union(
            BitCounter.from_bytes(day.blob).nonzero()
            for day in DayCount.objects.exclude(kind_id__in=exempt_ids).iterator(100)
        ),
        _("stored sets"): bitmaps.union(
            persisted_sets.account_ids(row.kind, bytes(row.blob))
            for row in PersistedSet.objects.iterator(20)
        ),
        # Superseded files count too: nobody reads them, but they still have the account.
        _("the mirror"): bitmaps.union(
            files.read_accounts(folder / part.name, without=exempt_ids)
            for part in files.list_parts(folder)
        ),
        _("the log"): _erased_accounts_in_log(exempt_ids),
    }
    for store, accounts in accounts_by_store.items():
        for account in sorted(accounts & erased)[:MAX_FINDINGS]:
            text = _("The erased account %(account)s is still in %(place)s.")
            params = {"account": account, "place": store}
            yield Finding("erased", str(account), text % params, erase_again)


def _erased_accounts_in_log(exempt_ids: set[int]) -> BitMap:
    kinds = db.placeholders(len(exempt_ids)) or "-1"
    rows = db.rows(
        f"SELECT DISTINCT account_id FROM core_fact WHERE account_id IN"  # noqa: S608
        f" (SELECT id FROM {presence_sets.table()} WHERE erased_at IS NOT NULL)"
        f" AND kind_id NOT IN ({kinds})",
        sorted(exempt_ids),
    )
    return BitMap([row[0] for row in rows])


# The clock


@doctor.register_check("clock")
def check_clock() -> Iterator[Finding]:
    """The clock of the server was set back within the last day."""
    set_back = clock_watch.find_set_back()
    if set_back is not None:
        text = _(
            "The clock was set back from %(before)s to %(after)s. What was recorded in "
            "between has a time that is still to come."
        )
        params = {
            "before": f"{set_back.before:%Y-%m-%d %H:%M} UTC",
            "after": f"{set_back.after:%Y-%m-%d %H:%M} UTC",
        }
        yield Finding("clock_set_back", "", text % params, clock_watch.acknowledge)
