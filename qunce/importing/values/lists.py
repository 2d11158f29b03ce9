"""Splits lists in a cell, such as tags, by a separator that their column shows."""

from __future__ import annotations

import csv
import functools
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

SIGNS = {
    ";": ";；",
    ",": ",，",
    "、": "、",
    "|": "|｜",
    "/": "/／",
    "+": "+＋",
    "&": "&＆",
    "·": "·•",
    "space": " \u00a0\u3000\t",
    "newline": "\n\r",
}
"""Separators, with the signs of other keyboards that are the same one."""
CLEAR = (";", ",", "、", "|", "newline")
"""Separators that hardly occur inside a name."""
NONE = "none"
"""Every cell is one entry."""
MARK = "\x1f"
"""Stands before each entry of a parsed list; no text of a file holds it."""
QUOTED = re.compile(r'\s*(?:"[^"]*"|[^",;|、，；]+)(?:\s*[,;|、，；]\s*"[^"]*")+\s*')
ONE_QUOTED = re.compile(r'\s*"[^"]+"\s*')
HASHTAG = re.compile(r"#[^#\s;；,，、|｜]+")
HASHTAGS = re.compile(rf"\s*(?:{HASHTAG.pattern}\s*){{2,}}")
BRACKETS = re.compile(r"\[([^\[\]]+)\]")
BRACKETED = re.compile(r"\s*(?:\[[^\[\]]+\]\s*)+")
CJK = re.compile(r"[\u3400-\u9fff]+")
MIN_FREQUENT = 3
"""Cells with a weak separator that are too many for a sign in a name."""
NO_LISTS = frozenset(["n/a", "#n/a", "w/o", "24/7"])
MAX_CELLS = 2_000
"""Different cells that are looked at; more show nothing new."""


def is_separator(text: str) -> bool:
    """Return whether the text names one separator or several, such as `;` or `,、|`."""
    return text == NONE or bool(text and _parts(text))


def _parts(separator: str) -> list[str]:
    parts = [name for name in SIGNS if name in separator]
    rest = separator
    for name in parts:
        rest = rest.replace(name, "")
    return parts if not rest else []


@functools.cache
def pattern(separator: str) -> re.Pattern[str]:
    """Return what stands between entries; no sign is special between brackets."""
    signs = "".join(SIGNS[name] for name in _parts(separator) or [";"])
    return re.compile(f"[{signs}]")


def split(text: str | None, separator: str) -> list[str]:
    """Return the distinct entries of a cell, without empty ones.

    `["a", "b"]`, `"a","b"`, `#a #b` and `[a][b]` are split by their own notation.
    """
    if not text:
        return []
    entries = _from_notation(text) or _from_brackets(text, separator)
    if not entries and separator == NONE:
        entries = [text]
    if not entries:
        entries = pattern(separator).split(text)
    return list(dict.fromkeys(entry.strip() for entry in entries if entry.strip()))


def _from_notation(text: str) -> list[str]:
    """Return the entries of a cell whose notation marks where each begins and ends."""
    return _from_json(text) or _from_quoted(text) or _from_hashtags(text)


def _from_hashtags(text: str) -> list[str]:
    return HASHTAG.findall(text) if HASHTAGS.fullmatch(text) else []


def _from_brackets(text: str, separator: str) -> list[str]:
    """Return the entries of `[a][b]`, or of one pair of brackets around a whole list."""
    if not BRACKETED.fullmatch(text):
        return []
    entries = [inner.strip() for inner in BRACKETS.findall(text)]
    if len(entries) > 1 or separator == NONE:
        return entries
    return pattern(separator).split(entries[0])


def _from_json(text: str) -> list[str]:
    if not text.startswith("["):
        return []
    try:
        entries = json.loads(text)
    except ValueError:
        return []
    return [str(entry) for entry in entries] if isinstance(entries, list) else []


def _from_quoted(text: str) -> list[str]:
    if '"' not in text:
        return []
    if ONE_QUOTED.fullmatch(text):
        return [text.strip()[1:-1]]
    if not QUOTED.fullmatch(text):
        return []
    outside = re.sub(r'"[^"]*"', "", text)
    delimiter = next(sign for sign in outside.strip() if sign in ",;|、，；")
    return next(csv.reader([text], delimiter=delimiter, skipinitialspace=True))


