"""Sorts the lines of a file by order, and decides what each order is."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import money
from qunce.importing import target_registry
from qunce.importing.files import external_sort
from qunce.importing.plan.plan import ImportPlan
from qunce.importing.rows import parsing, prefetch
from qunce.importing.rows.parsing import ParsedChunk, Problem
from qunce.importing.targets.orders import currencies, decisions, sql, stored_orders
from qunce.importing.targets.orders.decisions import Decided
from qunce.importing.targets.orders.order_questions import MISSING
from qunce.sales import order_statuses
from qunce.sales.reconciliation.lines import Columns, Contradiction

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_LINES_PER_ORDER = 10_000
"""An order with more lines is a sign of a wrong mapping."""
MAX_AMOUNT = 10**12
MAX_BYTES_KEPT = 128 << 20
"""Of the orders that are added up once for checking and writing."""
FALSE = pa.scalar(value=False)


class OrderLines:
    """All lines of a file in a table on disk, for as long as the context is open."""

    def __init__(self, plan: ImportPlan) -> None:
        self._plan = plan
        # Closed with the plan even if the file cannot be read to its end.
        self._table = plan.resources.enter_context(
            external_sort.SpillTable(Path(settings.HOME) / "imports")
        )
        self._problems: list[Problem] = []
        self._broken_keys: set[str] = set()
        self._rows_read = self._skipped = self._digest = 0
        self._left_out: list[Problem] = []
        prefix = target_registry.DETAIL_PREFIX
        self._details = [name for name in plan.heading_of if name.startswith(prefix)]
        self._has_shops = "shop" in plan.heading_of
        self._meanings = meanings_of(plan)
        self._missing = meaning_without_status(plan)
        self._kept: dict[int, tuple[pa.Table, pa.Table]] = {}
        """Chunks of orders and their units by number, as checks come before writes."""
        self._bytes_kept = 0
        self.decided: ChunkDecisions | None = None
        """Of the chunk that was yielded last, whose column `index` refers to them."""

    def __enter__(self) -> OrderLines:
        # Before the thread that parses ahead, which must not use the database.
        _reader = self._plan.identifier_reader
        for chunk in prefetch.iterate(
            lambda: parsing.parse_batches(self._plan), parsing.MAX_BATCHES_AHEAD
        ):
            self._problems += chunk.problems
            self._broken_keys.update(chunk.broken_keys)
            self._rows_read += chunk.rows_read
            self._skipped += chunk.skipped
            self._left_out += chunk.left_out
            self._digest = zlib.crc32(chunk.row_numbers.tobytes(), self._digest)
            self._table.add(self._to_lines(chunk))
        # An empty file has nothing that its columns could mean.
        found = self._table.query(sql.select_evidence()) or (False,) * 4
        per_line, refund_per_line, is_net, is_gross = found
        self._columns = Columns(
            amount_is_per_line=per_line,
            refund_is_per_line=refund_per_line,
            paid_is_net=is_net and not is_gross,
        )
        self._reported = {problem.row for problem in self._problems}
        return self

    def __exit__(self, *_error: object) -> None:
        self._table.close()

    def _to_lines(self, chunk: ParsedChunk) -> pa.Table:
        """Return the same columns for every chunk; the details are `d0`, `d1` …"""
        rows = len(chunk.row_numbers)
        options = self._plan.options
        answers = [q.value for q in self._plan.questions if q.name == "sign"]
        # Also to signs that only rows after the first have, and so no question.
        given = options.answers.items()
        answers += [value for key, value in given if key.startswith("sign:")]
        preferred = (options.currency, self._plan.community.currency, *answers)
        codes, remedies = currencies.resolve(chunk.columns, rows, preferred)
        chunk.columns["currency"] = codes
        heading = self._plan.heading_of.get("currency") or _amount_heading(self._plan)
        for index, remedy in remedies.items():
            row = int(chunk.row_numbers[index])
            self._problems.append(Problem(row, heading, "", remedy))
            self._broken_keys.add(chunk.get("order_key")[index].as_py())
        words = pc.dictionary_encode(chunk.get("status").cast(pa.string()))
        meanings = [
            self._meanings.get(order_statuses.normalise(word)) or order_statuses.SALE
            for word in words.dictionary.to_pylist()
        ]
        chunk.columns["meaning"] = pc.take(
            pa.array(meanings, pa.string()), words.indices
        )
        columns: dict[str, pa.Array] = {"row": pa.array(chunk.row_numbers)}
        # Cast, since a column that is missing is null and would have no type of its
        # own.
        for name, value_type in sql.LINE_COLUMNS.items():
            columns[name] = chunk.get(name).cast(value_type)
        for index, name in enumerate(self._details):
            columns[f"d{index}"] = chunk.get(name)
        if "status" in self._plan.heading_of:
            columns[f"d{len(self._details)}"] = chunk.get("status")
        return pa.table(columns)

    # Orders

    def read_orders(self) -> Iterator[ParsedChunk]:
        """Yield the orders sorted by key; the first chunk has all problems of lines."""
        # Lines are counted once, with the first orders, although they were read before.
        rows_read, problems = self._rows_read, self._problems
        skipped, left_out = self._skipped, self._left_out
        chunk_rows = self._plan.options.chunk_rows
        stored = stored_orders.StoredOrders(self._plan)
        sorted_lines = self._table.sorted(("order_key", "row"), chunk_rows)
        for number, lines in enumerate(sorted_lines):
            chunk = self._decide(lines, self._add_up(number, lines), stored)
            found = sorted(problems + chunk.problems, key=lambda p: p.row)
            yield dataclasses.replace(
                chunk,
                problems=found,
                rows_read=rows_read,
                skipped=skipped,
                left_out=left_out,
                digest=self._digest,
            )
            rows_read, problems, skipped, left_out = 0, [], 0, []
        if rows_read:
            # A file without a single valid line still has problems to report.
            nothing = np.empty(0, dtype=np.int64)
            yield ParsedChunk(
                {}, nothing, problems, rows_read, skipped=skipped, left_out=left_out
            )

    def _add_up(self, number: int, lines: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Return the orders of a chunk, and the units of the plain ones."""
        if number in self._kept:
            return self._kept[number]
        names = [
            name.removeprefix(target_registry.DETAIL_PREFIX) for name in self._details
        ]
        if "status" in self._plan.heading_of:
            names.append(self._plan.heading_of["status"])
        # Most files have one or two of them, and an empty one costs as much as a full one.
        texts = (*sql.REFERENCES, "member_name", "items")
        orders = external_sort.query(
            sql.select_orders(
                names,
                empty=[n for n in texts if lines[n].null_count == lines.num_rows],
                has_shops=self._has_shops,
                missing=self._missing,
            ),
            lines=lines,
        )
        currency = self._plan.options.currency
        if orders["currency"].null_count:
            self._plan.row_notes[currencies.describe_default(currency)] = None
        codes = pc.fill_null(orders["currency"], currency)
        orders = orders.set_column(
            orders.column_names.index("currency"), "currency", codes
        )
        known = filter(None, pc.unique(codes).to_pylist())
        decimals = {code: money.decimal_places(code) for code in known}
        is_small = pc.less_equal(pc.abs(orders["total"]), MAX_AMOUNT)
        limited = pc.if_else(is_small, orders["total"], 0)
        table = pa.table(
            {
                "index": pa.array(range(orders.num_rows)),
                "currency": codes,
                "total": pc.fill_null(limited, 0),
            }
        )
        # The totals in the smallest unit, and in millionths of the currency.
        units = external_sort.query(sql.select_units(decimals), orders=table)
        size = orders.nbytes + units.nbytes
        if self._bytes_kept + size <= MAX_BYTES_KEPT:
            self._kept[number] = orders, units
            self._bytes_kept += size
        return orders, units

    def _decide(
        self,
        lines: pa.Table,
        added_up: tuple[pa.Table, pa.Table],
        stored: stored_orders.StoredOrders,
    ) -> ParsedChunk:
        orders, units = added_up
        problems = _Problems(self._plan, orders)
        problems.check(orders, self._broken_keys)
        decided = ChunkDecisions(orders, units)
        for index in problems.found:
            decided.drop(index)
        self._decide_each(decided, orders, lines, problems)
        stored.check(orders, decided, problems.add)
        rows_of_orders = (
            problems.list_rows(lines, self._reported, has_shops=self._has_shops)
            if problems.found
            else []
        )
        keep = decided.kept
        kept = orders.filter(pa.array(keep)) if not keep.all() else orders
        columns = {name: kept[name].combine_chunks() for name in kept.column_names}
        # Decisions are objects; a column of the chunk maps its orders to them.
        columns["index"] = pa.array(np.flatnonzero(keep))
        self.decided = decided
        return ParsedChunk(columns, np.asarray(kept["row"]), rows_of_orders)

    def _decide_each(
        self,
        decided: ChunkDecisions,
        orders: pa.Table,
        lines: pa.Table,
        problems: _Problems,
    ) -> None:
        """Decide all orders without a problem."""
        others = np.flatnonzero(decided.kept & ~decided.is_plain).tolist()
        if others:
            some = orders.take(pa.array(others))
            places = pa.array(range(len(others)))
            wanted = some.select(["order_key", "shop"]).append_column("index", places)
            parts = external_sort.query(
                sql.select_lines_of(has_shops=self._has_shops, missing=self._missing),
                lines=lines,
                wanted=wanted,
            )
            moments = pc.fill_null(some["paid_at"], 0).to_pylist()
            for place, result in decisions.decide_all(
                parts, some["currency"].to_pylist(), moments, self._columns
            ):
                index = others[place]
                if isinstance(result, Contradiction):
                    problems.add(index, result.field, str(result))
                    decided.drop(index)
                else:
                    decided.others[index] = result
        undated = decided.kept & np.asarray(
            pc.is_null(orders["paid_at"]).combine_chunks()
        )
        for index in np.flatnonzero(undated).tolist():
            each = decided.others.get(index)
            # An order that nobody has paid has no time of payment.
            if each is None or each.order.meaning not in order_statuses.NO_SALE:
                remedy = _("This field is empty. Every order needs a value here.")
                problems.add(index, "paid_at", remedy)
                decided.drop(index)


