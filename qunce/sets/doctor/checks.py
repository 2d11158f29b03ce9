"""The examinations of `sets`: position, mirror and stacks against the log, kept sets and
aliases against their rows, and that the erased are gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import community_days, db
from qunce.core.facts import interned_names
from qunce.sets import duckdb_session, log
from qunce.sets.bitmaps import bitmaps, persisted_sets, presence
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding
from qunce.sets.mirror import (
    community_clocks,
    day_counts,
    erasure,
    files,
    locks,
    mirror,
    rebuild,
)

if TYPE_CHECKING:
    from qunce.sets.mirror.day_counts import Day

MAX_FINDINGS = 20
"""Differing days that are told one by one; the rest are counted."""


def _mend() -> None:
    rebuild.rebuild_all()


@doctor.register_check("derived")
def check_derived() -> Iterator[Finding]:
    """One pass over the log, cut and added up anew beside what is stored."""
    with locks.acquire(locks.DERIVER):
        position = Position.objects.order_by("pk").first()
        if position is None:
            return
        yield from _position(position)
        here = mirror.MirrorPosition(position.mirror, position.reached)
        gaps = mirror.coverage(here).gaps
        yield from _gaps(gaps)
        cutter, totals = day_counts.DayCounter(community_clocks.load()), Totals()
        for table in log.read(0, position.reached):
            cutter.add(table)
            totals.add(table)
        if not gaps:
            yield from _mirror(totals)
        yield from _stacks(cutter.stacks())


def _position(position: Position) -> Iterator[Finding]:
    if log.is_different_log(position.reached, position.last):
        text = _("The derived data belongs to another log.")
        yield Finding("position", "log", text, _mend)
    for community in community_clocks.list_changed(
        position.clocks, community_clocks.load()
    ):
        text = _(
            "The days of community %(id)s are still based on its former time zone."
        )
        yield Finding("clock", str(community), text % {"id": community}, _mend)


def _gaps(gaps: tuple[tuple[int, int], ...]) -> Iterator[Finding]:
    for after, last in gaps:
        text = _("The mirror has no segment for positions %(first)s to %(last)s.")
        where = {"first": after + 1, "last": last}
        yield Finding("mirror.gap", f"{after + 1}-{last}", text % where, _mend)


TOTALS = """
SELECT community, kind, count(*) AS facts, sum(id) AS ids,
       sum(hash(id, account, grp, happened_at, recorded_at, actor, source, payload,
           amount)) AS content