def join(entries: Iterable[str]) -> str:
    """Return the entries as one text, from which `parse_joined` restores them.

    The texts of two lists may be put one after the other.
    """
    return "".join(f"{MARK}{entry}" for entry in entries)


def parse_joined(text: str | None) -> list[str]:
    """Return the distinct entries of a text that `join` has made."""
    return list(dict.fromkeys(filter(None, (text or "").split(MARK))))


@dataclass
class SeparatorEvidence:
    """What the cells of one column show about their separator."""

    cells: dict[str, None] = field(default_factory=dict)

    def add(self, texts: Iterable[str]) -> None:
        # Bounded, as free text could otherwise hold the whole file in memory.
        for text in texts:
            if len(self.cells) >= MAX_CELLS:
                break
            self.cells[text] = None

    def present(self) -> list[str]:
        """Return the separators that occur outside lists with a notation of their own."""
        plain = [text for text in self.cells if not _from_notation(text)]
        return [
            name
            for name, signs in SIGNS.items()
            if any(sign in text for text in plain for sign in signs)
        ]

    def suggest(self, known: Collection[str] = ()) -> str:
        """Return the only separator that fits, or nothing if several may.

        `known` are entries that exist already.
        """
        present = self.present()
        clear = [name for name in present if name in CLEAR]
        weak = [
            name
            for name in present
            if name not in CLEAR
            and (self._parts_occur_alone(name, known) or self._is_frequent(name))
        ]
        # A space next to a clear separator is part of the names.
        if clear:
            weak = [name for name in weak if name != "space"]
        if not clear and not weak:
            return NONE if present else ";"
        return clear[0] if len(clear) == 1 and not weak else ""

    def sample(self, separator: str) -> str:
        """Return a cell that the separator splits, and its entries."""
        for text in self.cells:
            entries = split(text, separator)
            if len(entries) > 1 or separator == NONE:
                return f"{text} → {' · '.join(entries)}"[:200]
        return ""

    def looks_like_lists(self) -> bool:
        """Return whether the cells of a column without a type are lists of few words."""
        separator = self.suggest()
        if self.cells and all(map(_from_json, self.cells)):
            return True
        if separator not in (";", "、", "|"):
            return False
        lists = [split(text, separator) for text in self.cells]
        cells_of = Counter(entry for entries in lists for entry in entries)
        several = [entries for entries in lists if len(entries) > 1]
        # Sentences hardly ever share a part with another cell, choices nearly always.
        shared = sum(number > 1 for number in cells_of.values())
        is_short = all(len(entry) <= 20 for entry in cells_of)
        return bool(several) and is_short and shared * 2 >= len(cells_of)

    def count(self, separator: str) -> int:
        """Return how many different cells the separator splits."""
        return sum(len(self._entries(text, separator)) > 1 for text in self.cells)

    def _is_frequent(self, separator: str) -> bool:
        """Return whether so many cells have it that it may be more than a sign in names."""
        count = self.count(separator)
        is_frequent = count >= MIN_FREQUENT or 0 < len(self.cells) <= 2 * count
        if separator != "space":
            return is_frequent
        # Names of several words are usual, but their words are hardly ever the same ones.
        lists = [self._entries(text, separator) for text in self.cells]
        cells_of = Counter(entry for entries in lists for entry in entries)
        repeated = sum(number > 1 for number in cells_of.values())
        return count >= MIN_FREQUENT and repeated * 3 >= len(cells_of) * 2

    def _entries(self, text: str, separator: str) -> list[str]:
        """Return the entries of a cell, of which numbers and addresses have only one."""
        entries = split(text, separator)
        is_one = "://" in text or text.casefold() in NO_LISTS
        is_number = all(entry.isdigit() for entry in entries)
        return [text] if is_one or is_number else entries

    def _parts_occur_alone(self, separator: str, known: Collection[str]) -> bool:
        """Return whether one cell consists of words that are entries of their own."""
        lists = [split(text, separator) for text in self.cells]
        cells_of = Counter(entry for entries in lists for entry in entries)
        for entries in lists:
            if len(entries) < 2:
                continue
            if all(cells_of[entry] > 1 or entry in known for entry in entries):
                return True
            # Chinese names have no spaces in them.
            if separator == "space" and all(map(CJK.fullmatch, entries)):
                return True
        return False
