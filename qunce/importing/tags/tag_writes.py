"""Writes tags of members from files, as one batch that staff can undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction

from qunce.core import db, timestamps
from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.tags.tag_entries import TagBook
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments
from qunce.members.tags.levels import DepthChange
from qunce.members.tags.models import KIND, Tag, TagBatch
from qunce.members.tags.writer import NewTaggings, TagRow, TagWriter
from qunce.sets.bitmaps import marks

SOURCE = "import"
TAGS_PER_TRANSACTION = 100
"""Tags that are created together, so that others wait for a short time only."""
CHANGED, KNOWN, REPLACED = "changed", "known", "replaced"
"""What becomes of a change; one is replaced by a later row of the same file."""


class TagChange(NamedTuple):
    """What a row changes in a tag of one account's member.

    Without a change the member has the tag, however deep. `time` is in microseconds.
    """

    account: int
    change: DepthChange | None
    time: int

    def apply(self, depth: int) -> int:
        return max(depth, 1) if self.change is None else self.change.apply(depth)

    @property
    def sets_depth(self) -> bool:
        return self.change is not None and not self.change.is_added


@dataclass
class TagImport:
    """The tags of one import. All are one batch, created with the first change."""

    job: ImportJob
    _batch: TagBatch | None = None

    def write(
        self, tags: Mapping[int, Tag], changes: Mapping[int, Sequence[TagChange]]
    ) -> tuple[dict[int, list[str]], int]:
        """Write changes by tag id, in their order.

        Returns what became of each change, and how many depths of people differ now.
        Call it inside the transaction of the import's batch. A person's depth is the
        sum over their accounts, so that a file that names any of them means the same.
        """
        people = account_queries.accounts_by_person(
            change.account for each in changes.values() for change in each
        )
        own_of = {account: own for own in people.values() for account in own}
        outcomes, rows = self._decide(changes, own_of)
        if rows and db.is_postgresql():
            # Again with the tags locked, as others may have changed them meanwhile.
            # Most rows of a file that comes every night need no lock.
            self.lock(tags, sorted({row.tag for row in rows}))
            outcomes, rows = self._decide(changes, own_of)
        if rows:
            writer = TagWriter(self._get_batch(), self.job.by, self.job.started_at)
            given = [row for row in rows if row.weight]
            # What the file removes first, so that it is not removed as a conflict again.
            removed = [row for row in rows if not row.weight]
            writer.write_many(tags, removed, self._existing)
            for pk, tag in sorted(tags.items()):
                if tag.group is not None and tag.group.exclusive:
                    accounts = [row.account for row in given if row.tag == pk]
                    writer.remove_conflicting(tag, accounts)
            writer.write_many(tags, given, self._existing)
        results = {pk: outcome.results for pk, outcome in outcomes.items()}
        return results, sum(outcome.changed for outcome in outcomes.values())

    def _decide(
        self,
        changes: Mapping[int, Sequence[TagChange]],
        own_of: Mapping[int, Sequence[int]],
    ) -> tuple[dict[int, _Outcome], list[TagRow]]:
        """Return what becomes of the changes of each tag, and the rows to write."""
        self._existing = marks.find_rows(KIND, sorted(changes), sorted(own_of))
        weights: dict[int, dict[int, int]] = {pk: {} for pk in changes}
        for (pk, account), weight in self._existing.items():
            if weight:
                weights[pk][account] = weight
        outcomes = {
            pk: _apply(each, own_of, weights[pk]) for pk, each in changes.items()
        }
        rows = [
            TagRow(pk, account, outcome.weights[account], moment)
            for pk, outcome in sorted(outcomes.items())
            for account, moment in outcome.moments.items()
            if outcome.weights[account] != weights[pk].get(account, 0)
        ]
        return outcomes, rows

    def write_new(self, tags: Mapping[int, Tag], new: NewTaggings) -> None:
        """Give tags to accounts that the same transaction has created."""
        writer = TagWriter(self._get_batch(), self.job.by, self.job.started_at)
        writer.write_new(tags, new)

    def lock(self, tags: Mapping[int, Tag], chosen: Sequence[int]) -> None:
        writer = TagWriter(self._get_batch(), self.job.by, self.job.started_at)
        for pk in chosen:
            writer.lock(tags[pk])

    def _get_batch(self) -> TagBatch:
        if self._batch is None:
            job = self.job
            self._batch = assignments.create_batch(
                community=job.community,
                by=job.by,
                at=job.started_at,
                source=SOURCE,
                note=job.file_name,
            )
            journal.record(job, "tag_batches", [self._batch.pk])
        return self._batch


@dataclass
class ListedTags:
    """The tags that files of members list, added to what the members have."""

    job: ImportJob
    book: TagBook

    def __post_init__(self) -> None:
        self._import = TagImport(self.job)
        self._tags: dict[str, Tag] = {}

    def ensure(self, texts: Sequence[str]) -> Mapping[str, Tag]:
        """Return the tag of each entry, and create new ones in short transactions."""
        for some in account_queries.chunks(texts, TAGS_PER_TRANSACTION):
            with transaction.atomic():
                self._tags |= self.book.ensure(some, at=self.job.started_at)
        return {text: self._tags[text] for text in texts}

    def write(
        self, entries_by_account: Mapping[int, Sequence[str]], new: NewTaggings
    ) -> set[int]:
        """Write the entries of each account, and the taggings of accounts without any.

        `ensure` was called for their tags. Returns the accounts that changed of those
        with entries.
        """
        texts = {text for entries in entries_by_account.values() for text in entries}
        by_id = {tag.pk: tag for tag in self._tags.values()}
        if texts and len(new.tags) and db.is_postgresql():
            # All at once, as every writer locks tags in the order of their ids.
            given = {self._tags[text].pk for text in texts}
            self._import.lock(by_id, sorted(given | set(new.tags.tolist())))
        if len(new.tags):
            self._import.write_new(by_id, new)
        if not texts:
            return set()
        found, tags = self.book.look_up(texts), self._tags
        now = timestamps.to_micros(self.job.started_at)
        changes: dict[int, list[TagChange]] = {}
        for account, entries in entries_by_account.items():
            for text in entries:
                change = TagChange(account, found[text].change, now)
                changes.setdefault(tags[text].pk, []).append(change)
        named = {tags[text].pk: tags[text] for text in texts}
        results, _changed = self._import.write(named, changes)
        return {
            change.account
            for pk, own in results.items()
            for change, result in zip(changes[pk], own, strict=True)
            if result == CHANGED
        }


@dataclass
class _Outcome:
    """What changes of one tag lead to: the weights of accounts, and when they changed.

    `changed` counts the people whose depth differs.
    """

    results: list[str]
    weights: dict[int, int]
    moments: dict[int, int] = field(default_factory=dict)
    changed: int = 0


def _apply(
    changes: Sequence[TagChange],
    own_of: Mapping[int, Sequence[int]],
    before: Mapping[int, int],
) -> _Outcome:
    outcome = _Outcome([KNOWN] * len(changes), dict(before))
    by_person: dict[int, list[int]] = {}
    for index, change in enumerate(changes):
        by_person.setdefault(own_of[change.account][0], []).append(index)
    for person, indexes in by_person.items():
        own = own_of[person]
        old = depth = sum(before.get(account, 0) for account in own)
        # What a later row sets replaces what rows before it set.
        first = max((i for i in indexes if changes[i].sets_depth), default=indexes[0])
        for index in indexes:
            if index < first:
                outcome.results[index] = REPLACED
                continue
            new = changes[index].apply(depth)
            outcome.results[index] = KNOWN if new == depth else CHANGED
            depth = new
        if depth == old:
            for index in indexes:
                if index >= first:
                    outcome.results[index] = KNOWN
            continue
        outcome.changed += 1
        last = changes[indexes[-1]]
        holder = next((a for a in own if before.get(a)), last.account)
        for account in own:
            outcome.weights[account] = depth if account == holder else 0
            outcome.moments[account] = last.time
    return outcome
