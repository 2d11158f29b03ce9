"""Checks rows with tags against the library: names, archived tags, exclusive groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.importing.accounts import account_resolver
from qunce.importing.accounts.account_resolver import AccountResolver
from qunce.importing.rows import row_checks
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.importing.tags.tag_entries import TagBook, TagEntry
from qunce.importing.values import list_columns, lists
from qunce.members.accounts import queries as account_queries
from qunce.members.tags.models import KIND, Tag
from qunce.sets.bitmaps import marks

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan


def check_chunks(
    plan: ImportPlan, chunks: Iterable[ParsedChunk], field: str
) -> Iterator[ParsedChunk]:
    """Yield the chunks without the rows whose tags the library does not allow."""
    if field not in plan.heading_of:
        yield from chunks
        return
    checks = _TagChecks(plan, field)
    for chunk in chunks:
        yield row_checks.refuse(chunk, checks.check(chunk))


@dataclass(frozen=True)
class _Cell:
    """What one distinct cell means.

    `exclusive` has the key of the tag by the id of its exclusive group.
    """

    error: str = ""
    archived: tuple[Tag, ...] = ()
    exclusive: Mapping[int, str] = field(default_factory=dict)

    @property
    def needs_member(self) -> bool:
        return bool(self.archived or self.exclusive)


class _TagChecks:
    def __init__(self, plan: ImportPlan, field: str) -> None:
        self._plan, self._field = plan, field
        self._book = TagBook.of_plan(plan)
        self._resolver: AccountResolver | None = None
        self._given: dict[tuple[int | str, int], tuple[str, int]] = {}
        """By person and exclusive group: the tag that the file gives them, and its row."""

    def check(self, chunk: ParsedChunk) -> list[Problem]:
        encoded = pc.dictionary_encode(chunk.get(self._field))
        texts = encoded.dictionary.to_pylist()
        cells = self._read_cells(encoded.dictionary)
        if not any(cell.error or cell.needs_member for cell in cells):
            return []
        codes = encoded.indices.to_pylist()
        indexes = [
            index
            for index, code in enumerate(codes)
            if code is not None and (cells[code].error or cells[code].needs_member)
        ]
        people = self._find_people(chunk, indexes)
        # A depth of 0 removes the tags.
        depths = chunk.get("depth").to_pylist()
        heading = self._plan.heading_of[self._field]
        problems: list[Problem] = []
        for index in indexes:
            cell, row = cells[codes[index]], int(chunk.row_numbers[index])
            error = cell.error
            if not error and depths[index] != "0":
                error = self._check_member(cell, people[index], row)
            if error:
                value = "; ".join(lists.parse_joined(texts[codes[index]]))[:200]
                problems.append(Problem(row, heading, value, error))
        return problems

    def _read_cells(self, texts: pa.Array) -> list[_Cell]:
        """Return what each of these distinct cells means."""
        places, codes, entries = list_columns.split(texts)
        found = self._book.look_up(filter(None, entries))
        alone = {text: _read_cell([entry]) for text, entry in found.items()}
        risky = {
            text for text, cell in alone.items() if cell.error or cell.needs_member
        }
        is_risky = np.array([text in risky for text in entries], dtype=bool)
        cells = [_Cell()] * len(texts)
        # Nearly all cells have only tags that anybody may have.
        for place in np.unique(places[is_risky[codes]]).tolist():
            names = lists.parse_joined(texts[place].as_py())
            cells[place] = _read_cell([found[name] for name in names])
        return cells

    def _check_member(self, cell: _Cell, person: Person, row: int) -> str:
        for tag in cell.archived:
            # Who has the tag keeps it, so that a list of members changes nothing.
            if not marks.find_weights(KIND, tag.pk, person.accounts):
                return _("The tag “%(tag)s” is archived; restore it to use it.") % {
                    "tag": tag.name
                }
        for group, key in cell.exclusive.items():
            other, other_row = self._given.setdefault((person.id, group), (key, row))
            if other != key:
                return _(
                    "“%(one)s” and “%(other)s” exclude each other, and row %(row)d gives"
                    " this member “%(one)s”."
                ) % {"one": other, "other": key, "row": other_row}
        return ""

    def _find_people(self, chunk: ParsedChunk, indexes: list[int]) -> dict[int, Person]:
        """Return the members of these rows, without creating any."""
        columns = account_resolver.references_of(chunk)
        if "key" in chunk.columns:  # of a file of members
            columns[account_resolver.MEMBER_KEY] = chunk.columns["key"]
        if self._resolver is None:
            self._resolver = account_resolver.for_checks(self._plan)
        chosen = pa.array(indexes, pa.int64())
        some = {kind: column.take(chosen) for kind, column in columns.items()}
        ids = self._resolver.look_up(some, key_wins=False).ids.tolist()
        by_person = account_queries.accounts_by_person(pk for pk in ids if pk > 0)
        person_of = {pk: own for own in by_person.values() for pk in own}
        names = pc.coalesce(
            *(
                pc.binary_join_element_wise(kind, column, ":")
                for kind, column in some.items()
            )
        ).to_pylist()
        return {
            index: Person(person_of[pk][0], person_of[pk])
            if pk > 0
            else Person(name or "", [])
            for index, pk, name in zip(indexes, ids, names, strict=True)
        }


@dataclass(frozen=True)
class Person:
    """`id` is that of the person, or the text that names a member who is new."""

    id: int | str
    accounts: list[int]


def _read_cell(entries: list[TagEntry]) -> _Cell:
    for entry in entries:
        if entry.error:
            return _Cell(error=entry.error)
    # A removal neither needs an active tag nor excludes another one.
    given = [
        entry for entry in entries if not (entry.change and entry.change.is_removal)
    ]
    exclusive: dict[int, str] = {}
    for entry in given:
        # New tags, too, may belong to an exclusive group by their names.
        group = entry.tag.group if entry.tag else entry.group
        if group is None or not group.exclusive:
            continue
        other = exclusive.setdefault(group.pk, entry.key)
        if other != entry.key:
            error = _("“%(one)s” and “%(other)s” exclude each other. Keep one of them.")
            return _Cell(error=error % {"one": other, "other": entry.key})
    archived = [
        entry.tag for entry in given if entry.tag and entry.tag.state == "archived"
    ]
    return _Cell("", tuple(archived), exclusive)
