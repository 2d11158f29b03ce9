"""Normalised texts: disguises removed, with the place of each character in the original.

Three texts are made from what is written, each from the one before:

- `folded`: look-alikes, enclosed letters, invisible characters and case are folded;
- `compact`: characters that were spaced or punctuated ("微 信", "f.r.e.e") are joined;
- `digits`: Chinese and financial numerals of the compact text as digits.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Any

from qunce.groups.moderation.contents.confusables import FOLDS

MAX_LENGTH = 70_000
"""Characters that are read, which is more than a message on any channel may have."""
MAX_GAP = 3
"""Longest separator between characters that are joined."""
SEPARATORS = re.compile(r"(?:[^\w\n]|_)+|\n+")
NO_LETTERS = re.compile(r"[\W_]+")
SENTENCE_ENDS = frozenset("。,、:!?;\n")
"""Punctuation of sentences as it is folded; Chinese words beside it are not joined."""
NUMERALS = str.maketrans(
    dict(zip("零一二三四五六七八九", "0123456789", strict=True))
    | dict(zip("〇○壹贰叁肆伍陆柒捌玖貳參陸", "00123456789236", strict=True))
    | dict(zip("洞幺两拐勾", "01279", strict=True))
)


MAX_REMEMBERED = 60_000
"""Characters that a table remembers as unchanged."""


class Table(dict[int, Any]):
    """A table of `str.translate` that remembers which characters it does not change.

    Without it, each of them raises an error inside `translate`, which takes longer than
    everything else there.
    """

    def __missing__(self, code: int) -> int:
        if len(self) < MAX_REMEMBERED:
            self[code] = code
        return code


AS_DIGITS = Table(NUMERALS)
SURROGATES = re.compile("[\ud800-\udfff]")


class Level(StrEnum):
    """Which form of a text; places in it are those of this form."""

    WRITTEN = "written"
    FOLDED = "folded"
    COMPACT = "compact"
    DIGITS = "digits"


def is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


class Normalised:
    """The normalised forms of a text. Places are found only when they are asked for."""

    __slots__ = (
        "_compact",
        "_digits",
        "_ends",
        "_joined",
        "_letters",
        "folded",
        "original",
    )

    def __init__(self, text: str) -> None:
        self.original = text[:MAX_LENGTH]
        self.folded = self.original.translate(FOLDS)
        self._compact: str | None = None
        self._digits: str | None = None
        self._letters: str | None = None
        self._joined: tuple[str, list[int], list[int]] | None = None
        self._ends: list[int] | None = None

    @property
    def written(self) -> str:
        """The original without halves of characters, which UTF-8 does not know."""
        original = self.original
        return original if original.isascii() else SURROGATES.sub("\ufffd", original)

    @property
    def compact(self) -> str:
        if self._compact is None:
            self._compact = self.folded
            if SEPARATORS.search(self.folded):
                self._joined = _join(self.folded)
                self._compact = self._joined[0]
        return self._compact

    @property
    def digits(self) -> str:
        if self._digits is None:
            compact = self.compact
            digits = compact.translate(AS_DIGITS)
            # The same object, so that comparing the levels takes no time.
            self._digits = compact if digits == compact else digits
        return self._digits

    @property
    def letters(self) -> str:
        """The letters and digits of the digits level, by which texts are compared."""
        if self._letters is None:
            digits = self.digits
            self._letters = digits if digits.isalnum() else NO_LETTERS.sub("", digits)
        return self._letters

    def _list_ends(self) -> list[int]:
        """For each character of the original where its fold ends."""
        if self._ends is None:
            lengths = (len(FOLDS[ord(char)]) for char in self.original)
            self._ends = list(accumulate(lengths))
        return self._ends

    def get(self, level: Level) -> str:
        if level is Level.DIGITS:
            return self.digits
        if level is Level.FOLDED:
            return self.folded
        return self.compact if level is Level.COMPACT else self.written

    def span(self, level: Level, start: int, end: int) -> tuple[int, int]:
        """Where a part of a normalised text is in the original."""
        if end <= start:
            return 0, 0
        if level is Level.WRITTEN:
            return start, end
        first, last = start, end - 1
        if level is not Level.FOLDED and self.compact != self.folded:
            first, last = self._unjoined(first), self._unjoined(last)
        ends = self._list_ends()
        return bisect_right(ends, first), bisect_right(ends, last) + 1

    def _unjoined(self, index: int) -> int:
        _, starts, sources = self._joined or _join(self.folded)
        piece = bisect_right(starts, index) - 1
        return sources[piece] + index - starts[piece]

    def part(self, level: Level, start: int, end: int) -> str:
        """The part of the original."""
        first, last = self.span(level, start, end)
        return self.original[first:last]


def normalise(text: str) -> Normalised:
    return Normalised(text)


@lru_cache(maxsize=2_000)
def normalise_name(name: str) -> Normalised:
    """The normalised form of a name, which occurs again with every message."""
    return Normalised(name)


def _join(text: str) -> tuple[str, list[int], list[int]]:
    pieces: list[str] = []
    starts: list[int] = []
    sources: list[int] = []
    length = 0
    done = 0

    def add(source: int, piece: str) -> None:
        nonlocal length
        if piece:
            pieces.append(piece)
            starts.append(length)
            sources.append(source)
            length += len(piece)

    for match in SEPARATORS.finditer(text):
        start, end = match.span()
        add(done, text[done:start])
        kept = _separator(text, start, end)
        add(start + max(match[0].find(kept), 0), kept)
        done = end
    add(done, text[done:])
    return "".join(pieces), starts, sources


def _separator(text: str, start: int, end: int) -> str:
    """What stays of the separator: nothing between characters that were pulled apart."""
    gap = text[start:end]
    if start == 0 or end == len(text) or len(gap) > MAX_GAP:
        return _shortened(gap)
    if "\n" in gap:
        return "" if _is_line(text, start - 1) and _is_line(text, end) else "\n"
    left, right = text[start - 1], text[end]
    if is_latin(left) or is_latin(right):
        is_apart = _is_single(text, start - 1) and _is_single(text, end)
    else:
        is_apart = not SENTENCE_ENDS.intersection(gap)
    return _meaning(gap) if is_apart else _shortened(gap)


def _meaning(gap: str) -> str:
    """What a gap says in an address that was pulled apart: "@", or a sign in a gap."""
    if "@" in gap:
        return "@"
    return next((sign for sign in "._" if sign in gap and gap.strip(sign)), "")


def _is_line(text: str, index: int) -> bool:
    """Whether the character is all of its line, as in a word written downwards."""
    return text[index - 1 : index] in ("", "\n") and text[index + 1 : index + 2] in (
        "",
        "\n",
    )


def _shortened(gap: str) -> str:
    return " " if gap.isspace() and "\n" not in gap else gap


def _is_single(text: str, index: int) -> bool:
    """Whether the character is no part of a longer word or number in Latin letters."""
    if not is_latin(text[index]):
        return True
    before = text[index - 1] if index else " "
    after = text[index + 1] if index + 1 < len(text) else " "
    return not is_latin(before) and not is_latin(after)
