"""The options of a poll, and which of them a text chooses. Pure.

An option is named by its letter, its number or its own text: “A”, “1” and “Oolong” are the
same if oolong is the first option.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_OPTIONS, MAX_TEXT = 26, 80
SEPARATORS = re.compile(r"[,，、;；/／+＋&＆|\n]+")
ENDS = " \t.。!！~～"


@dataclass(frozen=True)
class Option:
    """`number` is its place, from 1; `tag` is the key of a tag that voters get, or ""."""

    number: int
    text: str
    tag: str

    @property
    def letter(self) -> str:
        return letter_of(self.number)

    @property
    def label(self) -> str:
        return f"{self.letter} {self.text}"


def letter_of(number: int) -> str:
    return chr(ord("A") + number - 1)


def list_options(settings: Mapping[str, Any]) -> list[Option]:
    rows = settings.get("options") or []
    return [
        Option(number, row["text"], row["tag"])
        for number, row in enumerate(rows, start=1)
    ]


def normalise(text: str) -> str:
    """A text as it is compared: full-width letters, capitals and spaces do not matter."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split()).strip(ENDS)


def find_name(text: str, count: int) -> int | None:
    """The number of the option that a letter or a number names, None for other texts."""
    plain = normalise(text)
    if len(plain) == 1 and plain.isascii() and plain.isalpha():
        number = ord(plain) - ord("a") + 1
    elif plain.isascii() and plain.isdigit() and len(plain) <= 2:
        number = int(plain)
    else:
        return None
    return number if 1 <= number <= count else None


def read(said: str, options: Sequence[Option]) -> tuple[list[int], str]:
    """The numbers of the options that a text chooses, and the part that names none.

    The part is "" if all was understood.
    """
    by_text = {normalise(option.text): option.number for option in options}
    plain = normalise(said)
    if plain in by_text:
        return [by_text[plain]], ""
    count, chosen = len(options), set[int]()
    for part in filter(None, map(str.strip, SEPARATORS.split(said))):
        numbers = _read_part(part, by_text, count)
        if not numbers:
            return [], part
        chosen.update(numbers)
    return sorted(chosen), ""


def _read_part(part: str, by_text: Mapping[str, int], count: int) -> list[int]:
    """The options of a part between commas: a text, or names with spaces between."""
    plain = normalise(part)
    if plain in by_text:
        return [by_text[plain]]
    if (found := find_name(plain, count)) is not None:
        return [found]
    words = [by_text.get(word) or find_name(word, count) for word in plain.split()]
    numbers = [number for number in words if number is not None]
    if len(words) > 1 and len(numbers) == len(words):
        return numbers
    # “A Oolong” is how the page shows it.
    letter, _space, rest = plain.partition(" ")
    number = find_name(letter, count)
    return [number] if number is not None and by_text.get(rest) == number else []


def judge(said: str, options: Sequence[Option], most: int) -> tuple[list[int], str]:
    """The chosen numbers, or a sentence that says what is missing."""
    chosen, unknown = read(said, options)
    labels = _(", ").join(option.label for option in options)
    if unknown:
        text = _("“%(said)s” is none of the options: %(options)s.")
        return [], text % {"said": unknown[:40], "options": labels}
    if not chosen:
        text = _("Write the letter with it, such as: vote A. The options: %(options)s.")
        return [], text % {"options": labels}
    if len(chosen) > most:
        text = ngettext(
            "Choose %(most)s option only; these are %(n)s.",
            "Choose at most %(most)s options; these are %(n)s.",
            most,
        )
        return [], text % {"most": most, "n": len(chosen)}
    return chosen, ""


def find_ambiguous(options: Sequence[Option]) -> Option | None:
    """An option whose text is the letter or number of another one, or its text."""
    texts = set[str]()
    for option in options:
        plain = normalise(option.text)
        named = find_name(plain, len(options))
        if plain in texts or named not in (None, option.number):
            return option
        texts.add(plain)
    return None
