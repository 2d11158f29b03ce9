"""A sentence that is read from left to right, and the names that may occur in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qunce.core import errors

MAX_LENGTH = 20_000
"""Characters of a sentence that Qunce has printed; people may write far fewer."""
STEPS_PER_CHARACTER = 400
"""What reading may cost. The sentences that Qunce prints take about a tenth of it."""
OPEN, CLOSE = "“", "”"

Found = list[tuple[Any, int]]
"""What can be read at a position, each with the position after it."""


class TooHard(errors.Invalid):
    """The sentence has too many possible readings."""


class Lexicon:
    """The names of one community, by kind of thing."""

    def __init__(self, names: Iterable[tuple[str, str, str]]) -> None:
        """`names` are (kind, key, name); that of a currency is its code."""
        self.currency: str | None = None
        self._keys: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._lengths: dict[tuple[str, str], set[int]] = {}
        for kind, key, name in names:
            folded = fold(name)
            if kind == "currency":
                self.currency = name
            if not folded.strip():
                continue
            self._keys.setdefault((kind, folded), []).append((name, key))
            # By first letter: a position is compared with few lengths of names.
            self._lengths.setdefault((kind, folded[0]), set()).add(len(folded))

    @classmethod
    def from_names(cls, names: Mapping[tuple[str, str], str]) -> Lexicon:
        return cls((kind, key, name) for (kind, key), name in names.items())

    def find(self, kind: str, text: str, at: int) -> list[tuple[str, int]]:
        """The things whose name is in the text there, the longest names first."""
        lengths = self._lengths.get((kind, fold(text[at : at + 1])), ())
        return [
            (key, at + length)
            for length in sorted(lengths, reverse=True)
            if not is_inside_word(text, at + length)
            for key in self.keys_of(kind, text[at : at + length])
        ]

    def keys_of(self, kind: str, name: str) -> list[str]:
        """Of names that differ in case only, those that are written as in the text."""
        pairs = self._keys.get((kind, fold(name)), [])
        exact = [key for written, key in pairs if written == name]
        return exact or [key for _written, key in pairs]


def fold(text: str) -> str:
    """Lower case of the same length, so that positions stay those of the text."""
    lower = text.lower()
    # A sigma becomes another letter at the end of a word.
    if len(lower) == len(text) and "Σ" not in text:
        return lower
    return "".join(
        folded if len(folded := char.lower()) == 1 else char for char in text
    )


def is_inside_word(text: str, at: int) -> bool:
    """Whether Latin letters or digits go on across this position."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    is_word = (before + after).isascii() and (before + after).isalnum()
    return is_word and not (before.isdigit() and after.isalpha())


class Reader:
    """The text, and what has been read at each position already."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.text = text[:MAX_LENGTH]
        self.folded = fold(self.text)
        self.lexicon = lexicon
        self.steps = STEPS_PER_CHARACTER * (len(text) + 20)
        self._memo: dict[tuple[int, int, Any], Found] = {}

    def remember(
        self, part: object, at: int, about: Any, read: Callable[[], Found]
    ) -> Found:
        """What `read` finds; each part is read once at a position."""
        key = (id(part), at, about)
        found = self._memo.get(key)
        if found is None:
            self.spend()
            found = self._memo[key] = read()
            self.spend(len(found))
        return found

    def spend(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise TooHard("")

    def skip_spaces(self, at: int) -> int:
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        return at

    def literal(self, words: tuple[str, ...], at: int) -> int:
        """The position after these words, or -1; how many spaces are between is free."""
        for word in words:
            at = self.skip_spaces(at)
            if not self.folded.startswith(word, at):
                return -1
            at += len(word)
            if is_inside_word(self.folded, at):
                return -1
        return at

    def names(self, kind: str, at: int) -> Found:
        """Keys of the things that are named there, with or without quotation marks."""
        at = self.skip_spaces(at)
        if self.text.startswith(OPEN, at):
            return [
                (key, end)
                for name, end in self.quoted(at)
                for key in self.lexicon.keys_of(kind, name)
            ]
        return list(self.lexicon.find(kind, self.text, at))

    def quoted(self, at: int) -> list[tuple[str, int]]:
        """The text in quotation marks; a closing one inside is doubled."""
        at = self.skip_spaces(at)
        if not self.text.startswith(OPEN, at):
            return []
        start = end = at + 1
        while (end := self.text.find(CLOSE, end)) >= 0:
            if not self.text.startswith(CLOSE * 2, end):
                name = self.text[start:end].replace(CLOSE * 2, CLOSE)
                return [(name, end + 1)]
            end += 2
        return []
