"""Compares the members of a file with those already known, before the import starts."""

from __future__ import annotations

import dataclasses
import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import names
from qunce.importing.files import sources
from qunce.importing.plan.options import ImportOptions
from qunce.importing.plan.questions import Choice
from qunce.importing.rows import parsing, row_checks
from qunce.importing.rows.parsing import Problem
from qunce.importing.targets.members import imported_members
from qunce.importing.targets.members.imported_members import Row
from qunce.members.accounts import identifiers, resolver, suppression
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.rows.parsing import ParsedChunk

QUESTION = "same_people"
SAME, OTHER = "same", "other"
KEY, NAME = imported_members.KEY, "name"
CONTACTS = ("phone", "email")
MAX_ROWS = 20_000
"""Of the head of a file that is compared before the question."""
ROWS_AT_A_TIME = 10_000
MIN_CONFLICTS = 3
MAX_PREFIX_LENGTH = 60


@dataclass(frozen=True)
class _Stored:
    """What the community has of an account."""

    name: str
    values: dict[str, set[str]]
    """Identifiers by kind."""

    def is_other_person(self, row: Row) -> bool | None:
        """Return whether name and contacts all differ, None if there is too little."""
        kinds = [kind for kind in CONTACTS if kind in row and self.values.get(kind)]
        if not (kinds and self.name and row.get(NAME)):
            return None
        is_renamed = self.name.casefold() != row[NAME].casefold()
        return is_renamed and all(row[kind] not in self.values[kind] for kind in kinds)


# Questions


def prefix_of(plan: ImportPlan) -> str:
    """Return what is put before the member numbers of a list of other people."""
    source = plan.options.source
    name = PurePath(plan.file_name).stem if source == ImportOptions.source else source
    return f"{names.clean(name)[:MAX_PREFIX_LENGTH]}:"


def ask(plan: ImportPlan) -> None:
    """Ask whether known numbers with other names and contacts are the same people."""
    if KEY not in plan.heading_of:
        return
    rows = _read_head(plan)
    keys = {row[KEY] for row in rows if KEY in row}
    prefix = prefix_of(plan)
    was_other = bool(account_queries.find(plan.community, (prefix + k for k in keys)))
    others, compared = _list_others(plan, rows)
    is_conflict = len(others) >= MIN_CONFLICTS and len(others) * 2 >= compared
    if not (is_conflict or was_other or plan.options.answers.get(QUESTION)):
        return
    sample = others[0] if others else None
    heading = plan.heading_of[KEY]
    values = {"heading": heading, "count": f"{len(others):,}", "prefix": prefix}
    plan.ask(
        QUESTION,
        heading=heading,
        text=_(
            "“%(heading)s” of this file has %(count)s numbers of known members who have "
            "another name and another phone or e-mail. Is it the same list of people?"
        )
        % values,
        choices=[
            Choice(
                SAME,
                _("the same people: update them"),
                f"{sample[1].name} → {sample[0][NAME]}" if sample else "",
            ),
            Choice(
                OTHER,
                _("another list: put “%(prefix)s” before its numbers") % values,
                f"{prefix}{sample[0][KEY] if sample else min(keys, default='')}",
            ),
        ],
        # Earlier rows of this list have the prefix.
        suggestion=OTHER if was_other else "",
    )
    if plan.answer(QUESTION) == OTHER:
        plan.notes.append(
            _("The numbers in “%(heading)s” are stored with “%(prefix)s” before them.")
            % values
        )


def _list_others(
    plan: ImportPlan, rows: Sequence[Row]
) -> tuple[list[tuple[Row, _Stored]], int]:
    """Return rows that seem to be of other people, and how many could be compared."""
    known = account_queries.find(plan.community, {r[KEY] for r in rows if KEY in r})
    stored = _load(known.values())
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        if row.get(KEY) in known:
            by_key.setdefault(row[KEY], []).append(row)
    others, compared = [], 0
    for key, same in by_key.items():
        # One of several rows may be stored already, by an import that was interrupted.
        differs = [stored[known[key]].is_other_person(row) for row in same]
        compared += any(each is not None for each in differs)
        if all(differs):
            others.append((same[0], stored[known[key]]))
    return others, compared


def add_prefix(plan: ImportPlan, chunk: ParsedChunk) -> ParsedChunk:
    """Return the chunk with the keys under which its members are stored."""
    if KEY not in chunk.columns or plan.answer(QUESTION) != OTHER:
        return chunk
    prefix = pa.scalar(prefix_of(plan))
    keys = pc.binary_join_element_wise(prefix, chunk.columns[KEY], "")
    is_long = pc.fill_null(
        pc.greater(pc.utf8_length(keys), identifiers.MAX_LENGTH), pa.scalar(value=False)
    )
    remedy = _("The number is too long. Shorten it.")
    problems = [
        Problem(int(row), plan.heading_of[KEY], key, remedy)
        for row, key in zip(
            chunk.row_numbers[np.asarray(is_long)],
            chunk.columns[KEY].filter(is_long).to_pylist(),
            strict=True,
        )
    ]
    prefixed = dataclasses.replace(chunk, columns={**chunk.columns, KEY: keys})
    return row_checks.refuse(prefixed, problems)


def _read_head(plan: ImportPlan) -> list[Row]:
    """Return the keys, names and contacts of the first rows."""
    wanted = (KEY, NAME, *CONTACTS)
    mapping = {h: name if name in wanted else "" for h, name in plan.mapping.items()}
    narrow = dataclasses.replace(
        plan, options=dataclasses.replace(plan.options, mapping=mapping)
    )
    chunk = parsing.parse(narrow, sources.read_head(plan.source, MAX_ROWS))
    return list(itertools.chain.from_iterable(_read_rows(chunk, wanted)))