class ChunkDecisions:
    """The decisions of a chunk by the index of the order.

    Those of plain orders become objects only when they are asked for, as most are
    checked and written without being looked at before.
    """

    def __init__(self, orders: pa.Table, units: pa.Table) -> None:
        self.is_plain = np.asarray(orders["is_plain"].combine_chunks())
        self.kept = np.ones(orders.num_rows, dtype=bool)
        self.others: dict[int, Decided] = {}
        self._units = np.asarray(units["units"].combine_chunks())
        self.values = np.asarray(units["value"].combine_chunks())
        """Of plain orders, see `Decided`; others have any."""
        self._is_cancelled = np.asarray(orders["cancelled"].combine_chunks())
        self._currencies, self._moments = orders["currency"], orders["paid_at"]

    def drop(self, index: int) -> None:
        self.kept[index] = False

    def amounts(self) -> NDArray[np.int64]:
        """Return what was paid for each order, 0 for those without a payment."""
        amounts = np.where(self._is_cancelled, 0, self._units)
        for index, each in self.others.items():
            amounts[index] = each.order.amount or 0
        return amounts

    def is_payment(self) -> NDArray[np.bool_]:
        """Return which orders are plain and no cancellations."""
        is_payment: NDArray[np.bool_] = self.is_plain & ~self._is_cancelled
        return is_payment

    def sales(self) -> NDArray[np.bool_]:
        """Return which orders are sales."""
        is_sale = np.ones(len(self.kept), dtype=bool)
        for index, each in self.others.items():
            is_sale[index] = each.order.meaning not in order_statuses.NO_SALE
        return is_sale

    def select(self, indexes: NDArray[np.int64]) -> list[Decided]:
        some = pa.array(indexes)
        columns = zip(
            indexes.tolist(),
            self._units[indexes].tolist(),
            self._currencies.take(some).to_pylist(),
            self._moments.take(some).to_pylist(),
            self.values[indexes].tolist(),
            self._is_cancelled[indexes].tolist(),
            strict=True,
        )
        return [
            self.others.get(index) or decisions.plain(*columns_of_order)
            for index, *columns_of_order in columns
        ]


