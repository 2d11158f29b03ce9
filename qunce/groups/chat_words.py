"""Whether a chat message says a word, whatever its width, case and spaces."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """The text as it is compared: full-width letters, case and spaces make no difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def is_said(word: str, folded: str) -> bool:
    """Whether a folded text has the word; letters and digits only as a whole word.

    Chinese has no spaces, so a Chinese word is found anywhere.
    """
    wanted = fold(word)
    if not wanted:
        return False
    start = folded.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        before, after = folded[start - 1 : start], folded[end : end + 1]
        if not (_joins(before, wanted[0]) or _joins(wanted[-1], after)):
            return True
        start = folded.find(wanted, start + 1)
    return False


def _joins(left: str, right: str) -> bool:
    """Whether two characters side by side are of one word."""
    both = left + right
    return len(both) == 2 and all(_is_word(char) for char in both)


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()
