"""Forms: templates whose slots have types, so that what prints a rule also reads it.

A part writes a value as pieces of text and reads values from a text. A form is the part
of a clause, or of something in it. Its template is a translated text; the values of its
slots are the fields of the rule.
"""

from __future__ import annotations

import functools
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from qunce.sets.rules import phrasing
from qunce.sets.rules.grammar.reader import CLOSE, OPEN, Found, Reader, fold
from qunce.sets.rules.phrasing import Names, Piece, Pieces

Fields = Mapping[str, Any]
SLOT = re.compile(r"%\((\w+)\)s")


MISSING = object()
"""Stands for the value of a slot that has none."""


class Unfit(ValueError):
    """The value is not one that this part can write."""


class Part(ABC):
    """`about` are the fields around the value, such as the kind of fact of a field."""

    depends_on: tuple[str, ...] = ()
    """The names of fields in `about` without which the value cannot be read."""

    @abstractmethod
    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        """Raises Unfit for a value that other parts may write."""

    @abstractmethod
    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        """The values that the text can mean there."""

    def canonical(self, value: Any, about: Fields) -> Any:
        """The one value that stands for all that mean the same."""
        return value

    def read(self, reader: Reader, at: int, about: Fields) -> Found:
        known = tuple(repr(about.get(name)) for name in self.depends_on)
        return reader.remember(self, at, known, lambda: self.scan(reader, at, about))


@dataclass(frozen=True)
class Slot:
    """`fields` are the fields that are its value together, else it is that of its name."""

    part: Part
    field: str = ""
    fields: tuple[str, ...] = ()
    optional: bool = False

    def take(self, name: str, args: dict[str, Any]) -> Any:
        """Its value among the fields, which are removed; MISSING if there is none."""
        if self.fields:
            value = {key: args.pop(key) for key in self.fields if key in args}
            return value or MISSING
        value = args.pop(self.field or name, MISSING)
        return MISSING if self.optional and value == {} else value


