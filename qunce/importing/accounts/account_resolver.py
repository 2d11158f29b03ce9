"""Resolves references of files to accounts by the million, and creates unknown members.

The rules are those of `members.accounts.resolver`; its references are columns here. How a
target uses it:

    # in Target.chunks: rows that name two people become problems, before any write
    return account_resolver.check_chunks(plan, chunks, key_wins=False)
    # in the writer
    resolver = account_resolver.of_plan(plan, job)
    found = resolver.resolve_rows(chunk, seen_at, key_wins=False)
    found.ids        # account ids, 0 where there is none
    found.states     # FOUND, CREATED, UNKNOWN (left out), NOBODY, SUPPRESSED
    found.counts(start, end)   # {"found_by_phone": 3, …} of these rows, for the report
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import batch_writes, timestamps
from qunce.importing.accounts import reference_lookups
from qunce.importing.accounts.reference_lookups import (
    SEVERAL,
    SHARED,
    Lookup,
    alike_text,
    find_alike,
)
from qunce.importing.jobs import journal
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.members.accounts import placeholders, resolver, suppression
from qunce.members.accounts.models import Suppression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan

MEMBER_KEY = resolver.MEMBER_KEY
KINDS = (MEMBER_KEY, "openid", *resolver.IDENTIFIER_KINDS)
"""Fields of references, in the order in which they decide."""
CREATE, LEAVE, REFUSE = "create", "leave", "refuse"
"""What becomes of unknown members."""
NOBODY, FOUND, CREATED, UNKNOWN, SUPPRESSED = range(5)


@dataclass
class Resolution:
    """The members whom the rows of a chunk name, row by row.

    `by` is the index in KINDS of the reference that decided, -1 where none did.
    """

    ids: NDArray[np.int64]
    states: NDArray[np.int8]
    by: NDArray[np.int8]
    several: NDArray[np.int8]
    """The index in KINDS of a value that several people have, -1 without one."""
    second: NDArray[np.int8]
    """The index in KINDS of the reference that names another person, -1 without one."""
    shared: NDArray[np.bool_]
    """Rows with an identifier that too many accounts have."""
    overruled: NDArray[np.bool_]
    """Rows whose key names another person than their phone or e-mail, and decides."""
    created: int = 0

    @property
    def conflicts(self) -> NDArray[np.bool_]:
        conflicts: NDArray[np.bool_] = (self.second >= 0) | (
            (self.several >= 0) & (self.ids == 0)
        )
        return conflicts

    def counts(self, start: int = 0, end: int | None = None) -> dict[str, int]:
        """What to add to the job's counts for these rows."""
        rows = slice(start, end)
        states, by = self.states[rows], self.by[rows]
        found = by[(states == FOUND)]
        counts = {
            f"found_by_{kind}": int((found == code).sum())
            for code, kind in enumerate(KINDS)
        }
        counts["shared_identifiers"] = int(self.shared[rows].sum())
        counts["overruled"] = int(self.overruled[rows].sum())
        return {name: count for name, count in counts.items() if count}


