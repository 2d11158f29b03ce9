"""Keywords in texts: whole words of Latin letters and digits, any part of other scripts.

The time is linear in the length of the text for each keyword.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

MAX_TEXT_LENGTH = 10_000
"""Characters of a text in which keywords are looked for."""


def fold(text: str) -> str:
    """The text as it is compared: without case, widths and repeated spaces."""
    normal = unicodedata.normalize("NFKC", text)
    return " ".join(unicodedata.normalize("NFKC", normal.casefold()).split())


def contains(text: str, word: str) -> bool:
    """Whether a folded text has a folded keyword.

    An ASCII letter or digit at an edge of the keyword must not continue in the text, so
    that “hi” is not found in “this”.
    """
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not _continues(text, start - 1, word[0]) and not _continues(
            text, end, word[-1]
        ):
            return True
        start = text.find(word, start + 1)
    return False


def _continues(text: str, index: int, edge: str) -> bool:
    if not 0 <= index < len(text):
        return False
    return _is_word(edge) and _is_word(text[index])


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def texts_of(payload: Mapping[str, Any]) -> str:
    """Every text of a payload, folded; the first characters only if they are many."""
    found: list[str] = []
    _collect(list(payload.values()), found)
    return fold("\n".join(found)[:MAX_TEXT_LENGTH])


def _collect(values: Iterable[Any], found: list[str]) -> None:
    for value in values:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            _collect(value, found)
