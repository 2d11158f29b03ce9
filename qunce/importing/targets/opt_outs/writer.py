"""Writes rows of opt-outs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import timestamps
from qunce.importing.accounts import account_resolver, row_counts
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows.parsing import ParsedChunk
from qunce.importing.targets.opt_outs import opt_out_columns
from qunce.outreach import opt_outs


class OptOutWriter:
    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job = job
        self._resolver = account_resolver.of_plan(plan, job)

    def load(self, chunk: ParsedChunk) -> int:
        rows = len(chunk.row_numbers)
        self.row_order = chunk.row_numbers
        seen_at = np.full(rows, timestamps.to_micros(self._job.started_at), np.int64)
        names = account_resolver.references_of(chunk)
        says_no = pc.equal(chunk.get("opted_out"), opt_out_columns.NO)
        is_reachable = np.asarray(pc.fill_null(says_no, pa.scalar(value=False)))
        if is_reachable.any():
            # Nothing is to be recorded of unknown members who did not opt out, so they
            # do not become members either.
            found = self._resolver.look_up(names, key_wins=False)
            is_left_out = is_reachable & (found.states == account_resolver.UNKNOWN)
            mask, none = pa.array(is_left_out), pa.scalar(None, pa.string())
            names = {kind: pc.if_else(mask, none, names[kind]) for kind in names}
        self._found = self._resolver.resolve_rows(
            ParsedChunk(names, chunk.row_numbers), seen_at, key_wins=False
        )
        times = chunk.get("opted_out_at").to_pylist()
        answers = chunk.get("opted_out").to_pylist()
        reasons = chunk.get("reason").to_pylist()
        purposes = chunk.get("purpose").to_pylist()
        accounts = self._found.ids.tolist()
        self._of_service = {
            account
            for account, purpose in zip(accounts, purposes, strict=True)
            if purpose == opt_outs.SERVICE
        }
        # A row of this file says that they opted out, unless it says the contrary.
        self._rows = [
            (account, moment, answer != opt_out_columns.NO, reason or "")
            for account, moment, answer, reason in zip(
                accounts, times, answers, reasons, strict=True
            )
        ]
        return rows

    def batch(self, start: int, end: int) -> tuple[int, int]:
        return start, end

    def write(self, batch: tuple[int, int]) -> Mapping[str, int]:
        start, end = batch
        rows = self._rows[start:end]
        given: dict[int, tuple[int | None, str]] = {}
        reachable: set[int] = set()
        for account, moment, is_opted_out, reason in rows:
            if account and is_opted_out:
                given.setdefault(account, (moment, reason))
            elif account:
                reachable.add(account)
        opted_out = opt_out_columns.record(
            self._job, given, of_service=self._of_service
        )
        kept = opt_out_columns.count_still_opted_out(reachable - given.keys())
        counts = row_counts.count_without_member(self._found, start, end)
        others = counts["skipped"] + counts["suppressed"]
        return {
            "opted_out": len(opted_out),
            **({"kept_opted_out": kept} if kept else {}),
            "changed": len(opted_out),
            "known": len(rows) - len(opted_out) - others,
            "members": self._resolver.pop_created(),
            **counts,
        }