class AccountResolver:
    """All keys of a community in memory, about 100 bytes each, and its identifiers.

    A million lookups in the database would take longer than the rest of an import.
    """

    def __init__(
        self,
        community: Community,
        *,
        by: Staff,
        at: datetime,
        source: str,
        unknown: str = CREATE,
        job_id: int | None = None,
        created: Collection[int] = (),
        hidden: Collection[int] = (),
    ) -> None:
        """`created` are accounts of this import; those `hidden` count as unknown."""
        self._community, self._by, self._at, self._source = community, by, at, source
        self._unknown, self._job_id = unknown, job_id
        self._reader = placeholders.reader_of(community)
        self._hidden = hidden
        self._keys = reference_lookups.load_keys(community.pk)
        self._keys.hide(hidden)
        # Loaded with the first column of their kind, as most files have one or two.
        self._identifiers: dict[str, Lookup] = {}
        self._suppresses = Suppression.objects.filter(community=community).exists()
        self._sizer = batch_writes.BatchSizer()
        self._own = np.array(sorted(created), dtype=np.int64)
        self._created = 0

    def resolve(self, keys: pa.Array, seen_at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the account ids of members' keys, 0 where there is none.

        `seen_at` are microseconds; a new member joined at the earliest of them.
        """
        return self._resolve({MEMBER_KEY: keys}, seen_at, key_wins=False).ids

    def resolve_rows(
        self, chunk: ParsedChunk, seen_at: NDArray[np.int64], *, key_wins: bool
    ) -> Resolution:
        """Return the member of each row by the fields KINDS that the chunk has.

        Where two references name two people, the first of KINDS decides; call
        `check_chunks` before, which makes problems of them. With `key_wins` a known
        member's key overrules phone and e-mail, which may be the receiver's.
        """
        return self._resolve(references_of(chunk), seen_at, key_wins=key_wins)

    def look_up(self, columns: Mapping[str, pa.Array], *, key_wins: bool) -> Resolution:
        """Return the members whom the rows name now; nothing is created."""
        rows = len(next(iter(columns.values()))) if columns else 0
        found = Resolution(
            ids=np.zeros(rows, np.int64),
            states=np.full(rows, NOBODY, np.int8),
            by=np.full(rows, -1, np.int8),
            several=np.full(rows, -1, np.int8),
            second=np.full(rows, -1, np.int8),
            shared=np.zeros(rows, bool),
            overruled=np.zeros(rows, bool),
        )
        for code, kind in enumerate(KINDS):
            if kind in columns:
                self._look_up_kind(found, code, columns[kind], key_wins=key_wins)
        unknown = np.flatnonzero(found.states == UNKNOWN)
        if self._suppresses and len(unknown):
            # Of erased people only hashes are stored.
            for kind, texts in columns.items():
                some = texts.take(pa.array(unknown))
                values = {(kind, text) for text in pc.unique(some).to_pylist() if text}
                erased = {t for _kind, t in suppression.find(self._community, values)}
                if erased:
                    is_erased = pc.is_in(some, value_set=pa.array(sorted(erased)))
                    found.states[unknown[np.asarray(is_erased)]] = SUPPRESSED
        return found

    def count(self, created: int) -> None:
        """Add to what `pop_created` returns next."""
        self._created += created

    def pop_created(self) -> int:
        """Return how many members were created since the last call."""
        created, self._created = self._created, 0
        return created

    # Looking up

    def _look_up_kind(
        self, found: Resolution, code: int, texts: pa.Array, *, key_wins: bool
    ) -> None:
        is_given = np.asarray(pc.is_valid(texts))
        ids = self._find(KINDS[code], texts)
        found.shared |= ids == SHARED
        found.several[(ids == SEVERAL) & (found.several < 0)] = code
        is_known = ids > 0
        first = is_known & (found.ids == 0)
        other = is_known & (found.ids > 0) & (found.ids != ids)
        if other.any():
            differ = self._people_of(ids[other]) != self._people_of(found.ids[other])
            other[np.flatnonzero(other)[~differ]] = False
            overruled = other & (found.by == 0) & key_wins
            found.overruled |= overruled
            found.second[other & ~overruled & (found.second < 0)] = code
        found.ids[first], found.by[first] = ids[first], code
        found.states[first] = FOUND
        unknown = is_given & (ids == 0) & (found.states == NOBODY)
        found.states[unknown], found.by[unknown] = UNKNOWN, code

    def _find(self, kind: str, texts: pa.Array) -> NDArray[np.int64]:
        lookup = self._keys
        if kind != MEMBER_KEY:
            if kind not in self._identifiers:
                loaded = reference_lookups.load(self._community.pk, kind)
                loaded.hide(self._hidden)
                self._identifiers[kind] = loaded
            lookup = self._identifiers[kind]
        ids = lookup.find(texts)
        missing = (ids == 0) & np.asarray(pc.is_valid(texts))
        if not missing.any():
            return ids
        unknown = texts.filter(pa.array(missing))
        if kind == MEMBER_KEY:
            # Keys may be beyond doubt e-mail addresses or phones.
            found = np.zeros(len(unknown), dtype=np.int64)
            for other in ("email", "phone"):
                alike = find_alike(self._reader, other, unknown)
                if alike.null_count < len(alike):
                    some = self._find(other, alike)
                    found = np.where(found == 0, some, found)
        else:
            # Members whom former files know by this value alone have it as key.
            found = self._keys.find(unknown)
        ids[missing] = found
        return ids

    def _people_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return person ids; asked only where two references differ."""
        from qunce.members.accounts import queries as account_queries

        people = account_queries.person_ids(ids.tolist())
        return np.array([people[int(pk)] for pk in ids], dtype=np.int64)

    # Creating

    def _resolve(
        self,
        columns: Mapping[str, pa.Array],
        seen_at: NDArray[np.int64],
        *,
        key_wins: bool,
    ) -> Resolution:
        found = self.look_up(columns, key_wins=key_wins)
        created = 0
        if self._unknown == CREATE and (found.states == UNKNOWN).any():
            created = self._create(self._list_unknown(columns, found, seen_at))
            found = self.look_up(columns, key_wins=key_wins)
        # Also those of chunks before, and of a run that was interrupted.
        is_own = np.isin(found.ids, self._own) & (found.states == FOUND)
        states = np.where(is_own, CREATED, found.states)
        return replace(found, states=states.astype(np.int8), created=created)

    def _list_unknown(
        self,
        columns: Mapping[str, pa.Array],
        found: Resolution,
        seen_at: NDArray[np.int64],
    ) -> dict[tuple[str, str], int]:
        """Return the unknown members by kind and text, and when each was seen first."""
        joined: dict[tuple[str, str], int] = {}
        for code, kind in enumerate(KINDS):
            rows = (found.states == UNKNOWN) & (found.by == code)
            if not rows.any():
                continue
            table = pa.table(
                {
                    "text": columns[kind].filter(pa.array(rows)),
                    "seen_at": pa.array(seen_at[rows]),
                }
            )
            table = table.group_by("text").aggregate([("seen_at", "min")])
            texts = table["text"].to_pylist()
            for text, moment in zip(
                texts, table["seen_at_min"].to_pylist(), strict=True
            ):
                name = kind, text
                # Keys may be beyond doubt e-mail addresses or phones.
                for other in ("email", "phone") if kind == MEMBER_KEY else ():
                    if alike := alike_text(self._reader, other, text):
                        name = other, alike
                        break
                joined[name] = min(moment, joined.get(name, moment))
        return joined

    def _create(self, joined: Mapping[tuple[str, str], int]) -> int:
        """Create members by kind and text, who joined at these times; returns how many."""
        # Sorted, so that two imports that create the same members insert them in the
        # same order and cannot deadlock.
        names = sorted(joined)
        created: dict[tuple[str, str], int] = {}

        def prepare(start: int, end: int) -> dict[tuple[str, str], datetime]:
            return {
                name: timestamps.from_micros(joined[name]) for name in names[start:end]
            }

        def commit(batch: dict[tuple[str, str], datetime], _end: int) -> None:
            new = resolver.create(
                self._community,
                batch,
                by=self._by,
                at=self._at,
                source=self._source,
                job_id=self._job_id,
            )
            if self._job_id is not None:
                journal.record(self._job_id, "accounts", sorted(set(new.values())))
            created.update(new)

        batch_writes.write(
            len(names), prepare=prepare, commit=commit, sizer=self._sizer
        )
        # Only what was committed is added. A batch that failed raised before this line.
        self._keys.add({text: account for (_kind, text), account in created.items()})
        for kind, lookup in self._identifiers.items():
            lookup.add({text: pk for (k, text), pk in created.items() if k == kind})
        new = np.unique(np.fromiter(created.values(), np.int64))
        self._own = np.union1d(self._own, new)
        self._created += len(new)
        return len(new)


def of_plan(plan: ImportPlan, job: ImportJob) -> AccountResolver:
    """Return a resolver that treats unknown members as the plan requires."""
    resolving = AccountResolver(
        job.community,
        by=job.by,
        at=job.started_at,
        source=job.source,
        unknown=plan.options.unknown_members,
        job_id=job.pk,
        created=plan.created,
    )
    # Members are created before the batch that counts them, which a kill may prevent.
    resolving.count(max(len(plan.created) - job.counts.get("members", 0), 0))
    return resolving


def for_checks(plan: ImportPlan) -> AccountResolver:
    """Return a resolver that knows the members from before the import.

    One for all checks, as loading the keys of a million members takes seconds.
    """
    if plan.lookups is None:
        plan.lookups = AccountResolver(
            plan.community,
            by=plan.by,
            at=plan.at,
            source=plan.options.source,
            hidden=plan.created,
        )
    lookups: AccountResolver = plan.lookups
    return lookups


def references_of(chunk: ParsedChunk) -> dict[str, pa.Array]:
    """Return the columns of a chunk that name members, without those that are empty.

    One at least, if the chunk has any, so that there is a reference of each row.
    """
    columns = {kind: chunk.columns[kind] for kind in KINDS if kind in chunk.columns}
    filled = {
        kind: column
        for kind, column in columns.items()
        if column.null_count < len(column)
    }
    # Loading the identifiers of a million members takes seconds.
    return filled or dict(itertools.islice(columns.items(), 1))


def check_chunks(
    plan: ImportPlan, chunks: Iterable[ParsedChunk], *, key_wins: bool
) -> Iterator[ParsedChunk]:
    """Yield the chunks without rows that name two people, which become problems.

    With the option `refuse`, rows of unknown members become problems, too. Who is
    known is what the community has when the file is first read.
    """
    lookups: AccountResolver | None = None
    for chunk in chunks:
        columns = references_of(chunk)
        if not columns or not len(chunk.row_numbers):
            yield chunk
            continue
        refuses = plan.options.unknown_members == REFUSE
        if lookups is None and (
            len(columns) > 1 or refuses or MEMBER_KEY not in columns
        ):
            lookups = for_checks(plan)
        if lookups is None:
            yield chunk
            continue
        found = lookups.look_up(columns, key_wins=key_wins)
        broken = found.conflicts
        if refuses:
            broken |= found.states == UNKNOWN
        yield _refuse(plan, chunk, columns, found, broken)


def _refuse(
    plan: ImportPlan,
    chunk: ParsedChunk,
    columns: Mapping[str, pa.Array],
    found: Resolution,
    broken: NDArray[np.bool_],
) -> ParsedChunk:
    """Return the chunk without its broken rows, which become problems."""
    if not broken.any():
        return chunk
    problems = list(chunk.problems)
    for index in np.flatnonzero(broken).tolist():
        by, second, several = found.by[index], found.second[index], found.several[index]
        text_of = {
            code: str(columns[KINDS[code]][index].as_py())
            for code in (by, second, several)
            if code >= 0
        }
        if second >= 0:
            code, remedy = second, resolver.two_people(text_of[by], text_of[second])
        elif several >= 0:
            code, remedy = several, resolver.several_people(text_of[several])
        else:
            code = by
            remedy = _("There is no member “%(key)s”.") % {"key": text_of[by]}
        heading = plan.heading_of.get(KINDS[code], KINDS[code])
        row = int(chunk.row_numbers[index])
        problems.append(Problem(row, heading, text_of[code], remedy))
    problems.sort(key=lambda problem: (problem.row, problem.field))
    keep = pa.array(~broken)
    kept = {name: column.filter(keep) for name, column in chunk.columns.items()}
    return replace(
        chunk, columns=kept, row_numbers=chunk.row_numbers[~broken], problems=problems
    )


def refuse_unknown(
    plan: ImportPlan, chunks: Iterable[ParsedChunk]
) -> Iterator[ParsedChunk]:
    """Yield chunks of rows of members without those whose member is unknown.

    Here the column `key` is the member's key, and two people in a row are joined.
    """
    lookups = for_checks(plan)
    for chunk in chunks:
        columns = references_of(chunk)
        if "key" in chunk.columns:
            columns = {MEMBER_KEY: chunk.columns["key"], **columns}
        found = lookups.look_up(columns, key_wins=True)
        is_unknown = found.states == UNKNOWN
        yield _refuse(plan, chunk, columns, found, is_unknown)
