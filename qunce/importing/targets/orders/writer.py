"""Writes orders: new ones, and what a file changes in those that are stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qunce.core import db, timestamps
from qunce.core.facts import facts, interned_names, withdrawals
from qunce.importing.accounts import account_resolver
from qunce.importing.files import external_sort
from qunce.importing.jobs import journal, remarks
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.importing.targets.orders import (
    member_names,
    new_orders,
    sql,
    stored_orders,
)
from qunce.importing.targets.orders.plain_orders import PlainOrders, millionths
from qunce.importing.targets.orders.stored_orders import StoredOrder
from qunce.importing.undo.steps import closed_orders as closed_step
from qunce.importing.undo.steps import orders as order_step
from qunce.sales import closed_orders, order_changes, order_items, order_states
from qunce.sales.closed_orders import OrderId
from qunce.sales.order_facts import OrderAmended, OrderPaid, OrderRefunded
from qunce.sales.order_states import OrderState

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.targets.orders.plain_orders import Positions

MAX_ATTEMPTS = 3
FILE_COLUMNS = (
    *("order_key", "shop", "paid_at", "currency", "items", "details"),
    *("lines", "lines_without_member"),
)
UPDATE = """
UPDATE sales_order SET account_id = %s, paid_at = %s, amount = %s, refunded_at = %s,
    refunded_amount = %s, refunds = %s
