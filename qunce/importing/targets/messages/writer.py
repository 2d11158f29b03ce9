"""Writes chat logs: facts of messages with their texts apart, and stays in groups."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import db, timestamps
from qunce.core.facts import fact_keys, facts, ingest, interned_names, key_hashes
from qunce.groups.groups import Group
from qunce.groups.stays import Report
from qunce.importing.accounts import account_resolver, row_counts
from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.rows.parsing import ParsedChunk
from qunce.importing.targets.memberships import writer as memberships
from qunce.importing.targets.memberships.writer import Entry
from qunce.importing.targets.messages import checks
from qunce.importing.targets.messages.log_rows import EDITED, JOINED, LEFT, MESSAGES
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from qunce.outreach.sending.channel_events import MessagePosted

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

SOURCE = message_texts.CHAT_LOG
CHANGES = "messages"
"""Kind of the changes that undo takes back."""


@dataclass(frozen=True)
class LogRow:
    """A row of a log; the moment is in microseconds."""

    kind: str
    account: int
    group: int
    moment: int
    key: str
    text: str
    name: str
    is_reply: bool


class MessageWriter:
    """Writes rows in the order of time, so that stays begin before they end."""

    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job = job
        self._resolver = account_resolver.of_plan(plan, job)
        self._source = interned_names.ensure("source", job.community_id, [SOURCE])[
            SOURCE
        ]

    def load(self, chunk: ParsedChunk) -> int:
        moments = checks.moments_of(chunk)
        found = self._resolver.resolve_rows(chunk, moments, key_wins=False)
        order = np.argsort(moments, kind="stable")
        self.row_order = chunk.row_numbers[order]
        self._found = row_counts.take(found, order)
        texts = chunk.get("group_key").to_pylist()
        ids = memberships.ensure_groups(self._job, set(texts))
        columns = [
            chunk.get(name).to_pylist()
            for name in ("kind", "key", "text", "name", "reply_to")
        ]
        times = moments.tolist()
        self._rows: list[LogRow | None] = []
        for index in order.tolist():
            kind, key, text, name, reply_to = (column[index] for column in columns)
            account = int(found.ids[index])
            group = ids[texts[index]]
            row = LogRow(
                kind,
                account,
                group,
                times[index],
                # The same message in two groups is two.
                f"{group}:{key}",
                text or "",
                name or "",
                bool(reply_to),
            )
            self._rows.append(row if account else None)
        return len(self._rows)

    def batch(self, start: int, end: int) -> tuple[list[LogRow], dict[str, int]]:
        rows = [row for row in self._rows[start:end] if row is not None]
        counts = row_counts.count_without_member(self._found, start, end)
        return rows, counts

    def write(self, batch: tuple[list[LogRow], dict[str, int]]) -> Mapping[str, int]:
        rows, counts = batch
        # Locked, so that two imports of one group do not write the same messages.
        locked = Group.objects.filter(pk__in={row.group for row in rows})
        list(locked.order_by("pk").select_for_update().values_list("pk"))
        self._name_people(rows)
        messages = [row for row in rows if row.kind in MESSAGES]
        new = self._write_messages(messages)
        changes = memberships.write_entries(self._job, _entries(rows)) if rows else {}
        begun = sum(each.before is None for own in changes.values() for each in own)
        return {
            "facts": new,
            "known": len(messages) - new,
            "stays": begun,
            "members": self._resolver.pop_created(),
            **counts,
        }

    def _write_messages(self, rows: list[LogRow]) -> int:
        """Insert the messages that are new; returns how many."""
        known = fact_keys.find(self._source, [row.key for row in rows])
        seen = known.keys() | self._find_edited(rows, known.keys())
        new = list({row.key: row for row in rows if row.key not in seen}.values())
        if not new:
            return 0
        job, kind = self._job, MessagePosted.kind
        keys = [row.key for row in new]
        hashes = [0] * len(keys)
        if not db.is_postgresql():
            encoded = [key.encode() for key in keys]
            hashes = key_hashes.hashes_of(self._source, encoded).tolist()
        ingest.insert_new(
            ingest.FactBatch(
                community_id=job.community_id,
                source_id=self._source,
                actor_id=job.by_id,
                recorded_at=timestamps.to_micros(job.started_at),
                kinds=[facts.ensure_kinds([kind])[kind]] * len(new),
                accounts=[row.account for row in new],
                groups=[row.group for row in new],
                happened_at=[row.moment for row in new],
                payloads=[_payload(row) for row in new],
                keys=keys,
                hashes=hashes,
            )
        )
        message_texts.store(
            job.community,
            self._source,
            [NewText(r.key, r.account, r.group, r.moment, r.text) for r in new],
        )
        journal.record(job, CHANGES, [(row.account, row.key) for row in new])
        return len(new)

    def _find_edited(self, rows: list[LogRow], known: Set[str]) -> set[str]:
        """The keys of edited messages that are known by the text that they had before.

        It is a message of the same moment and author that the log no longer has. Its first
        text stays.
        """
        edited = [row for row in rows if row.kind == EDITED and row.key not in known]
        taken, found = {row.key for row in rows}, set()
        for row in edited:
            earlier = MessageText.objects.filter(
                source_id=self._source,
                account_id=row.account,
                group_id=row.group,
                happened_at=row.moment,
            ).order_by("key")
            for key in earlier.values_list("key", flat=True):
                if key not in taken:
                    taken.add(key)
                    found.add(row.key)
                    break
        return found

    def _name_people(self, rows: list[LogRow]) -> None:
        """Give people whom the log has created the names that it has for them."""
        named = {row.account: row.name for row in rows if row.name}
        unnamed = Account.objects.filter(pk__in=named, name="")
        for account in unnamed.select_related("community").order_by("pk"):
            accounts.update(
                account=account,
                by=self._job.by,
                at=self._job.started_at,
                name=named[account.pk],
            )


def _payload(row: LogRow) -> str | None:
    length: dict[str, object] = {"length": len(row.text)}
    return facts.dump(length | ({"is_reply": True} if row.is_reply else {}))


def _entries(rows: list[LogRow]) -> list[Entry]:
    """Return the stays that joins and leaves in the order of time describe."""
    reports: dict[tuple[int, int], list[Report]] = {}
    for row in rows:
        own = reports.setdefault((row.group, row.account), [])
        last = own[-1] if own else None
        if row.kind == JOINED and (last is None or last.left_at is not None):
            own.append(Report(joined_at=row.moment))
        elif row.kind == LEFT and last is not None and last.left_at is None:
            own[-1] = last._replace(left_at=row.moment)
        elif row.kind == LEFT and last is None:
            own.append(Report(left_at=row.moment))
    return [Entry(*pair, own) for pair, own in reports.items() if own]
