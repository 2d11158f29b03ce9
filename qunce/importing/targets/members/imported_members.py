"""Finds or creates the accounts of rows, and gives them their identifiers.

A row with a key is that account. One without is whoever has its UnionID, phone or
e-mail address, in this order, else a new member who is known by the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qunce.core import db, timestamps
from qunce.importing.jobs import journal, remarks
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.options import CREATE, REPLACE, ImportOptions
from qunce.importing.rows.parsing import Problem
from qunce.members.accounts import accounts, resolver, suppression
from qunce.members.accounts import queries as account_queries
from qunce.members.people import corrections
from qunce.members.people.identifier_merges import Joins

KEY = "key"
IDENTIFIER_FIELDS = resolver.IDENTIFIER_KINDS
LIST_FIELDS = ("tags", "groups")
ROWS = "rows"
"""How many rows of the file were merged into one."""
NUMBERS = "numbers"
"""Which rows of the file these are."""
REPLACED = "replaced"
"""Whether a later of these rows contradicts an earlier one, and so replaces it."""
Row = dict[str, Any]


@dataclass
class Identified:
    """Rows by account, and those that are of nobody."""

    rows: dict[int, Row] = field(default_factory=dict)
    existing: set[int] = field(default_factory=set)
    suppressed: int = 0
    skipped: int = 0
    remarks: list[Problem] = field(default_factory=list)
    """Why rows were skipped."""

    def skip(self, row: Row, reason: Callable[[str], str]) -> None:
        kind, text = reference_of(row)
        self.skipped += row[ROWS]
        self.remarks += [
            Problem(number, kind, text, reason(text)) for number in row[NUMBERS]
        ]


def reference_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """The kind and text by which a row is known."""
    if KEY in row:
        return KEY, row[KEY]
    return next((kind, row[kind]) for kind in IDENTIFIER_FIELDS if kind in row)


class Identities:
    def __init__(self, job: ImportJob, options: ImportOptions) -> None:
        self._job, self._options = job, options

    def identify(self, batch: Sequence[Row]) -> Identified:
        """Find the accounts of these rows and create the missing ones."""
        result = Identified()
        unknown: list[Row] = []
        for row, account in zip(batch, self._find(batch), strict=True):
            if account is None:
                unknown.append(row)
            elif account == NOBODY:
                result.skip(row, remarks.shared_by_many)
            else:
                _add_row(result.rows, account, row)
        result.existing = set(result.rows)
        values = {(KEY, text) for row in unknown for text in _values(row)}
        erased: set[str] = set()
        if values:
            found = suppression.find(self._job.community, values)
            erased = {text for _kind, text in found}
        new = [row for row in unknown if not _values(row) & erased]
        result.suppressed = sum(row[ROWS] for row in unknown if _values(row) & erased)
        if self._options.unknown_members != CREATE:
            for row in new:
                result.skip(row, remarks.unknown)
            return result
        created = self._create(new)
        journal.record(self._job, "accounts", sorted(set(created.values())))
        for row in new:
            _add_row(result.rows, created[reference_of(row)], row)
        return result

    def add_identifiers(self, rows: Mapping[int, Row]) -> tuple[set[int], Joins]:
        """Store what is new; returns whose identifiers changed, and the joins."""
        given = {
            (account, kind, row[kind])
            for account, row in rows.items()
            for kind in IDENTIFIER_FIELDS
            if kind in row
        }
        if not given:
            return set(), Joins()
        stored = set(
            db.rows(
                "SELECT account_id, kind, value FROM members_identifier"  # noqa: S608
                f" WHERE account_id IN ({db.placeholders(len(rows))})",
                list(rows),
            )
        )
        joins = Joins()
        replaced: set[corrections.Value] = set()
        if self._options.identifiers == REPLACE:
            kinds = {row[:2] for row in given}
            replaced = {row for row in stored - given if row[:2] in kinds}
        job = self._job
        if replaced:
            joins = corrections.remove(
                community=job.community,
                values=replaced,
                by=job.by,
                at=job.started_at,
                source=job.source,
                job_id=job.pk,
            )
        new = sorted(given - stored)
        if new:
            added = accounts.add_identifiers(
                community=job.community,
                values=new,
                by=job.by,
                at=job.started_at,
                job_id=job.pk,
            )
            joins = joins.extend(added)
        return {row[0] for row in (*new, *replaced)}, joins

    def _find(self, batch: Sequence[Row]) -> list[int | None]:
        """The account of each row, None if it is unknown, or NOBODY."""
        community = self._job.community
        by_key = account_queries.find(
            community, [row[KEY] for row in batch if KEY in row]
        )
        keyless = [_identifiers(row) for row in batch if KEY not in row]
        matches = iter(resolver.find_all(community, keyless) if keyless else ())
        found: list[int | None] = []
        for row in batch:
            if KEY in row:
                found.append(by_key.get(row[KEY]))
                continue
            match = next(matches)
            # Identifiers of two people join them, as those of a row with a key do.
            is_nobody = match.state == resolver.NOBODY
            found.append(match.account or (NOBODY if is_nobody else None))
        if self._options.unknown_members == CREATE:
            return found
        # No account is made for an unknown key, so that identifiers decide.
        unknown = [
            _identifiers(row)
            for row, pk in zip(batch, found, strict=True)
            if pk is None
        ]
        matches = iter(resolver.find_all(community, unknown))
        return [next(matches).account if pk is None else pk for pk in found]

    def _create(self, rows: Sequence[Row]) -> dict[tuple[str, str], int]:
        """Create accounts; returns them by kind and text."""
        job = self._job
        created: dict[tuple[str, str], int] = {}
        by_source: dict[str, dict[tuple[str, str], Any]] = {}
        for row in rows:
            joined_at = row.get("joined_at", timestamps.to_micros(job.started_at))
            kind, text = reference_of(row)
            name = (resolver.MEMBER_KEY if kind == KEY else kind, text)
            joined = by_source.setdefault(row.get("source", ""), {})
            joined[name] = timestamps.from_micros(joined_at)
        for source, joined in by_source.items():
            found = resolver.create(
                job.community,
                joined,
                by=job.by,
                at=job.started_at,
                source=source,
                job_id=job.pk,
            )
            for (kind, text), account in found.items():
                created[KEY if kind == resolver.MEMBER_KEY else kind, text] = account
        return created


NOBODY = 0
"""In place of an account: the row is known only by what many people share."""


def _identifiers(row: Row) -> dict[str, str]:
    return {kind: row[kind] for kind in IDENTIFIER_FIELDS if kind in row}


def _values(row: Row) -> set[str]:
    return {row[name] for name in (KEY, *IDENTIFIER_FIELDS) if name in row}


def merge(earlier: Row, later: Row) -> Row:
    """Return one row of two of a member: lists add up, other fields are the later's.

    A member with several staff members, or in several channels, has joined with the first
    of them.
    """
    merged = {**earlier, **later}
    if "joined_at" in earlier and "joined_at" in later:
        first = min(earlier, later, key=lambda row: row["joined_at"])
        merged |= {
            name: first[name] for name in ("joined_at", "source") if name in first
        }
    for name in LIST_FIELDS:
        if name in earlier and name in later:
            merged[name] = f"{earlier[name]}{later[name]}"
    merged[ROWS] = earlier[ROWS] + later[ROWS]
    merged[NUMBERS] = [*earlier[NUMBERS], *later[NUMBERS]]
    common = (earlier.keys() & later.keys()) - {ROWS, NUMBERS, REPLACED, *LIST_FIELDS}
    is_contradicted = any(earlier[name] != later[name] for name in common)
    merged[REPLACED] = earlier[REPLACED] or later[REPLACED] or is_contradicted
    return merged


def _add_row(rows: dict[int, Row], account: int, row: Row) -> None:
    """Two rows may name one member in two ways."""
    rows[account] = merge(rows[account], row) if account in rows else row
