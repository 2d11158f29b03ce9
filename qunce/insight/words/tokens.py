"""Splits texts into words: Chinese by its dictionary, other languages at their spaces."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

from qunce.insight.words import stop_words

NOISE = re.compile(
    r"(?:https?://|www\.)\S+|\S+@\S+\.\w+|[@＠]\S+|\[[^\[\]\s]{1,8}\]|<[^<>]{1,40}>"
)
"""Addresses, people who are called, and names of emoji."""
CHINESE = "\u3400-\u4dbf\u4e00-\u9fff"
RUN = re.compile(rf"[{CHINESE}]+|[^\W\d_{CHINESE}]+(?:['’-][^\W\d_{CHINESE}]+)*")
MIN_CHINESE, MIN_OTHERS, MAX_LENGTH = 2, 3, 30
"""Characters of a word that is counted."""


def normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")


def split(text: str) -> list[str]:
    """Return all words of a text in its order, single characters included."""
    import rjieba  # its dictionary takes a while to load, and few processes need it

    words: list[str] = []
    for run in RUN.findall(NOISE.sub(" ", normalise(text))):
        if "\u3400" <= run[0] <= "\u9fff":
            words += rjieba.cut(run)
        else:
            words.append(run)
    return words


def is_counted(word: str) -> bool:
    """Return whether a word may be a topic."""
    least = MIN_CHINESE if "\u3400" <= word[0] <= "\u9fff" else MIN_OTHERS
    return least <= len(word) <= MAX_LENGTH and word not in stop_words.ALL


def find_named(text: str, names: Collection[str]) -> list[str]:
    """Return those of the names, normalised, that are in a text, however it is split."""
    plain = normalise(text)
    return [
        name
        for name in names
        if name in plain
        and (
            not name.isascii()
            or re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", plain)
        )
    ]


def count(
    texts: Sequence[tuple[int, str]], names: Collection[str]
) -> dict[str, Counter[int]]:
    """Return how often each person said each word, by word and person.

    `names` are words that are counted wherever they are. The entry WORDS has the words of
    each person in total, and FIRST who wrote first.
    """
    counts: dict[str, Counter[int]] = {}
    for person, text in texts:
        words = split(text)
        counts.setdefault(WORDS, Counter())[person] += len(words)
        named = find_named(text, names)
        for word in (*(w for w in words if is_counted(w) and w not in named), *named):
            counts.setdefault(word, Counter())[person] += 1
    if texts:
        counts[FIRST] = Counter({texts[0][0]: 1})
    return counts


WORDS, FIRST, PEOPLE = "#words", "#first", "#people"
"""Entries that are no words, which never begin with this sign."""