FROM {source} GROUP BY community, kind
"""


class Totals:
    """Facts and a sum of their contents by community and kind."""

    def __init__(self) -> None:
        self.of: dict[tuple[int, int], tuple[int, int, int]] = {}

    def add(self, table: pa.Table) -> None:
        self._take(duckdb_session.query(TOTALS.format(source="these"), these=table))

    def _take(self, found: pa.Table) -> None:
        for row in found.to_pylist():
            key = row["community"], row["kind"]
            old = self.of.get(key, (0, 0, 0))
            new = row["facts"], int(row["ids"]), int(row["content"])
            self.of[key] = old[0] + new[0], old[1] + new[1], old[2] + new[2]

    @classmethod
    def of_mirror(cls) -> Totals:
        totals = cls()
        totals._take(mirror.query(TOTALS.format(source="facts")))
        return totals


def _mirror(truth: Totals) -> Iterator[Finding]:
    try:
        held = Totals.of_mirror()
    except (duckdb.Error, mirror.MirrorIncomplete) as error:
        text = _("A segment of the mirror cannot be read: %(why)s")
        yield Finding("mirror.broken", "", text % {"why": error}, _mend)
        return
    kinds = interned_names.listed("kind", 0)
    for key in sorted(truth.of.keys() | held.of.keys()):
        wanted, found = truth.of.get(key, (0, 0, 0)), held.of.get(key, (0, 0, 0))
        if wanted == found:
            continue
        text = _("The mirror has %(found)s facts of %(kind)s; the log has %(wanted)s.")
        if wanted[0] == found[0]:
            text = _(
                "The facts of %(kind)s in the mirror differ from those in the log."
            )
        said = {"kind": kinds.get(key[1], key[1]), "found": found[0]}
        subject = f"{key[0]} {said['kind']}"
        yield Finding("mirror", subject, text % (said | {"wanted": wanted[0]}), _mend)


def _stacks(truth: dict[Day, BitCounter]) -> Iterator[Finding]:
    kinds, differing = interned_names.listed("kind", 0), 0
    for day, wanted, stored in _pairs(truth):
        lost, doubled = _difference(wanted, stored)
        if not (lost or doubled):
            continue
        differing += 1
        if differing > MAX_FINDINGS:
            continue
        said = {
            "kind": kinds.get(day[1], day[1]),
            "day": community_days.to_date(day[2]),
            "lost": lost,
            "doubled": doubled,
        }
        text = _(
            "The stack of %(kind)s on %(day)s lacks %(lost)s entries and has "
            "%(doubled)s too many."
        )
        subject = f"{day[0]} {said['kind']} {said['day']}"
        yield Finding("stack", subject, text % said, _mend)
    if differing > MAX_FINDINGS:
        text = _("%(more)s more days differ.") % {"more": differing - MAX_FINDINGS}
        yield Finding("stack", "", text, _mend)


def _pairs(
    truth: dict[Day, BitCounter],
) -> Iterator[tuple[Day, BitCounter, BitCounter]]:
    left = dict(truth)
    for row in DayCount.objects.iterator(chunk_size=100):
        day = row.community_id, row.kind_id, row.day
        yield day, left.pop(day, BitCounter()), BitCounter.from_bytes(row.blob)
    for day, wanted in left.items():
        yield day, wanted, BitCounter()


def _difference(wanted: BitCounter, stored: BitCounter) -> tuple[int, int]:
    """How many facts the stored stack has too few, and too many."""
    if wanted == stored:
        return 0, 0
    lost = doubled = 0
    for account in wanted.nonzero() | stored.nonzero():
        more = stored.get(account) - wanted.get(account)
        lost += max(-more, 0)
        doubled += max(more, 0)
    return lost, doubled


# Kept sets


@doctor.register_check("kept")
def check_persisted_sets() -> Iterator[Finding]:
    known = {
        (thing.community_id, *thing.key): thing for thing in persisted_sets.list_refs()
    }
    for row in PersistedSet.objects.only("community_id", "kind", "ref", "rev"):
        thing = known.get((row.community_id, row.kind, row.ref))
        if thing is None or row.rev > thing.rev:
            text = _("The stored set of %(kind)s %(ref)s is newer than its rows.")
        elif persisted_sets.matches_rows(thing) is False:
            text = _("The stored set of %(kind)s %(ref)s differs from its rows.")
        else:
            continue
        said = {"kind": row.kind, "ref": row.ref}
        subject = f"{row.community_id} {row.kind} {row.ref}"
        yield Finding("kept", subject, text % said, row.delete)


# Aliases

CHAINS = """
SELECT one.account_id, one.person_id FROM sets_alias AS one
LEFT JOIN sets_alias AS other ON other.account_id = one.person_id
WHERE other.account_id IS NOT NULL OR one.person_id >= one.account_id
"""


@doctor.register_check("aliases")
def check_aliases() -> Iterator[Finding]:
    """What can be seen here: an alias leads straight to an older account."""
    for account, head in db.rows(CHAINS):
        text = _(
            "Account %(account)s points to %(head)s, which is not the first "
            "account of its person."
        )
        said = {"account": account, "head": head}
        yield Finding("alias", str(account), text % said)


# The erased


@doctor.register_check("erased")
def check_erased() -> Iterator[Finding]:
    """Nothing is left of those whom the members' room has erased."""
    if not presence.is_registered():
        return
    rows = db.rows(
        f"SELECT id FROM {presence.table()} WHERE erased_at IS NOT NULL"  # noqa: S608
    )
    gone = BitMap([row[0] for row in rows])
    if not gone:
        return
    spared = set(erasure.exempt_kind_ids())
    places = {
        _("stacks"): _in_stacks(spared),
        _("stored sets"): _in_kept(),
        _("the mirror"): _in_mirror(gone, spared),
        _("the log"): _in_log(gone, spared),
    }
    for place, held in places.items():
        for account in sorted(held & gone)[:MAX_FINDINGS]:
            text = _("The erased account %(account)s is still in %(place)s.")
            said = {"account": account, "place": place}
            yield Finding("erased", str(account), text % said, lambda: _erase(gone))


def _erase(gone: BitMap) -> None:
    erasure.erase(gone)


def _in_stacks(spared: set[int]) -> BitMap:
    days = DayCount.objects.exclude(kind_id__in=spared).iterator(chunk_size=100)
    return bitmaps.union(BitCounter.from_bytes(day.blob).nonzero() for day in days)


def _in_kept() -> BitMap:
    kept = PersistedSet.objects.iterator(chunk_size=20)
    return bitmaps.union(
        persisted_sets.account_ids(each.kind, bytes(each.blob)) for each in kept
    )


def _in_mirror(gone: BitMap, spared: set[int]) -> BitMap:
    """Every file in the folder, those that are superseded too."""
    here = mirror.position()
    folder = mirror.folder(here.folder)
    found = BitMap()
    for piece in files.list_parts(folder):
        found |= files.read_accounts(folder / piece.name, without=spared)
    return found & gone


def _in_log(gone: BitMap, spared: set[int]) -> BitMap:
    kinds = db.placeholders(len(spared)) or "-1"
    rows = db.rows(
        f"SELECT DISTINCT account_id FROM core_fact WHERE account_id IN"  # noqa: S608
        f" (SELECT id FROM {presence.table()} WHERE erased_at IS NOT NULL)"
        f" AND kind_id NOT IN ({kinds})",
        sorted(spared),
    )
    return BitMap([row[0] for row in rows]) & gone
