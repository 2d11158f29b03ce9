"""Sorts the lines of a file by order, and sums them up to orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.utils.translation import gettext as _

from qunce.importing import parsing, target_registry
from qunce.importing.files import external_sort
from qunce.importing.parsing import ParsedChunk, Problem
from qunce.importing.plan import ImportPlan
from qunce.importing.targets.orders import sql

MAX_LINES_PER_ORDER = 10_000
"""An order with more lines is a sign of a wrong mapping."""
MAX_AMOUNT = 10**12


class OrderLines:
    """All lines of a file in a table on disk, for as long as the context is open."""

    def __init__(self, plan: ImportPlan) -> None:
        self._plan = plan
        self._table = external_sort.SpillTable(Path(settings.HOME) / "imports")
        self._problems: list[Problem] = []
        self._rows_read = 0
        prefix = target_registry.DETAIL_PREFIX
        self._details = [name for name in plan.heading_of if name.startswith(prefix)]

    def __enter__(self) -> OrderLines:
        for chunk in parsing.parse_batches(self._plan):
            self._problems += chunk.problems
            self._rows_read += chunk.rows_read
            # The same columns for every chunk; the details are `d0`, `d1` …
            columns: dict[str, pa.Array] = {"row": pa.array(chunk.row_numbers)}
            # Cast, since a column that is missing is null and would have no type of its
            # own.
            for name, value_type in sql.LINE_COLUMNS.items():
                columns[name] = chunk.get(name).cast(value_type)
            for index, name in enumerate(self._details):
                columns[f"d{index}"] = chunk.get(name)
            self._table.add(pa.table(columns))
        return self

    def __exit__(self, *_error: object) -> None:
        self._table.close()

    def read_orders(self) -> Iterator[ParsedChunk]:
        """Yield the orders sorted by key; the first chunk has all problems of lines."""
        names = [
            name.removeprefix(target_registry.DETAIL_PREFIX) for name in self._details
        ]
        # Lines are counted once, with the first orders, although they were read before.
        rows_read, problems = self._rows_read, self._problems
        chunk_rows = self._plan.options.chunk_rows
        for lines in self._table.sorted(("order_key", "row"), chunk_rows):
            orders = external_sort.query(sql.select_orders(names), lines=lines)
            orders, invalid = _check(orders, self._plan)
            columns = {
                name: orders[name].combine_chunks() for name in orders.column_names
            }
            sorted_problems = sorted(problems + invalid, key=lambda p: p.row)
            yield ParsedChunk(
                columns, np.asarray(orders["row"]), sorted_problems, rows_read
            )
            rows_read, problems = 0, []
        if rows_read:
            # A file without a single valid line still has problems to report.
            yield ParsedChunk({}, np.empty(0, dtype=np.int64), problems, rows_read)


def _check(orders: pa.Table, plan: ImportPlan) -> tuple[pa.Table, list[Problem]]:
    """Return the valid orders, and a problem for each of the others at its first row."""
    # Filled after the sums, as most files have one currency and no such column.
    currencies = pc.fill_null(pc.utf8_upper(orders["currency"]), plan.options.currency)
    index = orders.column_names.index("currency")
    orders = orders.set_column(index, "currency", currencies)
    heading_of = plan.heading_of
    problems: list[Problem] = []
    is_invalid = np.zeros(orders.num_rows, dtype=bool)
    for flags, field, remedy in _find_errors(orders):
        # Each order is reported once, with the first fault that it has.
        flagged = np.asarray(pc.fill_null(flags, pa.scalar(value=False))) & ~is_invalid
        heading = heading_of.get(field, field)
        for order in orders.filter(pa.array(flagged)).to_pylist():
            problems.append(Problem(order["row"], heading, order["order_key"], remedy))
        is_invalid |= flagged
    if is_invalid.any():
        orders = orders.filter(pa.array(~is_invalid))
    return orders, problems


def _find_errors(orders: pa.Table) -> list[tuple[pa.ChunkedArray, str, str]]:
    """Return flags of invalid orders, with the field and the remedy."""
    is_currency = pc.match_substring_regex(orders["currency"], "^[A-Z]{3}$")
    return [
        (
            pc.invert(is_currency),
            "currency",
            _("This is not a currency; write it like CNY."),
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
            pc.is_null(orders["total"]),
            "amount",
            _(
                "This order has neither an amount nor a price. Every order needs "
                "one of them."
            ),
        ),
        (
            pc.greater(pc.abs(orders["total"]), MAX_AMOUNT),
            "amount",
            _("This amount is too large."),
        ),
    ]
