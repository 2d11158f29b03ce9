"""Writes orders from files: new ones, and what a file tells otherwise of known ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import IntegrityError, transaction

from qunce.core import batch_writes, db, money, timestamps
from qunce.core.facts import facts, interned_names
from qunce.importing import account_resolver
from qunce.importing.files import external_sort
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Reading
from qunce.importing.targets import order_sql
from qunce.sales.orders import OrderAmended, OrderPaid, OrderRefunded

ATTEMPTS = 3


class OrderWriter:
    def __init__(self, job: ImportJob, reading: Reading) -> None:
        self._job, self._reading, self._pace = job, reading, batch_writes.BatchSizer()
        community = job.community
        self._source = interned_names.ensure("source", community.pk, [job.source])[
            job.source
        ]
        self._kinds = facts.ensure_kinds(
            [OrderPaid.kind, OrderRefunded.kind, OrderAmended.kind]
        )
        self._accounts = account_resolver.AccountResolver(
            community, by=job.by, at=job.started_at, source=job.source
        )
        self._made = 0

    def ready(self, chunk: ParsedChunk) -> int:
        if not len(chunk.rows):
            return 0
        seen = np.asarray(chunk.get("first_seen"))
        ids, made = self._accounts.resolve(chunk.get("member_key"), seen, self._pace)
        self._made += made
        codes = pc.unique(chunk.get("currency")).to_pylist()
        digits = {code: money.decimal_places(code) for code in codes}
        columns = dict(chunk.columns)
        columns["account"] = pa.array(ids, mask=ids == 0)
        self._orders = external_sort.query(
            order_sql.rows_of(digits), orders=pa.table(columns)
        ).combine_chunks()
        chunk.columns.clear()
        return int(self._orders.num_rows)

    def batch(self, begin: int, end: int) -> list[tuple[Any, ...]]:
        some = self._orders.slice(begin, end - begin)
        columns = [some[name].to_pylist() for name in order_sql.ROW]
        return list(zip(*columns, strict=True))

    def write(self, batch: list[tuple[Any, ...]]) -> Mapping[str, int]:
        for attempt in range(ATTEMPTS):
            try:
                with transaction.atomic():
                    counts = self._write(batch)
                break
            except IntegrityError:  # another importer took one of them just now
                if attempt + 1 == ATTEMPTS:
                    raise
        counts["members"], self._made = self._made, 0
        return counts

    def _write(self, batch: list[tuple[Any, ...]]) -> dict[str, int]:
        known = self._known([row[0] for row in batch])
        new = [row for row in batch if row[0] not in known]
        amended = self._amend([row for row in batch if row[0] in known], known)
        self._insert(new)
        return {
            "orders": len(new),
            "refunds": sum(1 for row in new if row[order_sql.REFUND] is not None),
            "known": len(batch) - len(new) - amended,
            "amended": amended,
            **order_sql.tally(batch),
        }

    def _known(self, keys: list[str]) -> dict[str, tuple[Any, ...]]:
        found: dict[str, tuple[Any, ...]] = {}
        for begin in range(0, len(keys), 5_000):
            some = keys[begin : begin + 5_000]
            rows = db.rows(
                "SELECT key, id, amount, refunded_amount"  # noqa: S608
                " FROM sales_order WHERE community_id = %s"
                f" AND key IN ({db.placeholders(len(some))})",
                [self._job.community_id, *some],
            )
            found |= {row[0]: row[1:] for row in rows}
        return found

    def _insert(self, rows: list[tuple[Any, ...]]) -> None:
        community = self._job.community_id
        recorded = timestamps.to_micros(self._job.started_at)
        paid, refunded = self._kinds[OrderPaid.kind], self._kinds[OrderRefunded.kind]
        orders = [(community, *row[: order_sql.STORED], self._source) for row in rows]
        happened = []
        for row in rows:
            account, paid_at, refunded_at = row[1], row[2], row[7]
            for kind, at, payload in (
                (paid, paid_at, row[order_sql.PAYMENT]),
                (refunded, refunded_at, row[order_sql.REFUND]),
            ):
                if payload is not None:
                    happened.append(
                        (community, kind, account, None, at, recorded, None, payload)
                    )
        db.insert(order_sql.INSERT, orders)
        db.insert(facts.INSERT_FACTS, happened)

    def _amend(
        self, rows: list[tuple[Any, ...]], known: Mapping[str, tuple[Any, ...]]
    ) -> int:
        """Known orders whose amounts this file tells otherwise are set right."""
        changed = 0
        for row in rows:
            amount, refunded_at = row[3], row[7]
            pk, amount_was, refunded_was = known[row[0]]
            # What was given back is not taken back.
            refunded = max(row[8], refunded_was)
            if (amount, refunded) == (amount_was, refunded_was):
                continue
            changed += 1
            db.execute(
                "UPDATE sales_order SET amount = %s, refunded_amount = %s,"
                " refunded_at = %s WHERE id = %s",
                [amount, refunded, refunded_at, pk],
            )
            self._record_amendment(row, amount - amount_was, refunded - refunded_was)
        return changed

    def _record_amendment(
        self, row: tuple[Any, ...], amount: int, refunded: int
    ) -> None:
        key, account = row[0], row[1]
        events: list[tuple[facts.FactKind, int]] = []
        if amount:
            events.append(
                (OrderAmended(account=account, order=key, amount=amount), row[2])
            )
        if refunded:
            events.append(
                (OrderRefunded(account=account, order=key, amount=refunded), row[7])
            )
        facts.record_many(
            [event for event, _at in events],
            community=self._job.community,
            by=self._job.by,
            at=self._job.started_at,
            happened_at=[timestamps.from_micros(at) for _event, at in events],
        )
