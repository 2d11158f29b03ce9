"""Negative words: found in either language, whole, not negated, with their sentence."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups.complaints import complaint_settings, negative_words
from qunce.groups.complaints.negative_words import Topic

TOPICS = negative_words.default_topics()


def topics_of(text: str) -> list[str]:
    return [match.topic for match in negative_words.find(text, TOPICS)]


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("收到的奶茶杯子碎了，全漏了", ["quality"]),
        ("都五天了还没到货，也没人理我", ["delivery", "service"]),
        ("我要退款！！", ["refund"]),
        ("My order HASN’T ARRIVED yet", ["delivery"]),
        ("the lid is broken, I want my money back", ["quality", "refund"]),
        ("这家真的太差了，再也不买", ["service"]),
        ("没有坏了，放心", []),
        ("it is not broken at all", []),
        ("大家早上好，今天有新品吗？", []),
        ("my scampi was delicious", []),
        ("Brokenhearted by the end of summer", []),
    ],
)
def test_words_of_real_messages_are_found(text: str, topics: list[str]) -> None:
    assert topics_of(text) == topics


def test_the_evidence_is_the_sentence_with_the_word() -> None:
    text = "早上好！杯子碎了，谁管一下。另外周末几点开门？"
    (match,) = negative_words.find(text, TOPICS)
    assert match.words == ("碎了",)
    assert match.evidence == "杯子碎了,谁管一下。"


def slowly(text: str, words: tuple[str, ...]) -> set[str]:
    """The words by a pattern each, one after the other."""
    plain, found = negative_words.normalise(text), set()
    for word in words:
        pattern = re.escape(word)
        if word[0] in string.ascii_lowercase:
            pattern = r"(?<![a-z0-9])" + pattern
        if word[-1] in string.ascii_lowercase:
            pattern += r"(?![a-z0-9])"
        if re.search(pattern, plain):
            found.add(word)
    return found


@given(
    st.text(alphabet="ab 坏了。", max_size=40),
    st.lists(
        st.text(alphabet="ab坏了", min_size=2, max_size=4),
        min_size=1,
        max_size=5,
        unique=True,
    ),
)
def test_the_machine_finds_what_a_pattern_per_word_finds(
    text: str, words: list[str]
) -> None:
    found = negative_words.find(text, [Topic("x", tuple(words))])
    assert set(found[0].words if found else ()) == slowly(text, tuple(words))


def test_no_words_match_nothing() -> None:
    assert negative_words.find("坏了 broken", [Topic("x", ())]) == []


def test_topics_are_read_back_from_their_text() -> None:
    text = complaint_settings.format_topics(TOPICS)
    assert complaint_settings.parse_topics(text) == list(TOPICS)
