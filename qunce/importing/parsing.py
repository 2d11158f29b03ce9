"""A piece of a file under a mapping: typed columns of the good rows, and the problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import community_days, timestamps
from qunce.importing import dates as importing_dates
from qunce.importing import numbers, prefetch, registry, typed_columns
from qunce.importing.files import json_files, rows, sources

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community

ATTRIBUTE = registry.ATTRIBUTE_PREFIX
MAX_BATCHES_AHEAD = 4
"""Pieces of a file that are parsed while others are written."""


@dataclass(frozen=True)
class Problem:
    """A row that cannot be taken: where, what stands there, and what to do."""

    row: int
    field: str
    value: str
    remedy: str


@dataclass(frozen=True)
class ParsedChunk:
    """`columns[field]` hold the good rows, `rows` their numbers in the file."""

    columns: dict[str, pa.Array]
    rows: NDArray[np.int64]
    problems: list[Problem] = field(default_factory=list)
    read: int = 0
    """Rows of the file that this chunk stands for, broken ones included."""

    def get(self, name: str) -> pa.Array:
        """The column, all null where the file has none."""
        if name in self.columns:
            return self.columns[name]
        return pa.nulls(len(self.rows), pa.string())


@dataclass(frozen=True)
class ColumnTraits:
    """What only a whole column tells: the order of its dates, its decimal sign, its
    type. `order` is empty where nothing told it."""

    order: str = ""
    style: str = numbers.POINT
    kind: str = "text"
    ambiguous: bool = False


@dataclass
class Reading:
    """One file under one mapping in one community."""

    source: sources.Source
    target: registry.Target
    mapping: dict[str, str]
    community: Community
    chunk: int
    dates: str = ""
    """The order of dates if the user gave it."""
    currency: str = ""
    traits: dict[str, ColumnTraits] = field(default_factory=dict)
    """By field; found by `look` before the first chunk is parsed."""
    kept: ExitStack = field(default_factory=ExitStack)
    """Open for as long as the file is worked on."""
    staged: Any = None
    """What a target has put aside of the file, to be read once more."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.community.timezone)

    @property
    def heading(self) -> dict[str, str]:
        return {name: head for head, name in self.mapping.items() if name}

    def pieces(self) -> Iterator[ParsedChunk]:
        for piece in sources.read_batches(self.source):
            yield parse(self, piece)

    def chunks(self) -> Iterator[ParsedChunk]:
        """Parsed piece by piece, as typed columns are smaller than their texts."""
        waiting: list[ParsedChunk] = []
        for parsed in prefetch.iterate(self.pieces, MAX_BATCHES_AHEAD):
            waiting.append(parsed)
            if sum(len(one.rows) for one in waiting) >= self.chunk:
                yield concat(waiting)
                waiting = []
        if waiting:
            yield concat(waiting)


def concat(parts: list[ParsedChunk]) -> ParsedChunk:
    """Several pieces as one; the list is emptied, so that two copies are never whole."""
    if len(parts) == 1:
        return parts[0]
    rows_ = np.concatenate([one.rows for one in parts])
    problems = [problem for one in parts for problem in one.problems]
    read = sum(one.read for one in parts)
    columns = {}
    for name in list(parts[0].columns):
        columns[name] = pa.concat_arrays([one.columns.pop(name) for one in parts])
    parts.clear()
    return ParsedChunk(columns, rows_, problems, read)


def _kinds(reading: Reading) -> dict[str, str]:
    """Field → how its texts are read, for every column that is taken."""
    known = {one.name: one.kind for one in reading.target.fields}
    kinds = {}
    for name in reading.mapping.values():
        if name:
            found = reading.traits.get(name)
            kinds[name] = known.get(name) or (found.kind if found else "text")
    return kinds


