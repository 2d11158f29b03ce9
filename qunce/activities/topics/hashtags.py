"""Hashtags in messages: `#晨读打卡#`, `#晨读打卡 ` and `＃晨读打卡` mean the same.

Case, full width and compatibility forms do not matter. Without a closing sign, a hashtag
ends at a space, at punctuation or at a symbol. Reading takes linear time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

MAX_HASHTAG = 30
SIGN = "#"
SIGNS = "#＃﹟"
ENDING = ("P", "S", "Z", "C")
"""Categories of characters that end a hashtag."""


def normalise(text: str) -> str:
    """The key of a hashtag, without its signs: texts with the same key are the same."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).strip().strip(SIGN).strip()


def is_valid(text: str) -> bool:
    """Whether a text, without its signs, is read as one hashtag."""
    key = normalise(text)
    return (
        0 < len(key) <= MAX_HASHTAG
        and all(map(_is_part, key))
        and any(sign.isalnum() for sign in key)
    )


def find(text: str) -> list[str]:
    """The keys of the hashtags in a text, in their order."""
    return [normalise(text[start + 1 : end]) for start, end, _after in _scan(text)]


def remove(text: str, key: str) -> str:
    """The text without a hashtag, its spaces collapsed."""
    parts, last = [], 0
    for start, end, after in _scan(text):
        if normalise(text[start + 1 : end]) == key:
            parts.append(text[last:start])
            last = after
    parts.append(text[last:])
    return " ".join(" ".join(parts).split())


def _scan(text: str) -> Iterator[tuple[int, int, int]]:
    """Where each hashtag begins, where its words end, and what follows it begins."""
    place, size = 0, len(text)
    while place < size:
        if text[place] not in SIGNS or not _may_begin(text, place):
            place += 1
            continue
        end = place + 1
        while end < size and _is_part(text[end]):
            end += 1
        # Compatibility forms may be several characters long.
        if end == place + 1 or len(normalise(text[place + 1 : end])) > MAX_HASHTAG:
            place = end
            continue
        after = end + 1 if end < size and text[end] in SIGNS else end
        yield place, end, after
        place = after


def _may_begin(text: str, place: int) -> bool:
    """Not inside of C#, an address such as /page#part, or &#38;."""
    if not place:
        return True
    before = text[place - 1]
    return not (before.isascii() and (before.isalnum() or before in "/&?=.-_"))


def _is_part(sign: str) -> bool:
    return sign == "_" or unicodedata.category(sign)[0] not in ENDING
