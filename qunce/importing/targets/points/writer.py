"""Writes balances of points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qunce.activities.points import earning
from qunce.activities.points.earning import IMPORT_PREFIX, Earning
from qunce.activities.points.models import MAX_REASON
from qunce.core import lots, timestamps
from qunce.importing.accounts import account_resolver, row_counts
from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows.parsing import ParsedChunk

MAX_ENTRY_KEY = 150


class PointWriter:
    """A balance is known again by its number, or else by the file and the row."""

    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job = job
        self._resolver = account_resolver.of_plan(plan, job)
        self._today = job.community.day(job.started_at)

    def load(self, chunk: ParsedChunk) -> int:
        rows = len(chunk.row_numbers)
        self.row_order = chunk.row_numbers
        seen_at = np.full(rows, timestamps.to_micros(self._job.started_at), np.int64)
        self._found = self._resolver.resolve_rows(
            ParsedChunk(account_resolver.references_of(chunk), chunk.row_numbers),
            seen_at,
            key_wins=False,
        )
        points, reasons, keys = (
            chunk.get(name).to_pylist() for name in ("points", "reason", "entry_key")
        )
        days = chunk.get("last_day").to_pylist()
        self._rows = [
            (
                account,
                int(number or 0),
                day,
                (reason or "")[:MAX_REASON],
                key or f"{digest}/{row}",
            )
            for account, number, day, reason, key, digest, row in zip(
                self._found.ids.tolist(),
                points,
                days,
                reasons,
                keys,
                [self._job.digest[:16]] * rows,
                chunk.row_numbers.tolist(),
                strict=True,
            )
        ]
        return rows

    def batch(self, start: int, end: int) -> tuple[int, int]:
        return start, end

    def write(self, batch: tuple[int, int]) -> Mapping[str, int]:
        start, end = batch
        members = [row for row in self._rows[start:end] if row[0]]
        rows = [row for row in members if row[1]]
        earnings = [
            Earning(
                account=account,
                key=f"{IMPORT_PREFIX}{key[:MAX_ENTRY_KEY]}",
                points=points,
                day=self._today,
                usable_from=self._today,
                last_day=lots.NEVER if day is None else day,
            )
            for account, points, day, _reason, key in rows
        ]
        alive = [each for each in earnings if each.last_day >= self._today]
        entries = earning.earn_many(
            community=self._job.community,
            rule=None,
            earnings=alive,
            by=self._job.by,
            at=self._job.started_at,
        )
        earning.add_reasons(
            entries,
            {each.key: row[3] for each, row in zip(earnings, rows, strict=True)},
        )
        journal.record(
            self._job, "points", [[entry.account_id, entry.pk] for entry in entries]
        )
        return {
            "lots": len(entries),
            "points": sum(entry.amount for entry in entries),
            "empty": len(members) - len(rows),
            "known": len(alive) - len(entries),
            "expired": len(earnings) - len(alive),
            "members": self._resolver.pop_created(),
            **row_counts.count_without_member(self._found, start, end),
        }