def parse(reading: Reading, piece: rows.RowBatch) -> ParsedChunk:
    """Typed columns of the rows that are good in every field."""
    problems = [Problem(one.row, "", one.text, one.reason) for one in piece.broken]
    kinds = _kinds(reading)
    readers = {one.name: one.read for one in reading.target.fields if one.read}
    columns: dict[str, pa.Array] = {}
    good = np.ones(len(piece.rows), dtype=bool)
    blank = np.ones(len(piece.rows), dtype=bool)
    for place, heading in enumerate(reading.source.headings):
        texts = piece.columns[place]
        blank &= np.asarray(pc.is_null(texts))
        name = reading.mapping.get(heading, "")
        if name:
            column = _column(reading, name, kinds[name], texts)
            if name in readers:
                column = typed_columns.normalise(readers[name], column)
            columns[name] = column.values
            problems += _problems(piece, heading, texts, column.bad)
            good[list(column.bad)] = False
    problems += _missing(reading, columns, piece, good, ~blank)
    good &= ~blank
    if not good.all():
        keep = pa.array(good)
        columns = {name: column.filter(keep) for name, column in columns.items()}
    problems.sort(key=lambda problem: (problem.row, problem.field))
    read = len(piece.rows) + len(piece.broken)
    return ParsedChunk(columns, piece.rows[good], problems, read)


def format_value(reading: Reading, name: str, value: Any) -> Any:
    """A parsed value as a person reads it."""
    kind = _kinds(reading)[name]
    if value is None or kind in ("key", "text", "object", "json"):
        return value
    if kind in ("moment", "instant"):
        moment = timestamps.from_micros(value).astimezone(reading.zone)
        return moment.isoformat(" ", "seconds")
    if kind == "date":
        return community_days.to_date(value).isoformat()
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def _column(
    reading: Reading, name: str, kind: str, texts: pa.Array
) -> typed_columns.Column:
    traits = reading.traits.get(name, ColumnTraits())
    if kind == "key":
        return typed_columns.parse_keys(texts)
    if kind in ("moment", "instant"):
        return typed_columns.parse_instants(texts, reading.zone, traits.order)
    if kind == "date":
        return typed_columns.parse_dates(texts, traits.order)
    if kind in ("amount", "number"):
        return typed_columns.parse_amounts(texts, traits.style)
    if kind == "bool":
        return typed_columns.parse_bools(texts)
    column = typed_columns.parse_texts(
        texts, 1 << 20 if kind in ("object", "json") else 10_000
    )
    if kind == "object" and column.values.null_count < len(texts):
        bad = np.flatnonzero(~json_files.are_objects(column.values)).tolist()
        remedy = _('This is not a JSON object; write it like {"amount": 5}.')
        return typed_columns.Column(
            column.values, {**dict.fromkeys(bad, remedy), **column.bad}
        )
    return column


def _problems(
    piece: rows.RowBatch, heading: str, texts: pa.Array, bad: Mapping[int, str]
) -> list[Problem]:
    return [
        Problem(
            int(piece.rows[place]), heading, (texts[place].as_py() or "")[:200], remedy
        )
        for place, remedy in bad.items()
    ]


def _missing(
    reading: Reading,
    columns: dict[str, pa.Array],
    piece: rows.RowBatch,
    good: NDArray[np.bool_],
    filled: NDArray[np.bool_],
) -> list[Problem]:
    """Rows without a required field; they are marked as not good."""
    found = []
    for group in reading.target.required:
        here = [columns[name] for name in group if name in columns]
        nothing = np.ones(len(piece.rows), dtype=bool)
        for column in here:
            nothing &= np.asarray(pc.is_null(column))
        lacking = nothing & good & filled
        names = [reading.heading[name] for name in group if name in reading.heading]
        heading = _(" or ").join(names)
        remedy = _("This field is empty. Every row needs a value here.")
        for place in np.flatnonzero(lacking).tolist():
            found.append(Problem(int(piece.rows[place]), heading, "", remedy))
        good &= ~lacking
    return found


# What a whole column tells


