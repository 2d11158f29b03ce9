"""Sentences that Qunce prints, read back as the rules that they were printed from.

The templates that print a rule are those that read it, so that neither can change
without the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from qunce.members.rule_text import sentences
from qunce.members.rule_text.canonical import canonical
from qunce.sets.rules import base
from qunce.sets.rules.grammar.forms import Form, Part, literal_words
from qunce.sets.rules.grammar.reader import Found, Lexicon, Reader, TooHard

ENDS = " 。.!！"


def parse(text: str, lexicon: Lexicon) -> list[Any]:
    """The rules that print as this sentence in the active language, in canonical form.

    None if it is not such a sentence; several if names in it mean several things.
    """
    reader = Reader(text.rstrip(ENDS), lexicon)
    end = len(reader.text)
    rules: list[Any] = []
    try:
        for rule, after in _scan_sentence(reader):
            if after == end and (rule := canonical(rule)) not in rules:
                rules.append(rule)
    except TooHard:
        return []
    return rules


def _scan_sentence(reader: Reader) -> Iterator[tuple[Any, int]]:
    everyone = reader.literal(literal_words(_(sentences.EVERYONE)), 0)
    if everyone >= 0:
        yield {"all": []}, everyone
    for args, end in FIRST.read(reader, 0, {}):
        yield from _with_exceptions(args["clause"], reader, end)
    for args, end in FIRST_EXCEPTION.read(reader, 0, {}):
        yield from _with_exceptions([{"not": args["clause"]}], reader, end)


def _with_exceptions(parts: list[Any], reader: Reader, at: int) -> Found:
    found: Found = [({"all": parts}, at)]
    states: Found = [(parts, at)]
    joiner = _joiner(sentences.EXCEPTION)
    while states:
        longer = [
            ([*before, {"not": part}], end)
            for before, start in states
            if (begin := reader.literal(joiner, start)) >= 0
            for part, end in PART.read(reader, begin, {})
        ]
        reader.spend(len(longer))
        found += [({"all": parts}, end) for parts, end in longer]
        states = longer
    return found


def _joiner(word: str) -> tuple[str, ...]:
    """What stands between two clauses that a word joins."""
    template = _(sentences.JOINED).replace("%(before)s", "").replace("%(clause)s", "")
    return literal_words(template % {"joiner": _(word)})


class Clauses(Part):
    """Clauses that are joined by “and”; a list of one is a clause."""

    def __init__(self, joiner: str, least: int = 1) -> None:
        self.joiner, self.least = joiner, least

    def write(self, value: Any, names: Any, about: Any) -> Any:
        raise NotImplementedError  # `sentences` writes them

    def scan(self, reader: Reader, at: int, about: Any) -> Found:
        found: Found = []
        joiner = _joiner(sentences.JOINERS[self.joiner])
        states: Found = [([], at)]
        while states:
            longer: Found = []
            for parts, start in states:
                begin = reader.literal(joiner, start) if parts else start
                if begin >= 0:
                    longer += [
                        ([*parts, part], end)
                        for part, end in PART.read(reader, begin, about)
                    ]
            reader.spend(len(longer))
            found += [each for each in longer if len(each[0]) >= self.least]
            states = longer
        return found


class OnePart(Part):
    """A clause, or several in brackets, with or without a “not” before it."""

    def write(self, value: Any, names: Any, about: Any) -> Any:
        raise NotImplementedError  # `sentences` writes them

    def scan(self, reader: Reader, at: int, about: Any) -> Found:
        found: Found = []
        for name, word in sentences.EMPTY.items():
            if (end := reader.literal(literal_words(_(word)), at)) >= 0:
                found.append(({name: []}, end))
        negated = reader.literal(literal_words(_(sentences.NEGATION)), at)
        if negated >= 0:
            rest = self.read(reader, negated, about)
            found += [({"not": part}, end) for part, end in rest]
        for form, name in BRACKETS:
            for args, end in form.read(reader, at, about):
                found.append(({name: args["clauses"]}, end))
        for name, declaration in base.DECLARATIONS.items():
            if declaration.forms:
                clauses = declaration.form().read(reader, at, about)
                found += [({name: args}, end) for args, end in clauses]
        return found


PART = OnePart()
FIRST = Form(sentences.EVERYONE_WHO, {"clause": Clauses("all")})
FIRST_EXCEPTION = Form(sentences.EVERYONE_EXCEPT, {"clause": PART})
BRACKETS = (
    (Form(sentences.BRACKETS, {"clauses": Clauses("all", 2)}), "all"),
    (Form(sentences.BRACKETS, {"clauses": Clauses("any", 2)}), "any"),
    (Form(sentences.WITH_LEFT, {"clauses": PART}), "with_left"),
    (Form(sentences.NOT, {"clauses": PART}), "not"),
)
