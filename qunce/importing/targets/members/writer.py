"""Writes members: accounts, identifiers, attributes, tags and memberships.

Only differences are written, so that the same file again changes nothing, not even a
revision.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from django.db import connection

from qunce.core import column_inserts, db, revisions, timestamps
from qunce.core.facts import facts, interned_names
from qunce.importing import target_registry
from qunce.importing.jobs import journal, remarks
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.options import CREATE
from qunce.importing.plan.plan import ColumnTraits, ImportPlan
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.importing.tags.tag_entries import TagBook
from qunce.importing.tags.tag_writes import ListedTags
from qunce.importing.targets.members import (
    imported_members,
    plain_members,
    staff_columns,
)
from qunce.importing.targets.members.imported_members import Row
from qunce.importing.targets.members.member_rows import MemberRows
from qunce.importing.targets.members.plain_members import NamedThings, PlainMembers
from qunce.importing.targets.memberships import writer as membership_writer
from qunce.importing.targets.memberships.new_memberships import NewMemberships
from qunce.importing.targets.opt_outs import opt_out_columns
from qunce.importing.values import list_columns, lists
from qunce.members.accounts import accounts, new_accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.accounts import MemberChanged, MemberLeft, MemberRejoined
from qunce.members.attributes import attributes
from qunce.members.attributes import values as attribute_values
from qunce.members.attributes.parsing import StoredValue
from qunce.members.people import identifier_merges
from qunce.members.people.identifier_merges import Joins
from qunce.members.tags.writer import NewTaggings

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "import"
MAX_LABEL_LENGTH = 80
NOBODY: NDArray[np.int64] = np.empty(0, dtype=np.int64)


class _AccountState(NamedTuple):
    """Columns of an account that files change; times in microseconds."""

    name: str
    joined_at: int
    left_at: int | None
    source_id: int


@dataclass(frozen=True)
class MemberBatch:
    """The members of one transaction: those who are plain, and all others by row."""

    plain: PlainMembers
    rows: list[Row]
    begins_plain: bool
    """Whether the first one is plain; accounts are numbered roughly as in the file."""


class MemberWriter:
    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job = job
        self._creates = plan.options.unknown_members == CREATE
        self._identities = imported_members.Identities(job, plan.options)
        # Before anybody has them.
        self._kept_apart = identifier_merges.keep_apart(
            community=job.community,
            values=plan.kept_apart,
            by=job.by,
            at=job.started_at,
            job_id=job.pk,
        )
        self._heading_of = heading_of = plan.heading_of
        types = {
            name: plan.traits.get(name, ColumnTraits()).type
            for name in heading_of
            if name.startswith(target_registry.ATTRIBUTE_PREFIX)
        }
        if "birthday" in heading_of:
            types["birthday"] = "date"
        self._attributes = {
            field: attributes.define(
                community=job.community,
                name=field.removeprefix(target_registry.ATTRIBUTE_PREFIX),
                type=types[field],
                label=heading_of[field][:MAX_LABEL_LENGTH],
                by=job.by,
                at=job.started_at,
            )
            for field in types
        }
        self._book = TagBook.of_plan(plan)
        self._tags = ListedTags(job, self._book)

    def load(self, chunk: ParsedChunk) -> int:
        """Look up the members of a chunk, and create the tags and groups it names."""
        self.row_order = chunk.row_numbers
        self._rows = MemberRows.of_chunk(chunk)
        # Created before members are written, in short transactions.
        texts = _list_entries(chunk, "tags")
        named = NamedThings(
            self._tags.ensure(texts),
            self._book.look_up(texts),
            membership_writer.ensure_groups(self._job, _list_entries(chunk, "groups")),
        )
        self._since: new_accounts.Moment | None = new_accounts.Moment.read(
            self._job.community
        )
        standing = plain_members.assess(self._job, self._rows, creates=self._creates)
        self._plain = plain_members.lay_out(
            self._job, self._rows, standing, self._attributes, named
        )
        # What a batch costs up to each member, so that it is cut by time.
        self.costs = np.cumsum(standing.costs)
        return len(self._rows)

    def batch(self, start: int, end: int) -> MemberBatch:
        plain = self._plain.slice(start, end)
        others = np.setdiff1d(np.arange(start, end), plain.members, assume_unique=True)
        rows = self._rows.read(others.tolist())
        return MemberBatch(plain, rows, begins_plain=start in plain.members[:1])

    def write(self, batch: MemberBatch) -> Mapping[str, int]:
        plain, given = batch.plain, batch.rows
        rev = new_accounts.lock(self._job.community) if len(plain) else 0
        if not self._are_new(plain):
            # Somebody has created one of them since they were looked up.
            given = [*given, *self._rows.read(plain.members.tolist())]
            plain = self._plain.slice(0, 0)
        # Of plain members alone, nothing is read before all is written.
        are_alone = not given and staff_columns.FIELD not in plain.values
        with column_inserts.at_end() if are_alone else contextlib.nullcontext():
            counts = self._write_members(
                plain, given, rev, begins_plain=batch.begins_plain
            )
        # What we have written ourselves makes nobody else's members known. Without the
        # lock, others may have written meanwhile.
        is_known = self._since is not None and len(plain)
        self._since = (
            new_accounts.Moment.read(self._job.community) if is_known else None
        )
        return counts

    def _write_members(
        self, plain: PlainMembers, given: list[Row], rev: int, *, begins_plain: bool
    ) -> Mapping[str, int]:
        # Identifiers are written after the accounts they point to, attributes and tags
        # last, as rules read all of them. Each step locks what it raises the revision of
        # for both kinds of members, always in the same order.
        ids = self._create(plain, rev) if begins_plain else NOBODY
        identified = self._identities.identify(given)
        ids = ids if begins_plain else self._create(plain, rev)
        remarks.record(self._job, self._with_headings(identified.remarks))
        # Members that this import creates are counted as new, not as changed.
        rows, existing = identified.rows, identified.existing
        # New accounts too: `create` knows neither their name nor when they left.
        changed = self._update(rows, existing) if rows else set()
        # Each step returns who changed, so that the same file again counts nobody.
        identifiers_changed, joins = self._identities.add_identifiers(rows)
        joins, self._kept_apart = self._kept_apart.extend(joins), Joins()
        changed |= identifiers_changed
        changed |= self._set_attributes(rows, existing, plain, ids)
        changed |= self._assign_staff(rows, existing, plain, ids)
        marked, opted_out = self._write_marks(rows, plain, ids)
        changed |= marked
        reachable = {
            account
            for account, row in rows.items()
            if opt_out_columns.is_opted_out(row) is False
        }
        rows_known = sum(row[imported_members.ROWS] for row in rows.values())
        new, changed_count = len(set(rows) - existing), len(changed & existing)
        counts = {
            "members": new + len(plain),
            "changed": changed_count,
            # Further rows of a member who is new or changed add nothing of their own.
            "known": rows_known - new - changed_count,
        }
        others = {
            "suppressed": identified.suppressed,
            "skipped": identified.skipped,
            "replaced": sum(row[imported_members.REPLACED] for row in rows.values()),
            "opted_out": len(opted_out),
            "kept_opted_out": opt_out_columns.count_still_opted_out(reachable),
            "joined": len(joins.merged),
            "parted": len(joins.parted),
            "shared_identifiers": len(joins.shared),
        }
        return counts | {name: count for name, count in others.items() if count}

    def _with_headings(self, problems: list[Problem]) -> list[Problem]:
        """Return them with the headings of their fields."""
        return [
            dataclasses.replace(each, field=self._heading_of[each.field])
            for each in problems
        ]

    # Accounts

    def _are_new(self, plain: PlainMembers) -> bool:
        """Return whether members who were new when the chunk was loaded still are."""
        if not len(plain):
            return True
        if self._since is not None:
            # Only the lock itself has raised the revision.
            expected = dataclasses.replace(
                self._since, presence=self._since.presence + 1
            )
            if expected != new_accounts.Moment.read(self._job.community):
                self._since = None
        return new_accounts.are_new(self._job.community, plain.accounts, self._since)

    def _create(self, plain: PlainMembers, rev: int) -> NDArray[np.int64]:
        """Create the accounts of plain members; returns their ids."""
        if not len(plain):
            return NOBODY
        job = self._job
        ids = new_accounts.create(
            job.community,
            plain.accounts,
            rev=rev,
            by=job.by,
            at=job.started_at,
            job_id=job.pk,
        )
        journal.record_encoded(job, "accounts", list(map(str, ids.tolist())))
        return ids

    def _update(self, rows: Mapping[int, Row], existing: set[int]) -> set[int]:
        """Update the accounts that differ from their rows; returns which."""
        source_ids = interned_names.ensure(
            accounts.SOURCE_NAMESPACE,
            self._job.community_id,
            {row["source"] for row in rows.values() if "source" in row},
        )
        updates: dict[int, tuple[_AccountState, _AccountState]] = {}
        for account, *columns in db.rows(
            "SELECT id, name, joined_at, left_at, source_id FROM members_account"  # noqa: S608
            f" WHERE id IN ({db.placeholders(len(rows))})",
            list(rows),
        ):
            # Empty cells leave what is stored: an export with fewer columns must not
            # erase anything.
            old, row = _AccountState(*columns), rows[account]
            joined_at = row.get("joined_at", old.joined_at)
            left_at = row.get("left_at", old.left_at)
            is_rejoin = "joined_at" in row and "left_at" not in row
            if is_rejoin and left_at is not None and joined_at > left_at:
                # The row says that they joined again after they had left.
                left_at = None
            source_id = source_ids.get(row.get("source", ""), old.source_id)
            new = _AccountState(
                row.get("name", old.name), joined_at, left_at, source_id
            )
            if new != old:
                updates[account] = old, new
        if updates:
            self._store(updates, existing)
        replaced = [(a, *states) for a, states in updates.items() if a in existing]
        journal.record(self._job, "fields", replaced)
        return set(updates)

    def _store(
        self,
        updates: Mapping[int, tuple[_AccountState, _AccountState]],
        existing: set[int],
    ) -> None:
        job = self._job
        # One revision for the whole batch makes caches load it once.
        rev = revisions.bump(job.community_id, account_models.PRESENCE_REVISION, [0])[0]
        with connection.cursor() as cursor:
            # One statement per row, since each row has other values; bulk_update would
            # build a CASE over all of them.
            cursor.executemany(
                "UPDATE members_account SET name = %s, joined_at = %s, left_at = %s,"
                " source_id = %s, present = %s, rev = %s WHERE id = %s",
                [
                    (*new, new.left_at is None, rev, account)
                    for account, (_old, new) in updates.items()
                ],
            )
        events: list[tuple[facts.FactKind, int]] = []
        now = timestamps.to_micros(job.started_at)
        for account, (old, new) in updates.items():
            names = ("name", "joined_at", "source_id")
            differing = [n for n in names if getattr(old, n) != getattr(new, n)]
            changed = [name.removesuffix("_id") for name in differing]
            if changed and account in existing:
                events.append((MemberChanged(account=account, fields=changed), now))
            if old.left_at is None and new.left_at is not None:
                events.append((MemberLeft(account=account), new.left_at))
            if old.left_at is not None and new.left_at is None:
                events.append((MemberRejoined(account=account), new.joined_at))
        facts.record_many(
            [event for event, _moment in events],
            community=job.community,
            by=job.by,
            at=job.started_at,
            happened_at=[timestamps.from_micros(moment) for _event, moment in events],
        )

    # Attributes, tags and groups

    def _write_marks(
        self, rows: Mapping[int, Row], plain: PlainMembers, ids: NDArray[np.int64]
    ) -> tuple[set[int], set[int]]:
        """Write tags, opt-outs and groups; returns who changed, and who opted out.

        Only those who were reachable before have opted out. Nobody is opted in by a file.
        """
        entries = {
            account: lists.parse_joined(row["tags"])
            for account, row in rows.items()
            if "tags" in row
        }
        new = NewTaggings(plain.tags.values, ids[plain.tags.places], plain.weights)
        changed = self._tags.write(entries, new)
        times = {
            account: (row.get("opted_out_at"), "")
            for account, row in rows.items()
            if opt_out_columns.is_opted_out(row)
        }
        opted_out = opt_out_columns.record(self._job, times) if times else set()
        groups_by_account = {
            account: (
                row.get("group_joined_at", row.get("joined_at")),
                lists.parse_joined(row["groups"]),
            )
            for account, row in rows.items()
            if "groups" in row
        }
        places = plain.groups.places
        memberships = NewMemberships(
            plain.groups.values, ids[places], plain.accounts.joined_at[places]
        )
        changed |= membership_writer.add_members(
            self._job, groups_by_account, memberships
        )
        return changed | opted_out, opted_out

    def _assign_staff(
        self,
        rows: Mapping[int, Row],
        existing: set[int],
        plain: PlainMembers,
        ids: NDArray[np.int64],
    ) -> set[int]:
        field = staff_columns.FIELD
        texts = {account: row[field] for account, row in rows.items() if field in row}
        cells = plain.values.get(field)
        if cells is not None:
            own = zip(ids[cells.places].tolist(), cells.values, strict=True)
            texts |= {account: str(text) for account, text in own}
        return staff_columns.write(self._job, texts, existing) if texts else set()

    def _set_attributes(
        self,
        rows: Mapping[int, Row],
        existing: set[int],
        plain: PlainMembers,
        ids: NDArray[np.int64],
    ) -> set[int]:
        changed: set[int] = set()
        attribute_values.insert_new(
            ids,
            [
                attribute_values.NewValues(attribute, cells.places, cells.values)
                for field, attribute in self._attributes.items()
                if (cells := plain.values.get(field)) is not None and len(cells.places)
            ],
            also_locked=[
                attribute
                for field, attribute in self._attributes.items()
                if any(field in row for row in rows.values())
            ],
            by=self._job.by,
            at=self._job.started_at,
            source=SOURCE,
        )
        # By id, as every writer locks attributes in that order.
        for field, attribute in sorted(
            self._attributes.items(), key=lambda item: item[1].pk
        ):
            values = {
                account: to_stored_values(attribute.type, row[field])
                for account, row in rows.items()
                if field in row
            }
            changed |= self._change_values(attribute, values, existing)
        return changed

    def _change_values(
        self,
        attribute: attributes.Attribute,
        values: dict[int, list[StoredValue]],
        existing: set[int],
    ) -> set[int]:
        """Store values of members whose rows were parsed; returns who changed."""
        # Unchanged values are left out, as a write would give each a new revision. New
        # members have none, so that only known ones are looked up.
        stored = _load_values(attribute.pk, values.keys() & existing) if values else {}
        different = {a: new for a, new in values.items() if stored.get(a) != set(new)}
        if not different:
            return set()
        writer = attribute_values.ValueWriter(
            attribute, self._job.by, self._job.started_at, SOURCE
        )
        written = writer.write(different)
        known = [account for account in written if account in existing]
        journal.record(
            self._job, "values", [(attribute.pk, account) for account in known]
        )
        facts.record_for_accounts(
            attributes.AttributeSet(attribute=attribute.name, source=SOURCE),
            known,
            community=self._job.community,
            by=self._job.by,
            at=self._job.started_at,
        )
        return set(written)


def _list_entries(chunk: ParsedChunk, field: str) -> list[str]:
    """Return the distinct entries of a column of lists, sorted."""
    if field not in chunk.columns:
        return []
    return list_columns.list_texts(chunk.columns[field])


def _load_values(attribute: int, accounts: Set[int]) -> dict[int, set[StoredValue]]:
    """Return the current values of an attribute by account."""
    stored: dict[int, set[StoredValue]] = {}
    for chunk in account_queries.chunks(sorted(accounts)):
        for account, number, text in db.rows(
            "SELECT account_id, number, text FROM members_attributevalue"  # noqa: S608
            " WHERE attribute_id = %s AND present AND account_id IN"
            f" ({db.placeholders(len(chunk))})",
            [attribute, *chunk],
        ):
            stored.setdefault(account, set()).add((number, text))
    return stored


def to_stored_values(attribute_type: str, value: Any) -> list[StoredValue]:
    """Return a parsed value as rows of attribute values, like `attributes.parsing`."""
    if attribute_type == "multi":
        return [(None, text) for text in sorted(lists.parse_joined(value))]
    if attribute_type == "number":
        # Numbers are stored as integers of four places, on which both databases compare
        # exactly.
        return [(int((Decimal(value) * 10_000).to_integral_value()), None)]
    if isinstance(value, bool | int):
        return [(int(value), None)]
    return [(None, str(value))]
