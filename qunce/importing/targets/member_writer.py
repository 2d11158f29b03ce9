"""Writes members: accounts, what they are known by, attributes, tags, groups.

Only what differs is written, so the same file again changes nothing, not even a
revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from qunce.core import db, revisions, timestamps
from qunce.core.facts import facts, interned_names
from qunce.importing import parsing, typed_columns
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Reading
from qunce.importing.targets import memberships
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.accounts import MemberChanged, MemberLeft, MemberRejoined
from qunce.members.attributes import attributes
from qunce.members.attributes import values as attribute_values
from qunce.members.attributes.parsing import StoredValue
from qunce.members.tags import assignments
from qunce.members.tags import library as tag_library
from qunce.members.tags import models as tag_models
from qunce.members.tags.models import TagBatch
from qunce.sets.bitmaps import marks

SOURCE = "import"
LISTS = ("tags", "groups")
Row = dict[str, Any]


class MemberWriter:
    def __init__(self, job: ImportJob, reading: Reading) -> None:
        self._job, self._reading = job, reading
        self._attributes = self._defined()
        self._batch: TagBatch | None = None

    def _defined(self) -> dict[str, attributes.Attribute]:
        """Field of the mapping → its attribute, made with the type that was found."""
        wanted = {
            name: self._reading.traits.get(name, parsing.ColumnTraits()).kind
            for name in self._reading.heading
            if name.startswith(parsing.ATTRIBUTE)
        }
        labels = dict(self._reading.heading)
        if "birthday" in labels:
            wanted["birthday"] = "date"
        return {
            field: attributes.define(
                community=self._job.community,
                name=field.removeprefix(parsing.ATTRIBUTE),
                type=kind,
                label=labels[field][:80],
                by=self._job.by,
                at=self._job.started_at,
            )
            for field, kind in wanted.items()
        }

    def ready(self, chunk: ParsedChunk) -> int:
        """Rows of one key become one: lists add up, else the later has the last word."""
        columns = {name: column.to_pylist() for name, column in chunk.columns.items()}
        merged: dict[str, Row] = {}
        for place, key in enumerate(columns["key"]):
            row = merged.setdefault(key, {})
            for name, cells in columns.items():
                if cells[place] is None:
                    continue
                several = name in LISTS and name in row
                row[name] = f"{row[name]};{cells[place]}" if several else cells[place]
        self._rows = list(merged.values())
        return len(self._rows)

    def batch(self, begin: int, end: int) -> list[Row]:
        return self._rows[begin:end]

    def write(self, batch: list[Row]) -> Mapping[str, int]:
        before, ids = self._ensure(batch)
        people = {ids[row["key"]]: row for row in batch}
        changed = self._update(people, before)
        self._identify(people)
        changed |= self._set_attributes(people, before)
        changed |= self._tag(people)
        changed |= self._put_in_groups(people)
        return {
            "members": len(set(people) - before),
            "changed": len(changed & before),
            "known": len(before - changed),
        }

    def _ensure(self, batch: list[Row]) -> tuple[set[int], dict[str, int]]:
        """Ids that were there before, and the id of every key."""
        ids = account_queries.find(self._job.community, [row["key"] for row in batch])
        before = set(ids.values())
        sources: dict[str, dict[str, datetime]] = {}
        for row in batch:
            if row["key"] not in ids:
                joined = row.get(
                    "joined_at", timestamps.to_micros(self._job.started_at)
                )
                of_source = sources.setdefault(row.get("source", ""), {})
                of_source[row["key"]] = timestamps.from_micros(joined)
        for source, keys in sources.items():
            ids |= accounts.ensure(
                community=self._job.community,
                keys=keys,
                by=self._job.by,
                at=self._job.started_at,
                source=source,
            )
        return before, ids

    # The account itself

    def _update(self, people: Mapping[int, Row], before: set[int]) -> set[int]:
        found = db.rows(
            "SELECT id, name, joined_at, left_at, source_id FROM members_account"  # noqa: S608
            f" WHERE id IN ({db.placeholders(len(people))})",
            list(people),
        )
        told = {row["source"] for row in people.values() if "source" in row}
        sources = interned_names.ensure(
            accounts.SOURCE_NAMESPACE, self._job.community_id, told
        )
        updates: list[tuple[Any, ...]] = []
        events: list[tuple[facts.FactKind, int]] = []
        for account, name, joined, left, source in found:
            row = people[account]
            new = (
                row.get("name", name),
                row.get("joined_at", joined),
                _left(row, left),
                sources.get(row.get("source", ""), source),
            )
            if new != (name, joined, left, source):
                old = (name, joined, left, source)
                updates.append((*new, new[2] is None, account))
                events += self._events(account, old, new, is_new=account not in before)
        self._apply(updates, events)
        return {row[-1] for row in updates}

    def _events(
        self, account: int, old: tuple[Any, ...], new: tuple[Any, ...], *, is_new: bool
    ) -> list[tuple[facts.FactKind, int]]:
        now = timestamps.to_micros(self._job.started_at)
        found: list[tuple[facts.FactKind, int]] = []
        fields = [
            field
            for field, was, now_is in zip(
                ("name", "joined_at", "left_at", "source"), old, new, strict=True
            )
            if was != now_is and field != "left_at"
        ]
        if fields and not is_new:
            found.append((MemberChanged(account=account, fields=fields), now))
        if old[2] is None and new[2] is not None:
            found.append((MemberLeft(account=account), new[2]))
        if old[2] is not None and new[2] is None:
            found.append((MemberRejoined(account=account), new[1]))
        return found

    def _apply(
        self, updates: list[tuple[Any, ...]], events: list[tuple[facts.FactKind, int]]
    ) -> None:
        if not updates:
            return
        job = self._job
        rev = revisions.bump(job.community_id, account_models.PRESENCE_REVISION, [0])[0]
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE members_account SET name = %s, joined_at = %s, left_at = %s,"
                " source_id = %s, present = %s, rev = %s WHERE id = %s",
                [(*row[:-1], rev, row[-1]) for row in updates],
            )
        facts.record_many(
            [event for event, _at in events],
            community=job.community,
            by=job.by,
            at=job.started_at,
            happened_at=[timestamps.from_micros(at) for _event, at in events],
        )

    def _identify(self, people: Mapping[int, Row]) -> None:
        wanted = {
            (account, kind, row[kind])
            for account, row in people.items()
            for kind in ("unionid", "phone", "email")
            if kind in row
        }
        if not wanted:
            return
        known = db.rows(
            "SELECT account_id, kind, value FROM members_identifier"  # noqa: S608
            f" WHERE account_id IN ({db.placeholders(len(people))})",
            list(people),
        )
        new = sorted(wanted - set(known))
        if new:
            accounts.add_identifiers(
                community=self._job.community,
                values=new,
                by=self._job.by,
                at=self._job.started_at,
            )

    # What hangs on it

    def _set_attributes(self, people: Mapping[int, Row], before: set[int]) -> set[int]:
        changed: set[int] = set()
        for field, attribute in sorted(
            self._attributes.items(), key=lambda item: item[1].pk
        ):
            wanted = {
                account: stored(attribute.type, row[field])
                for account, row in people.items()
                if field in row
            }
            touched = self._set(attribute, wanted)
            event = attributes.AttributeSet(attribute=attribute.name, source=SOURCE)
            facts.record_for_accounts(
                event,
                [account for account in touched if account in before],
                community=self._job.community,
                by=self._job.by,
                at=self._job.started_at,
            )
            changed |= set(touched)
        return changed

    def _set(
        self, attribute: attributes.Attribute, wanted: dict[int, list[StoredValue]]
    ) -> list[int]:
        if not wanted:
            return []
        held: dict[int, set[StoredValue]] = {}
        for account, number, text in db.rows(
            "SELECT account_id, number, text FROM members_attributevalue"  # noqa: S608
            f" WHERE attribute_id = %s AND present AND account_id IN"
            f" ({db.placeholders(len(wanted))})",
            [attribute.pk, *wanted],
        ):
            held.setdefault(account, set()).add((number, text))
        differing = {a: rows for a, rows in wanted.items() if held.get(a) != set(rows)}
        if not differing:
            return []
        writer = attribute_values.ValueWriter(
            attribute, self._job.by, self._job.started_at, SOURCE
        )
        return writer.write(differing)

    def _tag(self, people: Mapping[int, Row]) -> set[int]:
        carriers: dict[str, list[int]] = {}
        for account, row in people.items():
            for name in typed_columns.split_list(row.get("tags")):
                carriers.setdefault(name, []).append(account)
        if not carriers:
            return set()
        job = self._job
        library = tag_library.ensure(
            community=job.community, keys=carriers, by=job.by, at=job.started_at
        )
        changed: set[int] = set()
        for name in sorted(carriers, key=lambda name: library[name].pk):
            tag = library[name]
            has = _carrying(tag.pk, carriers[name])
            missing = [account for account in carriers[name] if account not in has]
            if missing:
                self._put(tag, missing)
                changed.update(missing)
        return changed

    def _put(self, tag: tag_models.Tag, missing: list[int]) -> None:
        job = self._job
        if self._batch is None:
            self._batch = assignments.create_batch(
                community=job.community,
                by=job.by,
                at=job.started_at,
                source=SOURCE,
                note=job.file,
            )
        assignments.apply(
            tag=tag, accounts=missing, by=job.by, at=job.started_at, batch=self._batch
        )

    def _put_in_groups(self, people: Mapping[int, Row]) -> set[int]:
        now = timestamps.to_micros(self._job.started_at)
        wanted = {
            account: (
                row.get("joined_at", now),
                typed_columns.split_list(row["groups"]),
            )
            for account, row in people.items()
            if "groups" in row
        }
        return memberships.add_members(self._job, wanted) if wanted else set()


def _left(row: Row, left: int | None) -> int | None:
    """When they left after this row: it tells it, or that they joined again since."""
    if "left_at" in row:
        return int(row["left_at"])
    came_back = left is not None and row.get("joined_at", left) > left
    return None if came_back else left


def _carrying(tag: int, some: list[int]) -> set[int]:
    """Those whose person carries the tag with any account."""
    families = account_queries.accounts_by_person(some)
    mine = [account for family in families.values() for account in family]
    weights = marks.find_weights(tag_models.KIND, tag, mine)
    return {
        account
        for family in families.values()
        if any(one in weights for one in family)
        for account in family
    }


def stored(kind: str, value: Any) -> list[StoredValue]:
    """What is kept of a parsed value, as `members.literals` keeps it."""
    if kind == "multi":
        return [(None, text) for text in sorted(typed_columns.split_list(value))]
    if kind == "number":
        return [(int((Decimal(value) * 10_000).to_integral_value()), None)]
    if isinstance(value, bool | int):
        return [(int(value), None)]
    return [(None, str(value))]
