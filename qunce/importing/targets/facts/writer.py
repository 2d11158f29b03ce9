"""Writes the spilled parts of a file of facts, each in the order of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction

from qunce.core import db, errors, json_values, timestamps
from qunce.core.facts import (
    fact_effects,
    facts,
    ingest,
    interned_names,
    laid_facts,
)
from qunce.core.facts.fact_effects import ReportedFact
from qunce.core.facts.laid_facts import LaidRows
from qunce.groups import groups
from qunce.importing.accounts import account_resolver, row_counts
from qunce.importing.accounts.account_resolver import Resolution
from qunce.importing.files import staging
from qunce.importing.jobs import error_report, jobs
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.importing.targets.facts import layout
from qunce.importing.targets.facts.spill import FactPart, FactSpill

ROWS_PER_RESOLUTION = 1_000_000
"""Rows whose members are looked up together, as each look-up hashes all known keys."""
INSERTED, EFFECTIVE, LEFT_OUT = range(3)
"""What becomes of a row: stored, handed to its verb, or left out with its member."""
LEFT_OUT_STATES = (account_resolver.UNKNOWN, account_resolver.SUPPRESSED)


@dataclass(frozen=True)
class FactRows:
    """Rows of one transaction: those to insert, and those that take effect, by row."""

    inserted: ingest.FactBatch | LaidRows
    effective: list[tuple[int, ReportedFact]]
    counts: dict[str, int]
    """Rows that were left out, and how the members of the others were found."""

    def __len__(self) -> int:
        return len(self.inserted) + len(self.effective)


@dataclass(frozen=True)
class SortedPart:
    """A part in the order of writing: rows to insert, then effects, then those left out."""

    table: pa.Table
    found: Resolution
    inserted: int
    effective: int
    """The ends of the first two."""
    laid: Path | None
    """Where the rows to insert are laid out."""
    stamp: staging.Stamp = ()
    """Of the file there."""


class FactWriter:
    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job, self._plan = job, plan
        self._resolver = account_resolver.of_plan(plan, job)
        self._resolutions: dict[int, Resolution] = {}
        self._kind_ids: dict[str, int] = {}
        self._group_ids: dict[str, int] = {}
        self._reporter = fact_effects.Reporter(
            community=job.community,
            by=job.by,
            at=job.started_at,
            source=job.source,
            source_id=source_id(plan),
            currency=plan.options.currency or job.community.currency,
        )
        # Here, as the thread below has no connection of its own.
        self._can_attach = not (db.is_postgresql() or connection.in_atomic_block)
        self._attached = plan.resources.enter_context(ExitStack())
        self._thread = ThreadPoolExecutor(1, "facts")
        plan.resources.callback(self._thread.shutdown, cancel_futures=True)
        self._next: tuple[int, Future[SortedPart]] | None = None

    @property
    def _spill(self) -> FactSpill:
        # The file may be read after this writer was made.
        spill: FactSpill = self._plan.cache
        return spill

    # Preparing a part

    def load(self, chunk: ParsedChunk) -> int:
        assert isinstance(chunk, FactPart)  # noqa: S101 - the target yields no others
        number = chunk.number
        self._attached.close()
        if self._next is not None and self._next[0] == number:
            self._part = self._next[1].result()
        else:
            self._resolve(number)
            self._part = self._sort(number)
        if self._part.laid is not None:
            staging.check_stamp(self._part.laid, self._part.stamp)
            self._attached.enter_context(laid_facts.attached(self._part.laid))
        # The next part is laid out while this one is written.
        later = [n for n in self._spill.numbers() if n > number]
        if later:
            self._resolve(later[0])
            self._next = later[0], self._thread.submit(self._sort, later[0])
        self.row_order = np.asarray(self._part.table["row"])
        rows: int = self._part.table.num_rows
        return rows

    def _resolve(self, number: int) -> None:
        """Look up the members of this part and the ones after it, and create new ones."""
        if not self._kind_ids:
            kinds = self._spill.kinds
            with transaction.atomic():
                self._spill.kind_limits.save()
            self._kind_ids = facts.ensure_kinds(kinds)
            earliest = min(self._spill.groups.values(), default=0)
            self._group_ids = groups.ensure(
                community=self._job.community,
                keys=self._spill.groups,
                by=self._job.by,
                at=timestamps.from_micros(earliest),
            )
        if number in self._resolutions:
            return
        numbers: list[int] = []
        tables: list[pa.Table] = []
        for later in self._spill.numbers():
            if later < number or sum(t.num_rows for t in tables) >= ROWS_PER_RESOLUTION:
                continue
            numbers.append(later)
            tables.append(
                self._spill.read(later, ["happened_at", *self._spill.references])
            )
        table = pa.concat_tables(tables).combine_chunks()
        columns = {
            name: table[name].combine_chunks() for name in self._spill.references
        }
        times = np.asarray(table["happened_at"])
        rows = ParsedChunk(columns, np.empty(0, dtype=np.int64))
        found = self._resolver.resolve_rows(rows, times, key_wins=False)
        start = 0
        self._resolutions.clear()
        for later, part in zip(numbers, tables, strict=True):
            end = start + part.num_rows
            self._resolutions[later] = row_counts.take(found, np.arange(start, end))
            start = end

    def _sort(self, number: int) -> SortedPart:
        """Sort a part and lay it out; runs in a thread and uses no database."""
        table, found = self._spill.read(number), self._resolutions[number]
        is_effective = number == self._spill.ranges
        fates = np.full(table.num_rows, EFFECTIVE if is_effective else INSERTED)
        fates[np.isin(found.states, LEFT_OUT_STATES)] = LEFT_OUT
        rows = np.asarray(table["row"])
        if (fates == EFFECTIVE).any():
            order = np.lexsort((rows, np.asarray(table["happened_at"]), fates))
        elif not self._spill.by_key:
            order = np.lexsort((rows, np.asarray(table["hash"]), fates))
        else:
            by_key = pa.table({"fate": fates, "key": table["key"], "row": rows})
            keys = [(name, "ascending") for name in by_key.column_names]
            order = np.asarray(pc.sort_indices(by_key, sort_keys=keys)).astype(np.int64)
        inserted, effective = np.searchsorted(
            fates[order], [EFFECTIVE, LEFT_OUT]
        ).tolist()
        table = table.take(pa.array(order)).combine_chunks()
        found = row_counts.take(found, order)
        for name, ids in (
            ("kind_id", _ids_of(table["kind"], self._kind_ids)),
            ("grp", _ids_of(table["group_key"], self._group_ids)),
            ("account", pa.array(found.ids, mask=found.ids == 0)),
        ):
            table = table.append_column(name, ids)
        laid: Path | None = None
        stamp: staging.Stamp = ()
        if inserted and self._can_attach:
            laid = self._spill.staging.path / f"part-{number}.sqlite"
            layout.write(laid, table.slice(0, inserted))
            stamp = staging.stamp(laid)
        return SortedPart(table, found, inserted, effective, laid, stamp)

    # Writing it

    def batch(self, start: int, end: int) -> FactRows:
        part = self._part
        first, until = max(start, part.inserted), min(end, part.effective)
        effective = [
            (
                row["row"],
                ReportedFact(
                    kind=row["kind"],
                    happened_at=timestamps.from_micros(row["happened_at"]),
                    account=row["account"],
                    group=row["grp"],
                    payload=json_values.parse_object((row["payload"] or "{}").encode()),
                    key=row["key"],
                ),
            )
            for row in part.table.slice(first, max(until - first, 0)).to_pylist()
        ]
        suppressed = part.found.states[start:end] == account_resolver.SUPPRESSED
        counts = {
            "suppressed": int(suppressed.sum()),
            **part.found.counts(start, end),
        }
        skipped = end - max(start, part.effective) - counts["suppressed"]
        return FactRows(
            self._to_insert(start, min(end, part.inserted)),
            effective,
            {"skipped": max(skipped, 0), **counts},
        )

    def _to_insert(self, start: int, end: int) -> ingest.FactBatch | LaidRows:
        common: dict[str, Any] = {
            "community_id": self._job.community_id,
            "source_id": self._reporter.source_id,
            "actor_id": self._job.by_id,
            "recorded_at": timestamps.to_micros(self._job.started_at),
        }
        if self._part.laid is not None:
            return LaidRows(begin=start, end=end, **common)
        part = self._part.table.slice(start, max(end - start, 0)).combine_chunks()
        # PostgreSQL takes whole columns, and SQLite row by row what is not laid out.
        rows: dict[str, Any] = {
            name: part[name].combine_chunks() for name in part.column_names
        }
        if not self._spill.by_key:
            rows = part.to_pydict()
        return ingest.FactBatch(
            **common,
            kinds=rows["kind_id"],
            accounts=rows["account"],
            groups=rows["grp"],
            happened_at=rows["happened_at"],
            payloads=rows["payload"],
            keys=rows["key"],
            hashes=rows["hash"],
        )

    def write(self, batch: FactRows) -> Mapping[str, int]:
        if isinstance(batch.inserted, LaidRows):
            new = laid_facts.insert_new(batch.inserted)
        else:
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
            size = error_report.append(self._job, problems)
            jobs.record_refusals(self._job, problems, report_bytes=size)
        return {
            "facts": new,
            # Facts that were in the log are not an error: people import overlapping
            # exports.
            "known": len(batch) - new - len(problems),
            "members": self._resolver.pop_created(),
            **{name: count for name, count in batch.counts.items() if count},
        }


def _ids_of(names: Any, ids: Mapping[str, int]) -> pa.Array:
    """Return the id of each name, null for null."""
    encoded = names.combine_chunks().dictionary_encode()
    values = [ids[name] for name in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(values, pa.int64()), encoded.indices)


def source_id(plan: ImportPlan) -> int:
    name, community = plan.options.source, plan.community.pk
    return interned_names.ensure("source", community, [name])[name]
