"""Detects how the columns of a file are read, by all of their texts.

The order of day and month, the decimal sign, the separator of lists and the type of
further columns are decided for a whole column. What the file leaves open becomes a
question of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from qunce.importing import target_registry
from qunce.importing.columns import column_questions
from qunce.importing.files import rows, sources
from qunce.importing.plan.plan import ColumnTraits, ImportPlan
from qunce.importing.rows import parsing
from qunce.importing.values import dates, lists, numbers, value_types

HEAD_ROWS = 1_000
LIKE_A_NUMBER = r"^[^0-9]{0,8}[0-9.,'’_ ]+[^0-9]{0,8}$"
LIKE_A_DATE = r"^\s*\d{1,2}\s*[-/.]|[^\x00-\x7f]"
"""All texts whose order of day, month and year may be unknown."""
WHOLE_NUMBER = r"^\s*-?\d+\s*$"
PLAIN_AMOUNT = r"^\s*-?\d+\.\d{1,2}\s*$"
MAX_SAMPLES = 200


def detect(plan: ImportPlan) -> dict[str, ColumnTraits]:
    """Return the traits by field, and add the questions that are left to the plan.

    Reads the whole file where its head is not enough.
    """
    known = plan.target.known_types(plan)
    columns = _columns(plan, known)
    if not columns:
        return {}
    head = sources.read_head(plan.source, HEAD_ROWS)
    _add(plan, head, columns)
    if not all(column.is_settled for column in columns.values()):
        # One pass for all columns, because reading and decompressing the file costs
        # more than the checks.
        columns = _columns(plan, known)
        for batch in sources.read_batches(plan.source):
            _add(plan, batch, columns)
    return column_questions.conclude(plan, columns, known)


def _columns(plan: ImportPlan, known: Mapping[str, str]) -> dict[str, ColumnEvidence]:
    """Return the columns whose reading depends on their texts, by field."""
    kinds = {"instant": "date", "date": "date", "amount": "number", "list": "list"}
    declared = {field.name: field.type for field in plan.target.fields}
    columns = {}
    for heading, name in plan.mapping.items():
        is_attribute = name.startswith(target_registry.ATTRIBUTE_PREFIX)
        kind = "further" if is_attribute else kinds.get(declared.get(name, ""), "")
        if kind:
            columns[name] = ColumnEvidence(heading, kind, plan, declared.get(name, ""))
    return columns


def _add(
    plan: ImportPlan, batch: rows.RowBatch, columns: dict[str, ColumnEvidence]
) -> None:
    for name, evidence in columns.items():
        index = plan.source.headings.index(plan.heading_of[name])
        evidence.add(batch.columns[index], parsing.number_cells(plan, batch, index))


@dataclass
class ColumnEvidence:
    """What the texts of one column have in common. `kind` is that of its field."""

    heading: str
    kind: str
    plan: ImportPlan
    field_type: str = ""
    """Empty for a further column."""
    orders: set[str] = field(default_factory=lambda: set(dates.ORDERS))
    likely_orders: set[str] = field(default_factory=lambda: set(dates.ORDERS))
    """Without those by which a text would be of the future."""
    date_texts: dict[str, None] = field(default_factory=dict)
    """Some texts like 12/1/2010, those with several readings first."""
    has_open_date: bool = False
    """A text is another date in another order."""
    has_dates: bool = False
    styles: set[str] = field(default_factory=lambda: set(numbers.STYLES))
    number_texts: dict[str, None] = field(default_factory=dict)
    """Some texts that are another number in another style, or fit one style only."""
    has_open_number: bool = False
    separators: lists.SeparatorEvidence = field(default_factory=lists.SeparatorEvidence)
    known_type: str = ""
    """Of an attribute that exists, or that an answer gives a type."""
    types: value_types.TypeEvidence = field(default_factory=value_types.TypeEvidence)

    @property
    def is_settled(self) -> bool:
        """Whether the rest of the file cannot change how the column is read."""
        if self.kind == "date":
            return self.has_dates and not self.date_texts
        return self.kind == "number" and len(self.styles) == 1

    def add(self, column: pa.Array, is_number: pa.Array | None) -> None:
        filled = pc.drop_null(column)
        possible = {self.kind}
        if self.kind == "further":
            texts = _distinct(filled)
            self.types.add(texts, len(filled))
            self.separators.add(texts)
            # Free text is no evidence for its numbers and dates, and costs most.
            possible |= self.types.types | {self.known_type}
        if possible & {"date", "instant"}:
            self._add_dates(filled)
        if "number" in possible:
            # Numbers of a spreadsheet are numbers, whatever sign their text has.
            texts = column if is_number is None else column.filter(pc.invert(is_number))
            self._add_numbers(texts)
        if self.kind == "list":
            self.separators.add(_distinct(filled))

    def _add_dates(self, column: pa.Array) -> None:
        self.has_dates = self.has_dates or len(column) > 0
        # Nearly all dates of most files are in ISO format, and never become Python
        # objects here.
        texts = _distinct(column.filter(pc.match_substring_regex(column, LIKE_A_DATE)))
        for text in texts:
            readings = dates.readings(text)
            if not readings:
                continue
            # One value such as 13/1/2010 settles the order for all others of the
            # column.
            self.orders &= set(readings)
            likely = {o for o, day in readings.items() if day <= self.plan.latest_day}
            # A birthday of 31 may also be one of 1931.
            if likely and self.field_type == "instant":
                self.likely_orders &= likely
            is_open = len(set(readings.values())) > 1
            if is_open and not self.has_open_date:
                self.has_open_date = True
                self.date_texts = {text: None} | self.date_texts
            if len(self.date_texts) < MAX_SAMPLES:
                self.date_texts[text] = None

    def _add_numbers(self, column: pa.Array) -> None:
        column = pc.drop_null(column)
        column = column.filter(
            pc.invert(pc.match_substring_regex(column, WHOLE_NUMBER))
        )
        column = column.filter(pc.match_substring_regex(column, LIKE_A_NUMBER))
        is_plain = pc.match_substring_regex(column, PLAIN_AMOUNT)
        plain = column.filter(is_plain)
        # All of them have the same reading, so that one is enough.
        texts = [*plain[:1].to_pylist(), *_distinct(column.filter(pc.invert(is_plain)))]
        for text in texts:
            readings = numbers.readings(text)
            if not readings:
                continue
            self.styles &= set(readings)
            is_open = len(set(readings.values())) > 1
            if is_open and not self.has_open_number:
                self.has_open_number = True
                self.number_texts = {text: None} | self.number_texts
            if (is_open or len(readings) == 1) and len(self.number_texts) < MAX_SAMPLES:
                self.number_texts[text] = None


def _distinct(column: pa.Array) -> list[str]:
    texts = (text.strip() for text in pc.unique(column).to_pylist())
    return [text for text in texts if text]
