"""Writes orders: new ones, and corrections of the amounts of existing ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import IntegrityError, transaction

from qunce.core import db, money, timestamps
from qunce.core.facts import facts, interned_names
from qunce.importing import account_resolver
from qunce.importing.files import external_sort
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk
from qunce.importing.targets.orders import sql
from qunce.importing.targets.orders.sql import OrderRow
from qunce.sales.orders import OrderAmended, OrderPaid, OrderRefunded

MAX_ATTEMPTS = 3
KEYS_PER_QUERY = 5_000


@dataclass(frozen=True)
class _StoredOrder:
    pk: int
    amount: int
    refunded_amount: int


class OrderWriter:
    def __init__(self, job: ImportJob) -> None:
        self._job = job
        community = job.community
        source_ids = interned_names.ensure("source", community.pk, [job.source])
        self._source_id = source_ids[job.source]
        self._kind_ids = facts.ensure_kinds(
            [OrderPaid.kind, OrderRefunded.kind, OrderAmended.kind]
        )
        self._resolver = account_resolver.AccountResolver(
            community, by=job.by, at=job.started_at, source=job.source
        )

    def load(self, chunk: ParsedChunk) -> int:
        if not len(chunk.row_numbers):
            return 0
        # A member who is known only by orders joined with the first of them.
        first_seen = np.asarray(chunk.get("first_seen"))
        accounts = self._resolver.resolve(chunk.get("member_key"), first_seen)
        currencies = pc.unique(chunk.get("currency")).to_pylist()
        decimals = {currency: money.decimal_places(currency) for currency in currencies}
        columns = dict(chunk.columns)
        # 0 is the account of orders without a member.
        columns["account"] = pa.array(accounts, mask=accounts == 0)
        self._rows = external_sort.query(
            sql.select_rows(decimals), orders=pa.table(columns)
        ).combine_chunks()
        chunk.columns.clear()
        return int(self._rows.num_rows)

    def batch(self, start: int, end: int) -> list[OrderRow]:
        rows = self._rows.slice(start, end - start)
        columns = [rows[name].to_pylist() for name in OrderRow._fields]
        return list(map(OrderRow._make, zip(*columns, strict=True)))

    def write(self, batch: list[OrderRow]) -> Mapping[str, int]:
        # About 14,000 orders a second on SQLite (docs/benchmarks.md), each a row and a
        # fact.
        for attempt in range(MAX_ATTEMPTS):
            try:
                # A savepoint: the failed INSERT must not end the batch's transaction on
                # PostgreSQL.
                with transaction.atomic():
                    keys = [row.order_key for row in batch]
                    stored: dict[str, _StoredOrder] = {}
                    for start in range(0, len(keys), KEYS_PER_QUERY):
                        # SQLite accepts 32,766 parameters in one statement.
                        some = keys[start : start + KEYS_PER_QUERY]
                        rows = db.rows(
                            "SELECT key, id, amount, refunded_amount"  # noqa: S608
                            " FROM sales_order WHERE community_id = %s"
                            f" AND key IN ({db.placeholders(len(some))})",
                            [self._job.community_id, *some],
                        )
                        stored |= {
                            key: _StoredOrder(*columns) for key, *columns in rows
                        }
                    new = [row for row in batch if row.order_key not in stored]
                    amended = self._amend(batch, stored)
                    self._insert(new)
                break
            except IntegrityError:
                # Another import has just created one of these orders.
                if attempt + 1 == MAX_ATTEMPTS:
                    raise
        return {
            "orders": len(new),
            "refunds": sum(row.refund is not None for row in new),
            "known": len(batch) - len(new) - amended,
            "amended": amended,
            **sql.count(batch),
            "members": self._resolver.pop_created(),
        }

    def _insert(self, rows: list[OrderRow]) -> None:
        community = self._job.community_id
        recorded_at = timestamps.to_micros(self._job.started_at)
        paid_kind = self._kind_ids[OrderPaid.kind]
        refunded_kind = self._kind_ids[OrderRefunded.kind]
        orders = [
            (community, *row[: sql.STORED_COLUMNS], self._source_id) for row in rows
        ]
        # Tuples instead of objects, as there may be millions of facts.
        new_facts = [
            (
                community,
                kind,
                row.account,
                None,
                happened_at,
                recorded_at,
                None,
                payload,
            )
            for row in rows
            for kind, happened_at, payload in (
                (paid_kind, row.paid_at, row.payment),
                (refunded_kind, row.refunded_at, row.refund),
            )
            if payload is not None
        ]
        # Orders first: if one violates the unique key, the work for the facts is saved.
        db.insert(sql.INSERT, orders)
        db.insert(facts.INSERT_FACTS, new_facts)

    def _amend(self, batch: list[OrderRow], stored: Mapping[str, _StoredOrder]) -> int:
        """Correct the amounts of existing orders; returns how many were different."""
        amended = 0
        for row in batch:
            old = stored.get(row.order_key)
            if old is None:
                continue
            # A file with a smaller refund does not take back the larger one.
            refunded = max(row.refunded_amount, old.refunded_amount)
            if (row.amount, refunded) == (old.amount, old.refunded_amount):
                continue
            amended += 1
            db.execute(
                "UPDATE sales_order SET amount = %s, refunded_amount = %s,"
                " refunded_at = %s WHERE id = %s",
                [row.amount, refunded, row.refunded_at, old.pk],
            )
            key, account = row.order_key, row.account
            events: list[tuple[facts.FactKind, int]] = []
            if amount := row.amount - old.amount:
                event = OrderAmended(account=account, order=key, amount=amount)
                events.append((event, row.paid_at))
            if amount := refunded - old.refunded_amount:
                refund = OrderRefunded(account=account, order=key, amount=amount)
                events.append((refund, row.refunded_at or row.paid_at))
            facts.record_many(
                [event for event, _moment in events],
                community=self._job.community,
                by=self._job.by,
                at=self._job.started_at,
                happened_at=[
                    timestamps.from_micros(moment) for _event, moment in events
                ],
            )
        return amended
