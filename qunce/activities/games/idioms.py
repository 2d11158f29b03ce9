"""Idioms of four characters and more, and how they follow each other in a chain."""

from __future__ import annotations

import functools
import re

from qunce.activities.games import answers

MIN_LENGTH, MAX_LENGTH = 4, 12
WORD = re.compile(rf"[\u3400-\u4dbf\u4e00-\u9fff]{{{MIN_LENGTH},{MAX_LENGTH}}}")
IDIOMS = ("i", "l")
"""The parts of speech that the dictionary has for idioms and sayings."""


def read(text: str) -> str | None:
    """The only word of a text if it could be an idiom, without punctuation."""
    if len(text) > 4 * MAX_LENGTH:
        return None
    plain = answers.normalise(text)
    return plain if WORD.fullmatch(plain) else None


@functools.lru_cache(maxsize=4_096)
def is_idiom(word: str) -> bool:
    """Whether the dictionary has the word as an idiom or a saying."""
    return _tag(word) in IDIOMS


def is_word(word: str) -> bool:
    """Whether the dictionary has the word at all, such as 海纳百川, a name there."""
    return _tag(word) != ""


def _tag(word: str) -> str:
    import rjieba  # its dictionary takes a while to load, and few processes need it

    # Without guesses at words that the dictionary does not have.
    found = rjieba.tag(word, hmm=False)
    return str(found[0][1]) if len(found) == 1 else ""


def follows(word: str, last: str, *, by_sound: bool) -> bool:
    """Whether a word begins with the last character of another, or with its sound."""
    if word[0] == last[-1]:
        return True
    return by_sound and not _sounds(word[0]).isdisjoint(_sounds(last[-1]))


@functools.lru_cache(maxsize=4_096)
def _sounds(character: str) -> frozenset[str]:
    """All readings of a character, without tones."""
    import pypinyin  # takes 0.25 s to import, needed while a game runs only

    ((*found,),) = pypinyin.pinyin(
        character, heteronym=True, style=pypinyin.Style.NORMAL
    )
    return frozenset(found)
