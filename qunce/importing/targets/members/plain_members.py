"""Finds the members of a chunk who are simply new, and lays out their columns.

A member is plain if one row has their key, nobody has the key or an identifier of theirs,
and nothing about them depends on anybody else. Most members of most files are, and are
written by columns. What is written is what `MemberWriter` would write row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import timestamps
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.targets.members import (
    columns,
    imported_members,
    staff_columns,
)
from qunce.importing.targets.members.columns import Cells
from qunce.importing.targets.members.member_rows import MemberRows
from qunce.members.accounts import new_accounts
from qunce.members.accounts.new_accounts import NewAccounts
from qunce.members.attributes.attributes import Attribute

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.importing.tags.tag_entries import TagEntry
    from qunce.members.tags.models import Tag

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

KEY, IDENTIFIER_FIELDS = imported_members.KEY, imported_members.IDENTIFIER_FIELDS
PLAIN, KNOWN, OTHER, JOINING = 1, 4, 8, 25
"""About how long it takes to write a member, compared with one who is plain."""


@dataclass(frozen=True)
class NamedThings:
    """The tags and groups that the lists of a chunk name, all of which exist."""

    tags: Mapping[str, Tag]
    entries: Mapping[str, TagEntry]
    groups: Mapping[str, int]


@dataclass(frozen=True)
class Standing:
    """Which members are plain as far as keys and identifiers go, and what each costs."""

    is_plain: Mask
    costs: Ints


def assess(job: ImportJob, rows: MemberRows, *, creates: bool) -> Standing:
    """Look up which members are new, and whom they might be joined with."""
    chunk, firsts = rows.chunk, rows.firsts
    identifiers = {
        name: chunk.columns[name].take(pa.array(firsts))
        for name in (KEY, *IDENTIFIER_FIELDS)
        if name in chunk.columns
    }
    keys = identifiers.pop(KEY, pa.nulls(len(rows), pa.string()))
    has_key = np.asarray(keys.is_valid())
    known = new_accounts.find_keys(
        job.community, pc.unique(keys.drop_null()).to_pylist()
    )
    is_known = _is_in(keys, known)
    is_joining = np.zeros(len(rows), dtype=bool)
    for kind, column in identifiers.items():
        # In all rows, as one that is not the first may share the value.
        counted = chunk.columns[kind].drop_null().value_counts()
        is_repeated = pc.greater(counted.field("counts"), 1)
        repeated = counted.field("values").filter(is_repeated).to_pylist()
        is_joining |= _is_in(column, repeated)
        values = pc.unique(column.drop_null()).to_pylist()
        owners = dict(new_accounts.find_owners(job.community, kind, values))
        for place in np.flatnonzero(_is_in(column, owners)).tolist():
            account = known.get(keys[place].as_py())
            is_joining[place] |= account != owners[column[place].as_py()]
    keyless = [
        value
        for column in identifiers.values()
        for value in column.filter(pa.array(~has_key)).drop_null().to_pylist()
    ]
    texts = [keys, *identifiers.values()]
    suppressed = new_accounts.find_suppressed(
        job.community, (column.to_pylist() for column in texts)
    )
    is_plain = has_key & ~is_known & ~is_joining & (rows.counts == 1) & creates
    # Who has no key is looked up by their identifiers, also among keys.
    for column in texts:
        is_plain &= ~_is_in(column, suppressed)
    if keyless:
        is_plain &= ~_is_in(keys, keyless)
    is_plain &= ~rows.may_opt_out()
    if "group_joined_at" in chunk.columns:
        times = chunk.columns["group_joined_at"].take(pa.array(firsts))
        is_plain &= ~np.asarray(times.is_valid())
    costs = np.where(is_known, KNOWN, OTHER) * rows.counts
    costs[is_joining] = JOINING
    costs[is_plain] = PLAIN
    return Standing(is_plain, costs)


def _is_in(column: pa.Array, values: Any) -> Mask:
    chosen = pa.array(list(values), pa.string())
    found: Mask = np.array(pc.fill_null(pc.is_in(column, value_set=chosen), False))  # noqa: FBT003
    found &= np.asarray(column.is_valid())
    return found


@dataclass(frozen=True)
class PlainMembers:
    """Plain members by columns; `members` are their numbers among those of the chunk."""

    members: Ints
    accounts: NewAccounts
    identifiers: Mapping[str, Cells]
    """Of a chunk; those of a slice are in its accounts."""
    values: Mapping[str, Cells]
    tags: Cells
    weights: Ints
    groups: Cells

    def __len__(self) -> int:
        return len(self.members)

    def slice(self, start: int, end: int) -> PlainMembers:
        """Return those among the members `start` to `end` of the chunk."""
        first, last = np.searchsorted(self.members, [start, end]).tolist()
        new = self.accounts
        one, other = np.searchsorted(self.tags.places, [first, last]).tolist()
        # Texts become objects now, as those of a whole chunk would fill the memory.
        identifiers = {
            kind: (own.places, own.values)
            for kind, cells in self.identifiers.items()
            for own in [cells.slice(first, last)]
        }
        return PlainMembers(
            self.members[first:last],
            NewAccounts(
                keys=columns.texts_of(new.keys[first:last]),
                names=columns.texts_of(new.names[first:last]),
                joined_at=new.joined_at[first:last],
                left_at=new.left_at[first:last],
                sources=new.sources[first:last],
                source_names=new.source_names,
                identifiers=identifiers,
            ),
            {},
            {name: cells.slice(first, last) for name, cells in self.values.items()},
            self.tags.slice(first, last),
            self.weights[one:other],
            self.groups.slice(first, last),
        )


def lay_out(
    job: ImportJob,
    rows: MemberRows,
    standing: Standing,
    attributes: Mapping[str, Attribute],
    named: NamedThings,
) -> PlainMembers:
    """Return the columns of the plain members of a chunk."""
    members = np.flatnonzero(standing.is_plain).astype(np.int64)
    indexes = pa.array(rows.firsts[members])
    taken = {name: column.take(indexes) for name, column in rows.chunk.columns.items()}
    empty = pa.nulls(len(members), pa.string())
    entries = taken.get("tags", empty)
    tags, weights, is_odd = columns.read_tags(entries, named.tags, named.entries)
    if is_odd.any():
        # A tag twice, or two that exclude each other: its writer knows what to do.
        standing.is_plain[members[is_odd]] = False
        standing.costs[members[is_odd]] = OTHER
        return lay_out(job, rows, standing, attributes, named)
    now = timestamps.to_micros(job.started_at)
    no_time = pa.nulls(len(members), pa.int64())
    joined_at, left_at = taken.get("joined_at", no_time), taken.get("left_at", no_time)
    sources = pc.dictionary_encode(pc.fill_null(taken.get("source", empty), ""))
    groups = columns.read_groups(taken.get("groups", empty), named.groups)
    return PlainMembers(
        members,
        NewAccounts(
            keys=taken.get(KEY, empty),
            names=pc.fill_null(taken.get("name", empty), ""),
            joined_at=np.asarray(pc.fill_null(joined_at, now)),
            left_at=np.asarray(pc.fill_null(left_at, new_accounts.STAYS)),
            sources=np.asarray(sources.indices).astype(np.int64),
            source_names=sources.dictionary.to_pylist(),
            identifiers={},
        ),
        {
            kind: columns.read_values("text", taken[kind])
            for kind in IDENTIFIER_FIELDS
            if kind in taken
        },
        {
            name: columns.read_values(attribute.type, taken[name])
            for name, attribute in attributes.items()
            if name in taken
        }
        | {
            name: columns.read_values("text", taken[name])
            for name in (staff_columns.FIELD,)
            if name in taken
        },
        tags,
        weights,
        groups,
    )
