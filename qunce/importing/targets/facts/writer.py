"""Writes chunks of facts in the order of their keys' hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import errors, json_values, timestamps
from qunce.core.facts import (
    fact_effects,
    facts,
    ingest,
    interned_names,
    reported_facts,
)
from qunce.core.facts.fact_effects import ReportedFact
from qunce.groups import groups
from qunce.importing import account_resolver, error_report, jobs, row_fates
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Problem
from qunce.importing.plan import ImportPlan
from qunce.importing.targets.facts import checks

KEYS_PER_HASH_CALL = 50_000
INSERTED, EFFECTIVE, LEFT_OUT = range(3)
"""What becomes of a row: stored, handed to its verb, or left out with its member."""
LEFT_OUT_STATES = (account_resolver.UNKNOWN, account_resolver.SUPPRESSED)


@dataclass(frozen=True)
class FactRows:
    """Rows of one transaction: those to insert, and those that take effect, by row."""

    inserted: ingest.FactBatch
    effective: list[tuple[int, ReportedFact]]
    counts: dict[str, int]
    """Rows that were left out, and how the members of the others were found."""

    def __len__(self) -> int:
        return len(self.inserted) + len(self.effective)


class FactWriter:
    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job, self._plan = job, plan
        community = job.community
        source_ids = interned_names.ensure("source", community.pk, [job.source])
        self._source_id = source_ids[job.source]
        self._resolver = account_resolver.of_plan(plan, job)
        self._group_ids: dict[str, int] = {}
        self.refusals: list[Problem] = []
        """Rows that the state of the community did not allow."""
        self._reporter = fact_effects.Reporter(
            community=community,
            by=job.by,
            at=job.started_at,
            source=job.source,
            source_id=self._source_id,
            currency=plan.options.currency or community.currency,
        )

    def load(self, chunk: ParsedChunk) -> int:
        # The columns of the chunk are released as soon as they are converted.
        times = np.asarray(chunk.columns.pop("happened_at"))
        # Outside the batches: creating members has transactions of its own.
        # Facts of groups alone come without a column of members.
        chunk.columns.setdefault("member_key", chunk.get("member_key"))
        found = self._resolver.resolve_rows(chunk, times, key_wins=False)
        keys = _fill_keys(chunk, times)
        hashes = np.empty(len(keys), dtype=np.int64)
        # In parts, as Python objects take much more memory than Arrow's.
        for start in range(0, len(keys), KEYS_PER_HASH_CALL):
            part = keys.slice(start, KEYS_PER_HASH_CALL).cast(pa.binary()).to_pylist()
            hashes[start : start + len(part)] = ingest.hashes_of(self._source_id, part)
        # Sorted, so that neighbours in the table of hashes are written together. Rows
        # that take effect follow in the order of time, those left out come last.
        kinds = chunk.get("kind")
        fates = np.where(checks.has_effect(kinds), EFFECTIVE, INSERTED)
        fates[np.isin(found.states, LEFT_OUT_STATES)] = LEFT_OUT
        sort_key = np.where(fates == EFFECTIVE, times, hashes)
        order = np.lexsort((chunk.row_numbers, sort_key, fates))
        self._inserted, self._effective = np.searchsorted(
            fates[order], [EFFECTIVE, LEFT_OUT]
        ).tolist()
        self._found = row_fates.take(found, order)
        self._hashes, self._times = hashes[order], times[order]
        self._rows = chunk.row_numbers[order]
        self._kind_names = kinds.take(
            pa.array(order[self._inserted : self._effective])
        ).to_pylist()
        # A file has few kinds, so they are resolved once each.
        encoded = pc.dictionary_encode(kinds)
        names = encoded.dictionary.to_pylist()
        ids_by_kind = facts.ensure_kinds(names)
        ids_by_code = np.array([ids_by_kind[name] for name in names], dtype=np.int64)
        self._kinds = ids_by_code[np.asarray(encoded.indices)][order]
        self._groups = self._resolve_groups(chunk.get("group_key"), times)[order]
        self._payloads = chunk.get("payload").take(pa.array(order))
        chunk.columns.clear()
        self._keys = keys.take(pa.array(order))
        return len(order)

    def _resolve_groups(self, keys: pa.Array, times: np.ndarray) -> np.ndarray:
        """Return group ids, 0 for null keys; unknown groups are created."""
        encoded = pc.dictionary_encode(keys)
        names = encoded.dictionary.to_pylist()
        missing = [name for name in names if name not in self._group_ids]
        if missing:
            self._group_ids |= groups.ensure(
                community=self._job.community,
                keys=missing,
                by=self._job.by,
                at=timestamps.from_micros(int(times.min())),
            )
        ids = np.array([self._group_ids.get(name, 0) for name in names] + [0])
        # Null keys get the last element, which is the appended 0.
        group_ids: np.ndarray = ids[
            np.asarray(pc.fill_null(encoded.indices, len(names)))
        ]
        return group_ids

    def batch(self, start: int, end: int) -> FactRows:
        inserted = self._batch_to_insert(start, min(end, self._inserted))
        effective = [
            (int(self._rows[index]), self._reported(index))
            for index in range(max(start, self._inserted), min(end, self._effective))
        ]
        suppressed = self._found.states[start:end] == account_resolver.SUPPRESSED
        counts = {
            "suppressed": int(suppressed.sum()),
            **self._found.counts(start, end),
        }
        skipped = end - max(start, self._effective) - counts["suppressed"]
        return FactRows(inserted, effective, {"skipped": max(skipped, 0), **counts})

    def _batch_to_insert(self, start: int, end: int) -> ingest.FactBatch:
        length = max(end - start, 0)
        return ingest.FactBatch(
            community_id=self._job.community_id,
            source_id=self._source_id,
            actor_id=self._job.by_id,
            recorded_at=timestamps.to_micros(self._job.started_at),
            kinds=self._kinds[start:end].tolist(),
            accounts=[
                account or None for account in self._found.ids[start:end].tolist()
            ],
            groups=[group or None for group in self._groups[start:end].tolist()],
            happened_at=self._times[start:end].tolist(),
            payloads=self._payloads.slice(start, length).to_pylist(),
            keys=self._keys.slice(start, length).to_pylist(),
            hashes=self._hashes[start:end].tolist(),
        )

    def _reported(self, index: int) -> ReportedFact:
        text = self._payloads[index].as_py()
        return ReportedFact(
            kind=self._kind_names[index - self._inserted],
            happened_at=timestamps.from_micros(int(self._times[index])),
            account=int(self._found.ids[index]) or None,
            group=int(self._groups[index]) or None,
            payload=json_values.parse_object(text.encode()) if text else {},
            key=self._keys[index].as_py(),
        )

    def write(self, batch: FactRows) -> Mapping[str, int]:
        # About 38,000 facts a second on SQLite with 50 million in the log
        # (docs/benchmarks.md).
        new = ingest.insert_new(batch.inserted)
        problems = []
        for row, fact in batch.effective:
            try:
                new += fact_effects.apply(fact, self._reporter)
            except errors.QunceError as error:
                # What only the current state forbids, such as a refund above the
                # payment, is known when its turn comes. The other rows go on.
                heading = self._plan.heading_of["kind"]
                problems.append(Problem(row, heading, fact.kind, str(error)))
        if problems:
            error_report.append(self._job, problems)
            jobs.record_refusals(self._job, problems)
            self.refusals += problems
        return {
            "facts": new,
            # Facts that were in the log are not an error: people import overlapping
            # exports.
            "known": len(batch) - new - len(problems),
            "members": self._resolver.pop_created(),
            **{name: count for name, count in batch.counts.items() if count},
        }


def _fill_keys(chunk: ParsedChunk, times: np.ndarray) -> pa.Array:
    """Return the keys; rows without one get a key from their content."""
    keys = chunk.get("key")
    if not keys.null_count:
        return keys
    names = ("kind", *checks.MEMBER_FIELDS, "group_key", "payload")
    columns: list[list[Any]] = [chunk.get(name).to_pylist() for name in names]
    filled = []
    for key, micros, kind, *members, group, payload in zip(
        keys.to_pylist(), times.tolist(), *columns, strict=True
    ):
        references = dict(zip(checks.MEMBER_FIELDS, members, strict=True))
        filled.append(
            key
            or reported_facts.content_key(
                kind=kind,
                member=reported_facts.reference(references),
                group=group or "",
                micros=micros,
                payload=payload,
            )
        )
    return pa.array(filled, pa.string())
