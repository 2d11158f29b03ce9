"""The words of digests are those that are counted on the page of words."""

from __future__ import annotations

from qunce.groups.digests import rising_words
from qunce.insight.words import tokens


def split(text: str) -> list[str]:
    """Return the words of a text that may be a topic."""
    return [word for word in tokens.split(text) if tokens.is_counted(word)]


rising_words.register(split)
