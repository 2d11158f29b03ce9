"""Keywords in texts, against an obvious search."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from qunce.members.tag_rules import words

TEXTS = st.text(alphabet="ab1价格 ＡB！", max_size=12)


def found_slowly(text: str, word: str) -> bool:
    """Whether some place of the text has the word with its edges, by trying all places."""
    folded, wanted = words.fold(text), words.fold(word)
    pattern = re.escape(wanted)
    if re.match(r"[a-z0-9]", wanted):
        pattern = r"(?<![a-z0-9])" + pattern
    if re.search(r"[a-z0-9]$", wanted):
        pattern += r"(?![a-z0-9])"
    return re.search(pattern, folded) is not None


@given(TEXTS, TEXTS.filter(lambda word: bool(words.fold(word))))
def test_words_are_found_like_by_trying_every_place(text: str, word: str) -> None:
    found = words.contains(words.fold(text), words.fold(word))
    assert found == found_slowly(text, word)


def test_every_text_of_a_payload_is_looked_at_up_to_a_limit() -> None:
    payload = {"length": 3, "text": "Ｈello", "tags": ["价格", 5], "flag": True}
    assert words.texts_of(payload) == "hello 价格"
    assert len(words.texts_of({"text": "a" * 50_000})) == words.MAX_TEXT_LENGTH
