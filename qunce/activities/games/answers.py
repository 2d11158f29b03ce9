"""Answers: when what somebody said is the right one.

Compared are texts in the normal form NFKC, without case, spaces and punctuation; a number
by its value. If wanted, Chinese characters are compared by their sound, without tones.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

SEPARATOR = re.compile(r"\s*[/／|｜]\s*")
"""Between several answers, or several choices, in one field."""
NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,6})?")
LETTERS = "abcdefgh"
MAX_CHOICES = len(LETTERS)
CHOICE = re.compile(rf"([{LETTERS}])(?:[.。、:)\s]+(.*))?", re.DOTALL)
LEFT_OUT = ("P", "Z", "C")
"""Unicode categories that make no difference: punctuation, spaces, invisible characters."""


@functools.lru_cache(maxsize=4_096)
def normalise(text: str) -> str:
    """The text as it is compared: 'ＢＥＩ jing！' and 'beijing' are equal."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(each for each in folded if not each.isspace())
    if (number := parse_number(plain)) is not None:
        return f"{number.normalize():f}"
    kept = [each for each in plain if unicodedata.category(each)[0] not in LEFT_OUT]
    # A symbol such as + may be the whole answer.
    return "".join(kept) or plain


def parse_number(text: str) -> Decimal | None:
    """The number that a whole text is, None for any other text."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if NUMBER.fullmatch(plain) is None:
        return None
    try:
        number = Decimal(plain.replace(",", ""))
    except InvalidOperation:
        return None
    return number or Decimal(0)  # not -0


@functools.lru_cache(maxsize=4_096)
def sound_of(text: str) -> str:
    """The normalised text in pinyin without tones, so that homophones are equal."""
    plain = normalise(text)
    if plain.isascii():
        return plain
    import pypinyin  # takes 0.25 s to import, needed while a game runs only

    return "".join(pypinyin.lazy_pinyin(plain))


def split(text: str) -> tuple[str, ...]:
    """The parts of a field that are separated by slashes."""
    return tuple(part for part in SEPARATOR.split(text.strip()) if part)


@dataclass(frozen=True)
class Accepted:
    """All right answers of a question, normalised, and their sounds if these count."""

    texts: frozenset[str]
    sounds: frozenset[str] = frozenset()

    @staticmethod
    def of(texts: Sequence[str], *, by_sound: bool = False) -> Accepted:
        return Accepted(
            texts=frozenset(map(normalise, texts)),
            sounds=frozenset(map(sound_of, texts)) if by_sound else frozenset(),
        )

    def has(self, said: str) -> bool:
        if normalise(said) in self.texts:
            return True
        return bool(self.sounds) and sound_of(said) in self.sounds


def read_choice(said: str, choices: Sequence[str]) -> str | None:
    """The choice that somebody names by its letter or its text, None if it is none."""
    plain = normalise(said)
    for choice in choices:
        if normalise(choice) == plain:
            return choice
    folded = unicodedata.normalize("NFKC", said).strip().casefold()
    letter = CHOICE.fullmatch(folded)
    if letter is None:
        return None
    index = LETTERS.index(letter[1])
    if index >= len(choices):
        return None
    rest = normalise(letter[2] or "")
    # “A. Beijing” names a choice twice, and has to mean the same one.
    return choices[index] if rest in ("", normalise(choices[index])) else None