WHERE id = %s AND amount = %s AND refunded_amount = %s AND paid_at = %s
"""
NEW, CHANGED, KNOWN, SKIPPED, SUPPRESSED = (
    "orders",
    "amended",
    "known",
    "skipped",
    "suppressed",
)
ROWS_OF = {
    NEW: "rows_new",
    CHANGED: "rows_changed",
    KNOWN: "rows_known",
    SKIPPED: "rows_skipped",
    SUPPRESSED: "rows_suppressed",
}
"""Counts of the rows of the file from which orders are made."""


@dataclass(slots=True)
class OrderRow:
    """An order of the file, and what becomes of it."""

    position: int
    """In the chunk."""
    key: str
    source: int
    currency: str
    items: str | None
    details: str | None
    payment: str
    """The payload of the fact that it was paid."""
    lines: int
    lines_without_member: int
    value: int
    is_net: bool
    is_suppressed: bool
    before: StoredOrder | None
    after: OrderState | None
    """None for orders that are no sale."""
    closed_at: int | None
    """See `order_changes.find_closing`."""
    is_closing: bool
    """Whether this file is the first to report it as closed."""

    @property
    def old(self) -> OrderState | None:
        return self.before.state if self.before else None

    @property
    def is_changed(self) -> bool:
        return self.old is not None and self.old != self.after

    @property
    def is_moved(self) -> bool:
        """Whether the facts of the stored order are replaced."""
        return bool(
            self.old and self.after and order_states.moves(self.old, self.after)
        )

    @property
    def outcome(self) -> str:
        if self.after is None:
            return SKIPPED
        if self.before is not None:
            return CHANGED if self.is_changed else KNOWN
        return SUPPRESSED if self.is_suppressed else NEW


@dataclass
class Batch:
    start: int
    end: int
    insert: new_orders.Insertion
    plain: Positions
    """Those that `insert` takes from the chunk."""
    rows: list[OrderRow]
    """All others."""
    withdrawn: list[int]
    """Facts of orders whose member or time changes."""
    changes: list[str]
    """What the undo needs, as JSON."""


class OrderWriter:
    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job, self._plan = job, plan
        self._kind_ids = facts.ensure_kinds(
            [OrderPaid.kind, OrderRefunded.kind, OrderAmended.kind]
        )
        self._resolver = account_resolver.of_plan(plan, job)
        self._new_orders = new_orders.create(
            new_orders.Common(
                community=job.community_id,
                kind=self._kind_ids[OrderPaid.kind],
                recorded_at=timestamps.to_micros(job.started_at),
            )
        )
        plan.resources.callback(self._new_orders.close)

    def load(self, chunk: ParsedChunk) -> int:
        self.row_order = chunk.row_numbers
        if not len(chunk.row_numbers):
            return 0
        # A member who is known only by orders joined with the first of them.
        now = timestamps.to_micros(self._job.started_at)
        first_seen = np.asarray(chunk.get("first_seen").fill_null(now))
        self._decided = self._plan.cache.decided
        self._indexes = np.asarray(chunk.columns["index"])
        # Orders that are no sale make nobody a member.
        is_sale = pa.array(self._decided.sales()[self._indexes])
        self._references = references = {
            name: pc.if_else(is_sale, column, pa.scalar(None, pa.string()))
            for name, column in account_resolver.references_of(chunk).items()
        }
        named = ParsedChunk(references, chunk.row_numbers)
        self._found = self._resolver.resolve_rows(named, first_seen, key_wins=True)
        if "member_name" in self._plan.heading_of:
            member_names.give(
                self._job.community,
                self._found,
                chunk.columns["member_name"],
                chunk.row_numbers,
            )
        self._stored = stored_orders.StoredOrders(self._plan)
        self._table = self._to_table(chunk)
        is_suppressed = self._found.states == account_resolver.SUPPRESSED
        self._is_plain = self._decided.is_payment()[self._indexes] & ~is_suppressed
        self._plain = PlainOrders(self._table, self._is_plain)
        self._new_orders.load(self._plain)
        return len(chunk.row_numbers)

    def _to_table(self, chunk: ParsedChunk) -> pa.Table:
        """Return the orders of a chunk with all that does not depend on stored ones."""
        columns = {name: chunk.columns[name] for name in FILE_COLUMNS}
        shops = columns.pop("shop").dictionary_encode()
        names = [shop or self._job.source for shop in shops.dictionary.to_pylist()]
        ids = interned_names.ensure("source", self._job.community_id, set(names))
        sources = pa.array([ids[name] for name in names], pa.int64())
        accounts = self._found.ids
        columns |= {
            "source": sources.take(shops.indices),
            "account": pa.array(accounts, mask=accounts == 0),
            "amount": pa.array(self._decided.amounts()[self._indexes]),
            "value": pa.array(self._decided.values[self._indexes]),
        }
        table = pa.table(columns)
        texts = external_sort.query(sql.SELECT_TEXTS, orders=table)
        for name in texts.column_names:
            table = table.append_column(name, texts[name])
        return table.combine_chunks()

    def batch(self, start: int, end: int) -> Batch:
        part = self._table.slice(start, end - start)
        stored = self._stored.find(part["order_key"])
        closed = self._stored.find_closed(part["order_key"])
        is_plain = self._is_plain[start:end]
        if stored or closed:
            identities = zip(
                part["order_key"].to_pylist(), part["source"].to_pylist(), strict=True
            )
            is_plain = is_plain & [
                each not in stored and each not in closed for each in identities
            ]
        chosen = start + np.flatnonzero(is_plain)
        odd = start + np.flatnonzero(~is_plain)
        rows = list(self._list_rows(odd, stored, closed)) if len(odd) else []
        new = [
            (row.position, self._to_columns(row, row.after))
            for row in rows
            if row.before is None and row.after is not None
        ]
        moved = [(row.key, row.old) for row in rows if row.old and row.is_moved]
        return Batch(
            start=start,
            end=end,
            insert=self._new_orders.prepare((start, end), chosen, new),
            plain=chosen,
            rows=rows,
            withdrawn=stored_orders.find_fact_ids(self._plan, moved) if moved else [],
            changes=[
                *self._plain.select(chosen)["change"].to_pylist(),
                *(
                    order_step.encode_entry(row.key, row.source, row.old, row.after)
                    for row in rows
                    if row.after and (row.before is None or row.is_changed)
                ),
            ],
        )

    def _list_rows(
        self,
        chosen: Positions,
        stored: Mapping[OrderId, StoredOrder],
        closed: Mapping[OrderId, int],
    ) -> Iterator[OrderRow]:
        """Yield these orders of the chunk."""
        orders = self._table.take(pa.array(chosen)).to_pylist()
        if stored:
            stored_orders.keep_accounts(orders, stored)
        states = self._found.states[chosen] == account_resolver.SUPPRESSED
        decided = self._decided.select(self._indexes[chosen])
        for position, row, each, is_suppressed in zip(
            chosen.tolist(), orders, decided, states.tolist(), strict=True
        ):
            order, account = each.order, row["account"]
            identity = (row["order_key"], row["source"])
            before = stored.get(identity)
            closed_at = order_changes.find_closing(order, closed.get(identity))
            if before is None:
                after = order_changes.create(order, account, closed_at)
            else:
                known = order._replace(account=account) if account else order
                after = self._stored.merge(before, known, closed_at)
            yield OrderRow(
                position=position,
                key=row["order_key"],
                source=row["source"],
                currency=order.currency,
                items=row["items"],
                # Details may have the name and address of an erased person.
                details=None if is_suppressed else row["details"],
                payment=row["payment"],
                lines=row["lines"],
                lines_without_member=row["lines_without_member"],
                value=each.value,
                is_net=each.is_net,
                is_suppressed=is_suppressed,
                before=before,
                after=after,
                closed_at=closed_at,
                is_closing=closed_at is not None and identity not in closed,
            )

    def write(self, batch: Batch) -> Mapping[str, int]:
        for attempt in range(MAX_ATTEMPTS):
            try:
                # A savepoint: the failed INSERT must not end the batch's transaction on
                # PostgreSQL.
                with transaction.atomic():
                    batch.insert()
                    self._record(
                        [
                            fact
                            for row in batch.rows
                            if row.before is None and row.after is not None
                            for fact in self._list_facts(row, row.after)
                        ]
                    )
                    withdrawals.withdraw(batch.withdrawn)
                    self._change([row for row in batch.rows if row.is_changed])
                    journal.record_encoded(self._job, "orders", batch.changes)
                    self._close([row for row in batch.rows if row.is_closing])
                break
            except IntegrityError:
                # Another import has just created or changed one of these orders.
                if attempt + 1 == MAX_ATTEMPTS:
                    raise
                self._stored = stored_orders.StoredOrders(self._plan)
                batch = self.batch(batch.start, batch.end)
        remarks.record(self._job, list(self._list_without_member(batch)))
        counts = count(batch.rows, self._plan.options.currency)
        counts.update(self._plain.count(batch.plain, self._plan.options.currency))
        found = self._found.counts(batch.start, batch.end)
        return {**counts, **found, "members": self._resolver.pop_created()}

    def _list_without_member(self, batch: Batch) -> Iterator[Problem]:
        """Yield a remark for each order whose member is not certain, or not known."""
        found = self._found
        is_unknown = found.states == account_resolver.UNKNOWN
        is_without = (found.ids == 0) & (found.shared | is_unknown)
        # A stored order keeps its member.
        kept = {r.position for r in batch.rows if r.after is None or r.after.account}
        places = batch.start + np.flatnonzero(is_without[batch.start : batch.end])
        for index in places.tolist():
            if index in kept:
                continue
            kind, text = next(
                (kind, cell)
                for kind, column in self._references.items()
                if (cell := column[index].as_py())
            )
            reason = remarks.shared_by_many if found.shared[index] else remarks.unknown
            remedy = _("The order has no member. %(reason)s") % {"reason": reason(text)}
            row = int(self.row_order[index])
            yield Problem(row, self._plan.heading_of[kind], text, remedy)

    def _to_columns(self, row: OrderRow, state: OrderState) -> new_orders.Row:
        return (
            self._job.community_id,
            row.key,
            row.source,
            state.account,
            state.paid_at,
            state.amount,
            row.currency,
            row.items,
            row.details,
            *_refund_columns(state),
        )

    def _list_facts(
        self, row: OrderRow, state: OrderState
    ) -> list[tuple[int, int | None, int, str | None, int]]:
        """Return the facts of a new order as tuples, as there may be millions."""
        found: list[tuple[int, int | None, int, str | None, int]] = []
        if not state.refunds or state.is_paid:
            kind = self._kind_ids[OrderPaid.kind]
            found.append((kind, state.account, state.paid_at, row.payment, row.source))
        if state.refunds:
            label = order_states.OrderLabel(row.key, row.currency)
            found += self._to_tuples(row, order_states.list_refund_facts(label, state))
        return found

    def _to_tuples(
        self, row: OrderRow, events: Sequence[order_states.Event]
    ) -> list[tuple[int, int | None, int, str | None, int]]:
        return [
            (self._kind_ids[e.kind], e.account, moment, e.payload(), row.source)
            for e, moment in events
        ]

    def _record(self, rows: Sequence[new_orders.Row]) -> None:
        community = self._job.community_id
        recorded_at = timestamps.to_micros(self._job.started_at)
        facts.insert_rows(
            [
                (community, kind, account, None, at, recorded_at, None, payload, source)
                for kind, account, at, payload, source in rows
            ]
        )

    def _close(self, rows: list[OrderRow]) -> None:
        """Store which orders are closed."""
        closed_orders.close(
            self._job.community_id,
            [((row.key, row.source), row.closed_at) for row in rows if row.closed_at],
        )
        entries = [(row.key, row.source, row.before is None) for row in rows]
        journal.record(self._job, closed_step.KIND, entries)

    def _change(self, rows: list[OrderRow]) -> None:
        """Correct stored orders, as the verbs do for a single one."""
        events = []
        for row in rows:
            before, after = row.before, row.after
            assert before is not None and after is not None  # noqa: S101, PT018
            old = before.state
            changed = db.execute(
                UPDATE,
                [
                    after.account,
                    after.paid_at,
                    after.amount,
                    *_refund_columns(after),
                    before.pk,
                    old.amount,
                    old.refunded,
                    old.paid_at,
                ],
            )
            if not changed:
                raise IntegrityError(row.key)
            label = order_states.OrderLabel(
                row.key,
                before.currency,
                order_items.list_categories(
                    order_items.load_items(before.items or row.items)
                ),
            )
            events += self._to_tuples(
                row,
                order_states.list_facts(label, after)
                if row.is_moved
                else order_states.list_corrections(label, old, after),
            )
        self._record(events)


def _refund_columns(state: OrderState) -> tuple[int | None, int, str | None]:
    """Return the last time, the sum and the list of refunds."""
    if not state.refunds:
        # The time of a cancellation in which nothing was given back.
        return None, 0, None
    last = max(at for at, _amount in state.refunds)
    return last, state.refunded, order_states.dump_refunds(state.refunds)


def count(rows: Sequence[OrderRow], currency: str) -> Counter[str]:
    """Return the counts of the report; `value` is in `currency`, before rounding."""
    counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
    for row in rows:
        outcome = row.outcome
        counts[outcome] += 1
        counts[ROWS_OF[outcome]] += row.lines
        state = row.after
        if state is None:
            continue
        counts["lines"] += row.lines
        counts["lines_without_member"] += row.lines_without_member
        counts["orders_without_member"] += state.account is None
        if row.before is None and row.closed_at is not None:
            counts["closed_before"] += 1
        if row.is_net:
            counts["net_amounts"] += 1
        if state.refunds and row.before is None:
            counts["refunds"] += 1
        paid, refunded = state.amount, state.refunded if state.refunds else 0
        factor = millionths(row.currency)
        counts[f"paid_millionths:{row.currency}"] += paid * factor
        counts[f"refunded_millionths:{row.currency}"] += refunded * factor
        counts[f"net_millionths:{row.currency}"] += (paid - refunded) * factor
        if row.currency != currency:
            continue
        # The file may lack a part of an order that is stored, but never of a new one.
        is_of_file = row.before is None and row.closed_at is None
        value = row.value if is_of_file else (paid - refunded) * factor
        counts["value_millionths"] += value
        if state.account is not None:
            counts["value_millionths_with_member"] += value
    return counts


COUNTED = (
    *("orders", "refunds", "known", "amended", "skipped", "lines"),
    *("lines_without_member", "orders_without_member"),
    *("value_millionths", "value_millionths_with_member"),
)
"""Counts that a report always has."""