@dataclass(frozen=True, eq=False)
class Form(Part):
    """`fixed` are fields whose value the template implies.

    `unpack` turns the fields of a rule into those of the slots and raises Unfit or
    LookupError for other rules; `pack` is its inverse.
    """

    template: str
    slots: Mapping[str, Slot | Part] = field(default_factory=dict)
    fixed: Fields = field(default_factory=dict)
    unpack: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    pack: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    is_translated: bool = True

    def slot(self, name: str) -> Slot:
        slot = self.slots[name]
        return slot if isinstance(slot, Slot) else Slot(slot)

    def values(self, args: Fields) -> dict[str, Any]:
        """The value of each slot; Unfit if the fields are not those of this form."""
        rest = dict(args)
        if self.unpack is not None:
            try:
                rest = self.unpack(rest)
            except (AttributeError, LookupError, TypeError) as error:
                raise Unfit(args) from error
        for name, fixed in self.fixed.items():
            if name not in rest or rest.pop(name) != fixed:
                raise Unfit(args)
        values = {name: self.slot(name).take(name, rest) for name in self.slots}
        required = (name for name in values if not self.slot(name).optional)
        if rest or any(values[name] is MISSING for name in required):
            raise Unfit(args)
        return {name: each for name, each in values.items() if each is not MISSING}

    def fields_of(self, values: Fields) -> dict[str, Any]:
        """The fields of the rule for the values of the slots."""
        args = dict(self.fixed)
        for name, value in values.items():
            slot = self.slot(name)
            args |= value if slot.fields else {slot.field or name: value}
        return args

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        values = self.values(value)
        around = {**about, **self.fields_of(values)}
        pieces: list[Piece] = []
        for word in layout(self.template, self.is_translated, get_language()):
            if isinstance(word, str):
                pieces.append(Piece(word))
                continue
            name, is_quoted = word
            part = self.slot(name[0]).part
            if name[0] in values:
                if is_quoted and isinstance(part, Quotable):
                    pieces += part.write_quoted(values[name[0]], names, around)
                else:
                    written = phrasing.tidy(part.write(values[name[0]], names, around))
                    marks = (OPEN, CLOSE) if is_quoted else ("", "")
                    pieces += [Piece(marks[0]), *written, Piece(marks[1])]
        return tuple(pieces)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        states: list[tuple[dict[str, Any], int]] = [({}, at)]
        for word in layout(self.template, self.is_translated, get_language()):
            states = list(self._scan_word(word, states, reader, about))
            if not states:
                return []
        found = []
        for values, end in states:
            args = self.fields_of(values)
            try:
                found.append((self.pack(args) if self.pack else args, end))
            except Unfit:
                continue
        return found

    def _scan_word(
        self,
        word: Word,
        states: list[tuple[dict[str, Any], int]],
        reader: Reader,
        about: Fields,
    ) -> Found:
        if isinstance(word, str):
            words = literal_words(word)
            ends = ((values, reader.literal(words, end)) for values, end in states)
            return [(values, end) for values, end in ends if end >= 0]
        (name,), is_quoted = word
        slot, found = self.slot(name), []
        for values, end in states:
            if slot.optional:
                found.append((values, end))
            around = {**about, **self.fields_of(values)} if slot.part.depends_on else {}
            for value, after in self._scan_slot(
                slot.part, reader, end, around, is_quoted=is_quoted
            ):
                found.append(({**values, name: value}, after))
        reader.spend(len(found))
        return found

    @staticmethod
    def _scan_slot(
        part: Part, reader: Reader, at: int, around: Fields, *, is_quoted: bool
    ) -> Found:
        if not is_quoted:
            return part.read(reader, at, around)
        if isinstance(part, Quotable):
            return [] if not reader.quoted(at) else part.read(reader, at, around)
        start = reader.literal((OPEN,), at)
        if start < 0:
            return []
        ends = (
            (value, reader.literal((CLOSE,), end))
            for value, end in part.read(reader, start, around)
        )
        return [(value, end) for value, end in ends if end >= 0]

    def canonical(self, value: Any, about: Fields) -> dict[str, Any]:
        values = self.values(value)
        around = {**about, **self.fields_of(values)}
        values = {
            name: self.slot(name).part.canonical(each, around)
            for name, each in values.items()
        }
        # An empty value of several fields is the same as none.
        kept = {
            name: each
            for name, each in values.items()
            if each != {} or not self.slot(name).fields
        }
        args = self.fields_of(kept)
        return self.pack(args) if self.pack else args


class Quotable(Part):
    """A name or text, which is written in quotation marks where it could be misread."""

    @abstractmethod
    def write_quoted(self, value: Any, names: Names, about: Fields) -> Pieces: ...


@dataclass(frozen=True, eq=False)
class Choice(Part):
    """The first of several parts that fits."""

    parts: Sequence[Part]
    depends_on: tuple[str, ...] = ()

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        pieces: Pieces = self._first(lambda part: part.write(value, names, about))
        return pieces

    def canonical(self, value: Any, about: Fields) -> Any:
        return self._first(lambda part: part.canonical(value, about))

    def _first(self, ask: Callable[[Part], Any]) -> Any:
        for part in self.parts:
            try:
                return ask(part)
            except Unfit:
                continue
        raise Unfit

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        return [found for part in self.parts for found in part.read(reader, at, about)]


@dataclass(frozen=True, eq=False)
class After(Part):
    """A part with a comma before it."""

    part: Part

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        return (Piece(_(", ")), *self.part.write(value, names, about))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        at = reader.literal(literal_words(_(", ")), at)
        return self.part.read(reader, at, about) if at >= 0 else []

    def canonical(self, value: Any, about: Fields) -> Any:
        return self.part.canonical(value, about)


