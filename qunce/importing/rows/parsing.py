"""Parses batches of text rows into typed columns of the valid rows, and problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import community_days, timestamps
from qunce.importing.files import json_files, rows, sources
from qunce.importing.plan.plan import ColumnTraits, ImportPlan
from qunce.importing.rows import left_out_rows, prefetch
from qunce.importing.values import (
    currency_signs,
    identifier_values,
    value_parsing,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BATCHES_AHEAD = 4
"""Batches of a file that are parsed while earlier ones are written."""
MACHINE_FORMATS = ("json", "ndjson", "table")
MAX_JSON_LENGTH = 1 << 20
MAX_TEXT_LENGTH = 10_000
MAX_VALUE_SHOWN = 200
"""Characters of an invalid cell that its problem repeats."""


@dataclass(frozen=True)
class Problem:
    """A cell that cannot be imported, and the sentence that says what to do."""

    row: int
    field: str
    value: str
    remedy: str


@dataclass(frozen=True)
class ParsedChunk:
    """The valid rows of some batches, by field, and the problems of the others."""

    columns: dict[str, pa.Array]
    row_numbers: NDArray[np.int64]
    problems: list[Problem] = field(default_factory=list)
    rows_read: int = 0
    """Rows of the file that this chunk stands for, broken ones included."""
    broken_keys: list[str] = field(default_factory=list)
    """Values of the target's `whole_by` in rows with a problem."""
    skipped: int = 0
    """Rows that are no data, such as totals."""
    left_out: list[Problem] = field(default_factory=list)
    """The same rows, with the reason."""
    digest: int = 0
    """Of all valid rows up to here, where a target writes them in an order of its own."""

    def get(self, name: str) -> pa.Array:
        """Return the column, all null where the file has none."""
        if name in self.columns:
            return self.columns[name]
        return pa.nulls(len(self.row_numbers), pa.string())


def parse_batches(plan: ImportPlan) -> Iterator[ParsedChunk]:
    for batch in sources.read_batches(plan.source):
        yield parse(plan, batch)


def read_chunks(plan: ImportPlan) -> Iterator[ParsedChunk]:
    """Yield chunks of about `plan.options.chunk_rows` rows, parsed in another thread."""
    pending: list[ParsedChunk] = []
    # Before the thread, which must not use the database.
    _reader = plan.identifier_reader
    # Every batch is parsed as soon as it is read, as typed columns are smaller than text.
    for parsed in prefetch.iterate(lambda: parse_batches(plan), MAX_BATCHES_AHEAD):
        pending.append(parsed)
        # Whole batches: cutting one would make chunks depend on how far the thread has
        # read. And all rows of them, as a resumed import may find others valid.
        if sum(p.rows_read for p in pending) >= plan.options.chunk_rows:
            yield concat(pending)
            pending = []
    if pending:
        yield concat(pending)


def concat(parts: list[ParsedChunk]) -> ParsedChunk:
    """Return the parts as one chunk, and empty them, as they are large."""
    if len(parts) == 1:
        return parts[0]
    row_numbers = np.concatenate([part.row_numbers for part in parts])
    problems = [problem for part in parts for problem in part.problems]
    rows_read = sum(part.rows_read for part in parts)
    broken_keys = [key for part in parts for key in part.broken_keys]
    skipped = sum(part.skipped for part in parts)
    left_out = [row for part in parts for row in part.left_out]
    columns = {}
    for name in list(parts[0].columns):
        # Column by column, so that there are never two copies of the whole.
        columns[name] = pa.concat_arrays([part.columns.pop(name) for part in parts])
    parts.clear()
    return ParsedChunk(
        columns, row_numbers, problems, rows_read, broken_keys, skipped, left_out
    )


def field_types(plan: ImportPlan) -> dict[str, str]:
    """Return the type of every mapped field."""
    declared = {field.name: field.type for field in plan.target.fields}
    return {
        name: declared.get(name) or plan.traits.get(name, ColumnTraits()).type
        for name in plan.mapping.values()
        if name
    }


def parse(plan: ImportPlan, batch: rows.RowBatch) -> ParsedChunk:
    """Return typed columns of the rows that are valid in every field."""
    broken = [row for row in batch.broken if not left_out_rows.is_left_out(plan, row)]
    problems = [Problem(row.row, "", row.text, row.reason) for row in broken]
    is_left_out = left_out_rows.find(plan, batch)
    left_out = [
        Problem(row, "", text[:MAX_VALUE_SHOWN], _("The row is no data. Left out."))
        for row, text in left_out_rows.list_texts(batch, broken, is_left_out)
    ]
    skipped = len(left_out)
    if is_left_out.any():
        batch = rows.select(batch, ~is_left_out)
    columns, is_valid, is_blank = _parse_columns(plan, batch, problems)
    # After the columns, since a cell that is invalid should not also be reported as
    # empty.
    problems += _check_required(plan, columns, batch, is_valid, ~is_blank)
    is_valid &= ~is_blank
    broken_keys: list[str] = []
    if plan.target.whole_by in columns and not is_valid.all():
        # The other rows of the same thing are not imported without these.
        keys = columns[plan.target.whole_by].filter(pa.array(~is_valid & ~is_blank))
        broken_keys = pc.drop_null(pc.unique(keys)).to_pylist()
    # Filtering copies every column, and most batches have valid rows only.
    if not is_valid.all():
        keep = pa.array(is_valid)
        columns = {name: column.filter(keep) for name, column in columns.items()}
    # They were found column by column, but people correct a file row by row.
    problems.sort(key=lambda problem: (problem.row, problem.field))
    # Blank rows are none, however many of them a spreadsheet has at its end.
    rows_read = int((~is_blank).sum()) + len(broken) + skipped
    return ParsedChunk(
        columns,
        batch.row_numbers[is_valid],
        problems,
        rows_read,
        broken_keys,
        skipped,
        left_out,
    )


