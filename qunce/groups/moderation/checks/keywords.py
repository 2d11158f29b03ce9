"""Keywords: words that may not occur, also in disguise."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import ahocorasick_rs
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.groups.moderation.checks import base, places
from qunce.groups.moderation.checks.base import Check
from qunce.groups.moderation.checks.findings import MAX_EVIDENCE, Evidence
from qunce.groups.moderation.checks.options import Flag, Option, Words
from qunce.groups.moderation.contents import normalisation
from qunce.groups.moderation.contents.normalisation import (
    NUMERALS,
    Level,
    Normalised,
    is_latin,
)

MAX_KEYWORDS = 100_000
MAX_KEYWORD_LENGTH = 100
CHUNK = 2_000
"""Characters searched at a time: many keywords in one place then stay few matches."""


class Keywords(Words):
    """Lines of keywords, each of which has something that can be seen."""

    def parse(self, value: Any) -> tuple[str, ...]:
        lines = super().parse(value)
        for number, line in enumerate(lines, 1):
            if not normalisation.normalise(line).folded.strip():
                raise self.refuse(
                    _("Line %(line)s has no visible character.") % {"line": number}
                )
        return lines


@dataclass(frozen=True)
class Hit:
    """A keyword in one of several texts."""

    keyword: str
    text: int
    matched: str


@dataclass(frozen=True)
class Match:
    """A keyword at a place of a normalised text."""

    keyword: str
    level: Level
    start: int
    end: int


def list_forms(word: str) -> set[str]:
    """The forms of a word as they occur in the levels of normalised texts."""
    text = normalisation.normalise(word)
    forms = {text.folded, text.digits}
    if text.compact != text.folded:
        forms |= {text.compact, text.folded.translate(NUMERALS)}
    return {stripped for form in forms if (stripped := form.strip())}


class Machine:
    """An automaton that finds any of many words in time linear in the text.

    Without words it finds nothing.
    """

    def __init__(self, words: Sequence[str], *, whole_words: bool) -> None:
        forms = {form: word for word in words for form in sorted(list_forms(word))}
        self._words = list(forms.values())
        self._longest = max(map(len, forms), default=0)
        self._whole_words = whole_words
        self._automaton = ahocorasick_rs.AhoCorasick(
            list(forms),
            implementation=ahocorasick_rs.Implementation.ContiguousNFA,
            store_patterns=False,
        )

    def find(self, text: Normalised) -> Iterator[Match]:
        """The words in the text, as it is and with its disguises removed."""
        if not self._words:
            return
        levels = (Level.FOLDED, Level.DIGITS)
        for level in levels if text.digits != text.folded else levels[:1]:
            yield from self._find(text.get(level), level)

    def _find(self, text: str, level: Level) -> Iterator[Match]:
        for first in range(0, len(text), CHUNK):
            chunk = text[first : first + CHUNK + self._longest]
            for index, start, end in self._automaton.find_matches_as_indexes(
                chunk, overlapping=True
            ):
                # A word that begins in the next chunk is found there.
                if start < CHUNK and self._is_whole(text, first + start, first + end):
                    word = self._words[index]
                    yield Match(word, level, first + start, first + end)

    def _is_whole(self, text: str, start: int, end: int) -> bool:
        """False for Latin letters inside a longer word, if whole words are asked for."""
        if not self._whole_words:
            return True
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        return not (is_latin(before) and is_latin(text[start])) and not (
            is_latin(after) and is_latin(text[end - 1])
        )


class CompiledKeywords(places.CompiledTextCheck):
    def __init__(self, check: KeywordCheck, options: Mapping[str, Any]) -> None:
        super().__init__(check, options)
        whole = options["whole_words"]
        self._machine = Machine(options["keywords"], whole_words=whole)
        self._allowed = Machine(options["allowed"], whole_words=False)

    def find(self, text: Normalised) -> list[Match]:
        """Keywords outside the allowed phrases, each once."""
        allowed: dict[Level, tuple[list[int], list[int]]] = {}
        found: dict[str, Match] = {}
        for match in self._machine.find(text):
            if match.keyword in found:
                continue
            if not allowed:
                allowed = self._find_allowed(text)
            if not _is_inside(match, *allowed.get(match.level, ([], []))):
                found[match.keyword] = match
            if len(found) >= MAX_EVIDENCE:
                break
        return list(found.values())

    def _find_allowed(
        self, text: Normalised
    ) -> dict[Level, tuple[list[int], list[int]]]:
        """For each level the starts of allowed phrases, and the furthest end up to there."""
        spans: dict[Level, list[tuple[int, int]]] = {Level.FOLDED: [], Level.DIGITS: []}
        for match in self._allowed.find(text):
            spans[match.level].append((match.start, match.end))
        return {level: _furthest(sorted(each)) for level, each in spans.items()}

    def list_evidence(self, place: str, text: Normalised) -> list[Evidence]:
        return [
            Evidence(
                reason="keyword" if place == places.TEXT else "name",
                place=place,
                start=(span := text.span(match.level, match.start, match.end))[0],
                end=span[1],
                matched=text.original[slice(*span)],
                words={"keyword": match.keyword},
            )
            for match in self.find(text)
        ]


def _furthest(spans: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    ends: list[int] = []
    for _start, end in spans:
        ends.append(max(end, ends[-1] if ends else 0))
    return [start for start, _end in spans], ends


def _is_inside(match: Match, starts: list[int], ends: list[int]) -> bool:
    """Whether a phrase that starts no later than the match ends no earlier."""
    before = bisect_left(starts, match.start + 1)
    return before > 0 and ends[before - 1] >= match.end


@base.register
class KeywordCheck(Check):
    key = "keywords"
    rank = 10
    label = gettext_lazy("Keywords")
    description = gettext_lazy(
        "Words that may not occur. Spaced, full-width, enclosed and look-alike "
        "characters are recognized."
    )
    required = ("keywords",)
    options: ClassVar[tuple[Option[Any], ...]] = (
        Keywords(
            key="keywords",
            label=gettext_lazy("Keywords"),
            help=gettext_lazy("One a line. Without lines the check finds nothing."),
            most=MAX_KEYWORDS,
            longest=MAX_KEYWORD_LENGTH,
        ),
        Keywords(
            key="allowed",
            label=gettext_lazy("Allowed phrases"),
            help=gettext_lazy(
                "A keyword inside one of these is ignored, such as your brand’s name."
            ),
            most=10_000,
            longest=MAX_KEYWORD_LENGTH,
        ),
        Flag(
            key="whole_words",
            label=gettext_lazy("Latin letters as whole words only"),
            default=True,
        ),
        places.PLACES,
    )
    reasons = {
        "keyword": gettext_lazy("The keyword “%(keyword)s” occurs in the message."),
        "name": gettext_lazy("The keyword “%(keyword)s” occurs in the name."),
    }

    def compile(self, options: Mapping[str, Any]) -> CompiledKeywords:
        return CompiledKeywords(self, options)

    def list_hits(self, options: Mapping[str, Any], texts: Sequence[str]) -> list[Hit]:
        """Keywords in texts of the community itself, to show before a list is saved."""
        compiled = self.compile(options)
        return [
            Hit(match.keyword, index, text.part(match.level, match.start, match.end))
            for index, each in enumerate(texts)
            for text in [normalisation.normalise(each)]
            for match in compiled.find(text)
        ]
