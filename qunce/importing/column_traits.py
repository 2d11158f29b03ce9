"""Detects orders of dates, decimal signs and types, which only whole columns show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.importing import column_parsing, dates, numbers, parsing, target_registry
from qunce.importing.files import rows, sources
from qunce.importing.plan import ColumnTraits, ImportPlan

HEAD_ROWS = 1_000
MAX_DISTINCT_TEXTS = 500
"""A column of lists with more different texts is text."""
MAX_CHOICES = 50
"""A column with at most so many different texts, each repeated, is a choice."""


def detect(plan: ImportPlan) -> dict[str, ColumnTraits]:
    """Return the traits by field; reads the whole file where its head is not enough.

    Without further columns, a file whose first rows have ISO dates and plain numbers is
    not read for this.
    """
    types = parsing.field_types(plan)
    extras = [
        name for name in types if name.startswith(target_registry.ATTRIBUTE_PREFIX)
    ]
    dated = [name for name in types if types[name] in ("instant", "date")]
    amounts = [name for name in types if types[name] == "amount"]
    if not extras:
        # The head is enough if it has neither dates like 12/1/2010 nor commas in numbers.
        head = sources.read_head(plan.source, HEAD_ROWS)
        dates_of_head = _list_texts(plan, head, dated)
        amounts_of_head = _list_texts(plan, head, amounts)
        is_ambiguous = any(map(dates.is_ambiguous, dates_of_head))
        if not is_ambiguous and not any("," in text for text in amounts_of_head):
            return {}
    # One pass for all columns, because reading and decompressing the file costs more
    # than the checks.
    columns = {name: _Evidence(name in extras) for name in [*dated, *amounts, *extras]}
    for batch in sources.read_batches(plan.source):
        for name, evidence in columns.items():
            column = _column(plan, batch, name)
            filled = len(column) - column.null_count
            evidence.add(_list_texts(plan, batch, [name]), filled)
    known = plan.target.known_types(plan)
    return {
        name: evidence.conclude(plan, known.get(name, ""))
        for name, evidence in columns.items()
    }


def _column(plan: ImportPlan, batch: rows.RowBatch, name: str) -> pa.Array:
    return batch.columns[plan.source.headings.index(plan.heading_of[name])]


def _list_texts(
    plan: ImportPlan, batch: rows.RowBatch, names: Sequence[str]
) -> list[str]:
    """Return the distinct texts of each of these fields."""
    texts: list[str] = []
    for name in names:
        column = _column(plan, batch, name)
        texts += pc.unique(pc.drop_null(column)).to_pylist()
    return [text.strip() for text in texts if text.strip()]


@dataclass
class _Evidence:
    """What the texts of one column have in common."""

    is_extra: bool
    orders: set[str] = field(
        default_factory=lambda: {dates.DAY_FIRST, dates.MONTH_FIRST}
    )
    has_ambiguous_dates: bool = False
    style: str = numbers.POINT
    types: set[str] = field(default_factory=lambda: set(column_parsing.TYPE_PARSERS))
    filled: int = 0
    """Cells that are not empty."""
    distinct: set[str] = field(default_factory=set)
    """Different texts, up to a few more than MAX_DISTINCT_TEXTS."""

    def add(self, texts: list[str], filled: int) -> None:
        ambiguous = [text for text in texts if dates.is_ambiguous(text)]
        if ambiguous:
            self.has_ambiguous_dates = True
            # One value such as 13/1/2010 settles the order for all others of the
            # column.
            self.orders &= dates.possible_orders(ambiguous)
        if numbers.detect_style(texts) == numbers.COMMA:
            self.style = numbers.COMMA
        if self.is_extra and texts:
            self.filled += filled
            # Bounded, as a column of free text could otherwise hold the whole file in
            # memory.
            if len(self.distinct) <= MAX_DISTINCT_TEXTS:
                self.distinct.update(texts[: MAX_DISTINCT_TEXTS + 1])
            self.types = column_parsing.filter_types(texts, self.types)

    def conclude(self, plan: ImportPlan, known_type: str) -> ColumnTraits:
        """Return the traits; if both orders fit, the one usual in the community is used."""
        order, ambiguous = plan.options.dates, False
        if self.has_ambiguous_dates and not order:
            ambiguous = len(self.orders) > 1
            order = "".join(self.orders)
            if ambiguous:
                is_american = plan.community.timezone.startswith("America/")
                # Only a guess, which the preview says in a note, so that it can be
                # changed before anything is written.
                order = dates.MONTH_FIRST if is_american else dates.DAY_FIRST
        return ColumnTraits(
            order, self.style, known_type or self.narrowest_type(), ambiguous
        )

    def narrowest_type(self) -> str:
        """Return the narrowest type that fits all texts."""
        for name in column_parsing.TYPE_PARSERS:
            if self.filled and name in self.types:
                return name
        # No parser fits, so the texts themselves decide between a list, a choice and
        # free text.
        count = len(self.distinct)
        if count <= MAX_DISTINCT_TEXTS and any(
            map(column_parsing.looks_like_list, self.distinct)
        ):
            return "multi"
        # Free text hardly repeats itself, choices do.
        is_repeated = count <= MAX_CHOICES and count * 2 <= self.filled
        return "choice" if self.distinct and is_repeated else "text"


def list_notes(plan: ImportPlan) -> list[str]:
    """Return a sentence for every column whose dates can be read two ways."""
    labels = {
        dates.DAY_FIRST: _("day/month"),
        dates.MONTH_FIRST: _("month/day"),
    }
    heading_of = plan.heading_of
    return [
        _("Dates in “%(heading)s” can be read two ways. They are read as %(order)s.")
        % {"heading": heading_of[name], "order": labels[traits.order]}
        for name, traits in plan.traits.items()
        if traits.ambiguous
    ]