def _read_rows(chunk: ParsedChunk, wanted: Iterable[str]) -> Iterator[list[Row]]:
    """Yield some rows of the chunk at a time."""
    found = [name for name in wanted if name in chunk.columns]
    for start in range(0, len(chunk.row_numbers), ROWS_AT_A_TIME):
        columns = (chunk.columns[name].slice(start, ROWS_AT_A_TIME) for name in found)
        cells = zip(*(column.to_pylist() for column in columns), strict=True)
        yield [
            {
                name: cell
                for name, cell in zip(found, row, strict=True)
                if cell is not None
            }
            for row in cells
        ]


def _load(accounts: Iterable[int]) -> dict[int, _Stored]:
    stored: dict[int, _Stored] = {}
    for some in account_queries.chunks(sorted(set(accounts))):
        rows = account_models.Account.objects.filter(pk__in=some)
        for pk, name in rows.values_list("pk", "name"):
            stored[pk] = _Stored(name, {})
        own = account_models.Identifier.objects.filter(account__in=some)
        for pk, kind, value in own.values_list("account_id", "kind", "value"):
            stored[pk].values.setdefault(kind, set()).add(value)
    return stored


# Counts


@dataclass
class MemberCounts:
    """What would become of the members of a file if all unknown ones were created."""

    new: int = 0
    known: int = 0
    changed: int = 0
    """Known members who would get another name or another identifier."""
    nobody: int = 0
    """Rows that would be skipped, as all they have are identifiers of too many."""
    _references: set[int] = field(default_factory=set)
    """By hash, as the texts of a million rows would fill the memory."""
    _identifiers: array[int] = field(default_factory=lambda: array("q"))
    """By hash, too, and the numbers of their members in the order of the file."""
    _members: array[int] = field(default_factory=lambda: array("q"))
    _joined: set[int] = field(default_factory=set)
    """The numbers of members who have an identifier of a stored account."""

    @property
    def joined(self) -> int:
        """Members who would be merged with another account."""
        identifiers = np.array(self._identifiers, dtype=np.int64)
        members = np.array(self._members, dtype=np.int64)
        order = np.argsort(identifiers, kind="stable")
        _each, places, counts = np.unique(
            identifiers[order], return_index=True, return_counts=True
        )
        # The first one has it, and the others claim it.
        owners = np.repeat(members[order][places], counts)
        claiming = members[order][members[order] != owners]
        return len(self._joined.union(claiming.tolist()))

    def add(self, plan: ImportPlan, rows: Sequence[Row]) -> None:
        community = plan.community
        keys = account_queries.find(community, (row[KEY] for row in rows if KEY in row))
        matches = resolver.find_all(community, list(map(_identifiers, rows)))
        accounts = [
            keys.get(row[KEY]) if KEY in row else match.account
            for row, match in zip(rows, matches, strict=True)
        ]
        stored = _load(account for account in accounts if account)
        pairs = {*filter(None, accounts), *(m.account for m in matches if m.account)}
        people = account_queries.person_ids(pairs)
        erased = {
            text
            for _kind, text in suppression.find(
                community, {(KEY, text) for row in rows for text in _texts(row)}
            )
        }
        for row, account, match in zip(rows, accounts, matches, strict=True):
            is_nobody = KEY not in row and match.state == resolver.NOBODY
            self.nobody += is_nobody
            is_erased = not account and bool(erased & _texts(row))
            reference = hash(imported_members.reference_of(row))
            if is_nobody or is_erased or reference in self._references:
                continue
            self._references.add(reference)
            member = len(self._references)
            for pair in _identifiers(row).items():
                self._identifiers.append(hash(pair))
                self._members.append(member)
            if match.account and people[match.account] != people.get(account or 0):
                self._joined.add(member)
            if account is None:
                self.new += 1
                continue
            self.known += 1
            self.changed += _changes(row, stored[account])


def count(plan: ImportPlan) -> MemberCounts:
    """Read the whole file and return what would become of its members."""
    counts = MemberCounts()
    wanted = (KEY, NAME, *imported_members.IDENTIFIER_FIELDS)
    with plan.resources:
        for chunk in plan.target.chunks(plan):
            for rows in _read_rows(chunk, wanted):
                counts.add(plan, rows)
    return counts


def list_notes(counts: MemberCounts) -> list[str]:
    notes = []
    if counts.nobody:
        notes.append(
            ngettext(
                "%(count)s row has nothing but a phone, e-mail or UnionID of too many "
                "members, so it is skipped. Add the member numbers.",
                "%(count)s rows have nothing but a phone, e-mail or UnionID of too many "
                "members, so they are skipped. Add the member numbers.",
                counts.nobody,
            )
            % {"count": f"{counts.nobody:,}"}
        )
    text = _(
        "Members: %(new)s new, %(known)s already known, of whom %(changed)s "
        "get another name, phone, e-mail or UnionID. Merged with another account: "
        "%(joined)s."
    )
    values = {
        name: f"{getattr(counts, name):,}"
        for name in ("new", "known", "changed", "joined")
    }
    return [*notes, text % values]


def _identifiers(row: Row) -> dict[str, str]:
    kinds = imported_members.IDENTIFIER_FIELDS
    return {kind: row[kind] for kind in kinds if kind in row}


def _texts(row: Row) -> set[str]:
    return {row[name] for name in row if name != NAME}


def _changes(row: Row, old: _Stored) -> bool:
    is_renamed = NAME in row and row[NAME] != old.name
    return is_renamed or any(
        value not in old.values.get(kind, set())
        for kind, value in _identifiers(row).items()
    )