def _parse_columns(
    plan: ImportPlan, batch: rows.RowBatch, problems: list[Problem]
) -> tuple[dict[str, pa.Array], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the typed columns, which rows are valid in all, and which are blank in all.

    Cells that cannot be read are added to `problems`.
    """
    mapping, types = plan.mapping, field_types(plan)
    normalisers = {f.name: f.normalise for f in plan.target.fields if f.normalise}
    signed = {f.name for f in plan.target.fields if f.is_money}
    columns: dict[str, pa.Array] = {}
    is_valid = np.ones(len(batch.row_numbers), dtype=bool)
    is_blank = np.ones(len(batch.row_numbers), dtype=bool)
    for index, heading in enumerate(plan.source.headings):
        texts = batch.columns[index]
        # Rows that are blank in all columns are skipped without a problem.
        is_blank &= np.asarray(pc.is_null(texts))
        name = mapping.get(heading, "")
        if not name:
            continue
        number_mask = None
        if types[name] in ("amount", "number"):
            number_mask = number_cells(plan, batch, index)
        column = _parse_column(plan, name, types[name], texts, number_mask)
        if name in normalisers:
            column = value_parsing.normalise(normalisers[name], column)
        columns[name] = column.values
        if name in signed and (signs := currency_signs.find(texts)) is not None:
            columns[f"{name}{currency_signs.SUFFIX}"] = signs
        for position, remedy in column.errors.items():
            value = (texts[position].as_py() or "")[:MAX_VALUE_SHOWN]
            row = int(batch.row_numbers[position])
            problems.append(Problem(row, heading, value, remedy))
        # One problem per cell, but a row counts once, however many of its cells are
        # broken.
        is_valid[list(column.errors)] = False
    return columns, is_valid, is_blank


def number_cells(plan: ImportPlan, batch: rows.RowBatch, index: int) -> pa.Array | None:
    """Return which cells of a column hold numbers, None where the format has no types."""
    if batch.numeric or plan.source.format in MACHINE_FORMATS:
        return rows.numeric_cells(batch, index)
    return None


def _parse_column(
    plan: ImportPlan,
    name: str,
    field_type: str,
    texts: pa.Array,
    is_number: pa.Array | None,
) -> value_parsing.Column:
    traits = plan.traits.get(name, ColumnTraits())
    if field_type in identifier_values.TYPES:
        return identifier_values.parse(texts, field_type, plan.identifier_reader)
    if field_type in ("instant", "date"):
        latest = plan.latest_day if traits.is_past else None
        if field_type == "date":
            column = value_parsing.parse_dates(texts, traits.order, latest)
            last = community_days.from_date(plan.latest_day)
        else:
            column = value_parsing.parse_instants(
                texts, plan.zone, traits.order, latest
            )
            last = timestamps.to_micros(plan.at + timedelta(days=1))
        return value_parsing.refuse_future(column, last) if traits.is_past else column
    if field_type == "amount":
        return value_parsing.parse_amounts(texts, traits.style, is_number)
    if field_type == "number":
        return value_parsing.parse_plain_numbers(texts, traits.style, is_number)
    if field_type in ("list", "multi"):
        return value_parsing.parse_lists(texts, traits.separator, MAX_TEXT_LENGTH)
    if field_type == "lunar":
        return value_parsing.parse_lunar_dates(texts)
    if field_type == "bool":
        return value_parsing.parse_bools(texts)
    is_json = field_type in ("object", "json")
    length = MAX_JSON_LENGTH if is_json else MAX_TEXT_LENGTH
    column = value_parsing.parse_texts(texts, length)
    if field_type == "object" and column.values.null_count < len(texts):
        # DuckDB checks the whole column; Python's parser would build every object.
        invalid = np.flatnonzero(~json_files.are_objects(column.values)).tolist()
        remedy = _('This is not a JSON object; write it like {"amount": 5}.')
        found = dict.fromkeys(invalid, remedy) | column.errors
        return value_parsing.Column(column.values, found)
    return column


def _check_required(
    plan: ImportPlan,
    columns: Mapping[str, pa.Array],
    batch: rows.RowBatch,
    is_valid: NDArray[np.bool_],
    is_filled: NDArray[np.bool_],
) -> list[Problem]:
    """Return problems of rows without a required field, and mark them as invalid."""
    problems = []
    heading_of = plan.heading_of
    remedy = _("This field is empty. Every row needs a value here.")
    for group in plan.target.required_in_rows:
        is_missing = is_valid & is_filled
        for name in group:
            if name in columns:
                is_missing &= np.asarray(pc.is_null(columns[name]))
        heading = _(" or ").join(
            heading_of[name] for name in group if name in heading_of
        )
        problems += [
            Problem(int(batch.row_numbers[index]), heading, "", remedy)
            for index in np.flatnonzero(is_missing).tolist()
        ]
        is_valid &= ~is_missing
    return problems


LIST_TYPES = ("list", "multi")


def format_value(plan: ImportPlan, name: str, value: Any) -> Any:
    """Return a parsed value of a field as people read it."""
    field_type = field_types(plan)[name]
    if value is None or field_type in (
        "text",
        "object",
        "json",
        *identifier_values.TYPES,
    ):
        return value
    if field_type == "instant":
        moment = timestamps.from_micros(value).astimezone(plan.zone)
        return moment.isoformat(" ", "seconds")
    if field_type == "date":
        return community_days.to_date(value).isoformat()
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value