@dataclass(frozen=True, eq=False)
class Several(Part):
    """Several fields, each in a form of its own, in any order."""

    forms: Sequence[Form]
    separator: str = ", "
    depends_on: tuple[str, ...] = ()

    def _split(self, value: Fields) -> list[tuple[Form, dict[str, Any]]]:
        """Each field with the form that it fits."""
        pairs = []
        for name, content in value.items():
            pairs.append((self._form({name: content}), {name: content}))
        return sorted(pairs, key=lambda pair: self.forms.index(pair[0]))

    def _form(self, value: dict[str, Any]) -> Form:
        for form in self.forms:
            try:
                form.values(value)
            except Unfit:
                continue
            return form
        raise Unfit(value)

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        pieces = [form.write(each, names, about) for form, each in self._split(value)]
        return phrasing.join(pieces, _(self.separator))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        found: Found = []
        separator = literal_words(_(self.separator))
        states: Found = [({}, at)]
        while states:
            longer: Found = []
            for values, start in states:
                begin = reader.literal(separator, start) if values else start
                for form in self.forms if begin >= 0 else ():
                    longer += [
                        ({**values, **value}, end)
                        for value, end in form.read(reader, begin, about)
                        if not values.keys() & value.keys()
                    ]
            reader.spend(len(longer))
            found += longer
            states = longer
        return found[::-1]

    def canonical(self, value: Any, about: Fields) -> dict[str, Any]:
        args: dict[str, Any] = {}
        for form, each in self._split(value):
            args |= form.canonical(each, about)
        return args


@dataclass(frozen=True, eq=False)
class ListOf(Part):
    """A list with a separator; a single value is a list of one."""

    part: Part
    separator: str = ", "
    is_translated: bool = True
    least: int = 0
    """Lists that have fewer values are not written by this part."""
    most: int | None = None
    is_sorted: bool = False

    @property
    def depends_on(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.part.depends_on

    def _separator(self) -> str:
        return _(self.separator) if self.is_translated else self.separator

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        items = phrasing.as_list(value)
        self._check(items)
        if not items:
            return phrasing.plain(_("none"))
        written = [self.part.write(item, names, about) for item in items]
        return phrasing.join(written, self._separator())

    def _check(self, items: list[Any]) -> None:
        if len(items) < self.least or (
            self.most is not None and len(items) > self.most
        ):
            raise Unfit(items)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        found: Found = []
        if (
            not self.least
            and (end := reader.literal(literal_words(_("none")), at)) >= 0
        ):
            found.append(([], end))
        separator = literal_words(self._separator())
        states: Found = [([], at)]
        while states:
            longer: Found = []
            for items, start in states:
                begin = reader.literal(separator, start) if items else start
                if begin < 0 or (self.most is not None and len(items) >= self.most):
                    continue
                for item, end in self.part.read(reader, begin, about):
                    longer.append(([*items, item], end))
            reader.spend(len(longer))
            found += [each for each in longer if len(each[0]) >= self.least]
            states = longer
        # Longest first, so that what follows is tried after the whole list.
        return found[::-1]

    def canonical(self, value: Any, about: Fields) -> list[Any]:
        items = phrasing.as_list(value)
        self._check(items)
        items = [self.part.canonical(item, about) for item in items]
        return sorted(set(items)) if self.is_sorted else items


Word = str | tuple[tuple[str], bool]
"""A literal, or a slot and whether the template has quotation marks around it."""


@functools.cache
def layout(
    template: str, is_translated: bool, language: str | None
) -> tuple[Word, ...]:
    """The literals and slots of a template in the active language, which is `language`."""
    text = _(template) if is_translated else template
    words: list[Word] = []
    parts = SLOT.split(text)
    for index, part in enumerate(parts):
        if index % 2:
            is_quoted = parts[index - 1].endswith(OPEN) and parts[index + 1].startswith(
                CLOSE
            )
            words.append(((part,), is_quoted))
            continue
        literal = part.replace("%%", "%")
        if index and literal.startswith(CLOSE) and parts[index - 2].endswith(OPEN):
            literal = literal[len(CLOSE) :]
        is_last = index + 1 == len(parts)
        if (
            not is_last
            and literal.endswith(OPEN)
            and parts[index + 2].startswith(CLOSE)
        ):
            literal = literal[: -len(OPEN)]
        if literal:
            words.append(literal)
    return tuple(words)


@functools.cache
def literal_words(text: str) -> tuple[str, ...]:
    return tuple(fold(word) for word in text.split())