def meanings_of(plan: ImportPlan) -> dict[str, str]:
    """Return the meaning of each normalised status word of a file, as answered."""
    prefix = "status:"
    return {
        order_statuses.normalise(question.key.removeprefix(prefix)): question.value
        for question in plan.questions
        if question.key.startswith(prefix)
    }


def meaning_without_status(plan: ImportPlan) -> str:
    """Return the meaning of orders without a status, as answered; empty for a sale."""
    for question in plan.questions:
        if question.key.startswith(f"{MISSING}:"):
            return "" if question.value == order_statuses.SALE else question.value
    return ""


class _Problems:
    """The first problem of each order of a chunk, by its index."""

    def __init__(self, plan: ImportPlan, orders: pa.Table) -> None:
        # Without a column of its own the currency is next to the amount.
        self._heading_of = {"currency": _amount_heading(plan), **plan.heading_of}
        self._orders = orders
        self.found: dict[int, tuple[str, str]] = {}

    def add(self, index: int, field: str, remedy: str) -> None:
        self.found.setdefault(index, (field, remedy))

    def check(self, orders: pa.Table, broken_keys: set[str]) -> None:
        broken = pc.is_in(orders["order_key"], pa.array(broken_keys, pa.string()))
        checks: list[tuple[pa.ChunkedArray, str, str]] = [
            (
                broken,
                "order_key",
                _("Another row of this order has an error, so none is imported."),
            ),
            (
                pc.not_equal(orders["currency"], orders["other_currency"]),
                "currency",
                _("The rows of this order name different currencies."),
            ),
            (
                orders["names_two_members"],
                next((n for n in sql.REFERENCES if n in self._heading_of), ""),
                _("The rows of this order name different members."),
            ),
            (
                pc.greater(orders["lines"], MAX_LINES_PER_ORDER),
                "order_key",
                _(
                    "More than 10,000 lines have the same order key as this one. Check "
                    "that you chose the right column."
                ),
            ),
            (
                pc.greater(pc.abs(orders["total"]), MAX_AMOUNT),
                "amount",
                _("This amount is too large."),
            ),
        ]
        for flags, field, remedy in checks:
            flagged = np.asarray(pc.fill_null(flags, FALSE).combine_chunks())
            for index in np.flatnonzero(flagged).tolist():
                self.add(index, field, remedy)

    def list_rows(
        self, lines: pa.Table, reported: set[int], *, has_shops: bool
    ) -> list[Problem]:
        """Return a problem for every row of the orders that have one.

        The first row has the remedy, as the file is corrected there. Rows with a problem
        of their own are `reported` already.
        """
        indexes = sorted(self.found)
        refused = self._orders.take(pa.array(indexes)).select(
            ["row", "order_key", "shop", "lines"]
        )
        problems = []
        rows = external_sort.query(
            sql.SELECT_ROWS_OF, lines=lines, wanted=refused.select(["order_key"])
        )
        by_order: dict[tuple[str, str], list[int]] = {}
        for key, shop, row in zip(
            *(column.to_pylist() for column in rows.columns), strict=True
        ):
            by_order.setdefault((key, shop if has_shops else ""), []).append(row)
        for index, order in zip(indexes, refused.to_pylist(), strict=True):
            field, remedy = self.found[index]
            heading = self._heading_of.get(field, field)
            key, first = order["order_key"], order["row"]
            if first not in reported:
                problems.append(Problem(first, heading, key, remedy))
            others = by_order.get((key, order["shop"]), [])
            problems += [
                Problem(
                    row,
                    heading,
                    key,
                    _("This row belongs to the order of row %(row)d, which is refused.")
                    % {"row": first},
                )
                for row in others
                if row != first and row not in reported
            ]
        return problems


def _amount_heading(plan: ImportPlan) -> str:
    names = (name for name in sql.AMOUNT_COLUMNS if name in plan.heading_of)
    return next((plan.heading_of[name] for name in names), "")