def detect_traits(reading: Reading) -> list[str]:
    """Find the traits of every column; returns what the user should know.

    A file whose first rows are written the ISO way is not read to its end for this.
    """
    kinds = _kinds(reading)
    extras = [n for n in kinds if n.startswith(ATTRIBUTE)]
    head = sources.read_head(reading.source, 1_000)
    dated = [n for n, kind in kinds.items() if kind in ("moment", "date")]
    needs = extras or any(
        importing_dates.is_ambiguous(text)
        for n in dated
        for text in _texts(reading, head, n)
    )
    amounts = [n for n, kind in kinds.items() if kind == "amount"]
    needs = needs or any(
        "," in text for n in amounts for text in _texts(reading, head, n)
    )
    if needs:
        columns = {
            name: _Evidence(name in extras) for name in [*dated, *amounts, *extras]
        }
        for piece in sources.read_batches(reading.source):
            for name, evidence in columns.items():
                texts = _column_of(reading, piece, name)
                evidence.add(
                    _texts(reading, piece, name), len(texts) - texts.null_count
                )
        known = reading.target.kinds(reading)
        for name, evidence in columns.items():
            reading.traits[name] = evidence.traits(reading, known.get(name, ""))
    return _notes(reading)


MAX_DISTINCT_TEXTS, MAX_CHOICES = 500, 50


def _column_of(reading: Reading, piece: rows.RowBatch, name: str) -> pa.Array:
    return piece.columns[reading.source.headings.index(reading.heading[name])]


def _texts(reading: Reading, piece: rows.RowBatch, name: str) -> list[str]:
    """The different ones."""
    texts = pc.unique(pc.drop_null(_column_of(reading, piece, name))).to_pylist()
    return [text.strip() for text in texts if text.strip()]


@dataclass
class _Evidence:
    typed: bool
    orders: set[str] = field(
        default_factory=lambda: {importing_dates.DAY_FIRST, importing_dates.MONTH_FIRST}
    )
    two_ways: bool = False
    style: str = numbers.POINT
    kinds: set[str] = field(default_factory=lambda: set(typed_columns.TYPE_PARSERS))
    filled: int = 0
    words: set[str] = field(default_factory=set)
    """Different texts, while they are few."""

    def add(self, some: list[str], filled: int) -> None:
        slashed = [text for text in some if importing_dates.is_ambiguous(text)]
        if slashed:
            self.two_ways = True
            self.orders &= importing_dates.possible_orders(slashed)
        if numbers.detect_style(some) == numbers.COMMA:
            self.style = numbers.COMMA
        if self.typed and some:
            self.filled += filled
            if len(self.words) <= MAX_DISTINCT_TEXTS:
                self.words.update(some[: MAX_DISTINCT_TEXTS + 1])
            self.kinds = typed_columns.filter_types(some, self.kinds)

    def traits(self, reading: Reading, known: str) -> ColumnTraits:
        order, ambiguous = reading.dates, False
        if self.two_ways and not order:
            ambiguous = len(self.orders) > 1
            order = _custom(reading.community) if ambiguous else "".join(self.orders)
        return ColumnTraits(order, self.style, known or self._kind(), ambiguous)

    def _kind(self) -> str:
        """The narrowest; few words that come again and again are a choice."""
        for kind in typed_columns.TYPE_PARSERS:
            if self.filled and kind in self.kinds:
                return kind
        lists = any(typed_columns.looks_like_list(word) for word in self.words)
        if lists and len(self.words) <= MAX_DISTINCT_TEXTS:
            return "multi"
        few = len(self.words) <= MAX_CHOICES and len(self.words) * 2 <= self.filled
        return "choice" if self.words and few else "text"


def _custom(community: Community) -> str:
    """How dates are mostly written where the community lives."""
    american = community.timezone.startswith("America/")
    return importing_dates.MONTH_FIRST if american else importing_dates.DAY_FIRST


def _notes(reading: Reading) -> list[str]:
    heading = reading.heading
    written = {
        importing_dates.DAY_FIRST: _("day/month"),
        importing_dates.MONTH_FIRST: _("month/day"),
    }
    return [
        _("Dates in “%(heading)s” can be read two ways. They are read as %(order)s.")
        % {"heading": heading[name], "order": written[traits.order]}
        for name, traits in reading.traits.items()
        if traits.ambiguous
    ]
