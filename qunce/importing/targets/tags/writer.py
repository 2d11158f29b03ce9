"""Writes rows of tags, of which each may name several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import timestamps
from qunce.importing.accounts import account_resolver, row_counts
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.rows.parsing import ParsedChunk
from qunce.importing.tags import tag_writes
from qunce.importing.tags.tag_entries import TagBook
from qunce.importing.tags.tag_writes import TagChange, TagImport
from qunce.importing.targets.tags import depths
from qunce.importing.values import lists
from qunce.members.accounts import queries as account_queries
from qunce.members.tags.levels import DepthChange
from qunce.members.tags.models import Tag

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan

Reading = list[tuple[int, DepthChange | None]]
"""The id of each tag that a row names, and what the row does to its depth."""


@dataclass
class Batch:
    """Changes by tag id, each with the row it is of; `counts` are of the other rows."""

    rows: int = 0
    changes: dict[int, list[TagChange]] = field(default_factory=dict)
    rows_of: dict[int, list[int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, tag: int, row: int, change: TagChange) -> None:
        self.changes.setdefault(tag, []).append(change)
        self.rows_of.setdefault(tag, []).append(row)


class TagRowWriter:
    """Writes rows of a chunk sorted by member, or by tag if each has one."""

    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job = job
        self._skips = plan.answer(depths.QUESTION) == depths.SKIP
        self._resolver = account_resolver.of_plan(plan, job)
        self._book = TagBook.of_plan(plan)
        self._import = TagImport(job)
        self._tags: dict[int, Tag] = {}

    def load(self, chunk: ParsedChunk) -> int:
        job = self._job
        now = timestamps.to_micros(job.started_at)
        times = np.asarray(pc.fill_null(chunk.get("tagged_at").cast(pa.int64()), now))
        found = self._resolver.resolve_rows(chunk, times, key_wins=False)
        pairs, codes = depths.distinct_pairs(chunk)
        readings: list[Reading] = []
        for cell, depth in pairs:
            entries = lists.parse_joined(cell)
            named = self._book.ensure(entries, at=job.started_at)
            self._tags |= {tag.pk: tag for tag in named.values()}
            found_entries = self._book.look_up(entries)
            reading = {
                named[text].pk: depths.read(found_entries[text], depth)
                for text in entries
            }
            readings.append(list(reading.items()))
        row_codes = np.array(codes, dtype=np.int64)
        # A person's rows stay in the order of the file, so that a file can correct
        # itself.
        accounts, inverse = np.unique(found.ids, return_inverse=True)
        people = account_queries.person_ids(accounts.tolist())
        person_ids = np.array([people[pk] for pk in accounts.tolist()], dtype=np.int64)
        keys = [chunk.row_numbers, person_ids[inverse]]
        if all(len(reading) == 1 for reading in readings):
            # By tag first, so that a batch changes few revisions.
            tags = np.array([reading[0][0] for reading in readings], dtype=np.int64)
            keys.append(tags[row_codes])
        # The most significant key is the last one.
        order = np.lexsort(keys)
        self.row_order = chunk.row_numbers[order]
        is_first = np.ones(len(order), dtype=bool)
        is_first[1:] = np.any([np.diff(key[order]) != 0 for key in keys[1:]], axis=0)
        # Rows of one member in one batch, as the later ones may replace the others.
        self._starts = [*np.flatnonzero(is_first).tolist(), len(order)]
        self._found = row_counts.take(found, order)
        self._times = times[order]
        self._readings = [readings[code] for code in row_codes[order]]
        return len(self._starts) - 1

    def batch(self, start: int, end: int) -> Batch:
        start, end = self._starts[start], self._starts[end]
        batch = Batch(end - start)
        batch.counts = row_counts.count_without_member(self._found, start, end)
        for index in range(start, end):
            account = int(self._found.ids[index])
            if not account:
                continue
            changes = self._readings[index]
            if self._skips and any(
                change and change.is_added for _t, change in changes
            ):
                batch.counts["skipped"] += 1
                continue
            for tag, change in changes:
                moment = int(self._times[index])
                batch.add(tag, index, TagChange(account, change, moment))
        return batch

    def write(self, batch: Batch) -> Mapping[str, int]:
        results_of_tags, tagged = self._import.write(self._tags, batch.changes)
        results: dict[int, set[str]] = {}
        for tag, own in results_of_tags.items():
            for row, result in zip(batch.rows_of[tag], own, strict=True):
                results.setdefault(row, set()).add(result)
        changed = sum(tag_writes.CHANGED in own for own in results.values())
        replaced = sum(own == {tag_writes.REPLACED} for own in results.values())
        batch.counts["skipped"] += replaced
        left_out = batch.counts["skipped"] + batch.counts["suppressed"]
        return {
            "tagged": tagged,
            "new": 0,
            "changed": changed,
            "known": batch.rows - changed - left_out,
            "members": self._resolver.pop_created(),
            **batch.counts,
        }
