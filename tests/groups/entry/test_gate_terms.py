"""What a gate asks and what answers it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups import chat_words
from qunce.groups.entry import gate_terms
from qunce.groups.entry.gate_terms import Answer, Question, Terms, Verdict

CITY = Question("Where?", (Answer(("上海", "Shanghai"), "sh"), Answer(("1",), "one")))


@pytest.mark.parametrize(
    ("word", "text", "is_said"),
    [
        ("芝士", "暗号是芝士吗", True),
        ("cheese", "The word is CHEESE!", True),
        ("cheese", "cheesecake", False),
        ("ｃｈｅｅｓｅ", "cheese", True),
        ("1", "11", False),
        ("1", "选1", True),
        ("1", "1。", True),
        ("", "anything", False),
        ("a b", "a   b", True),
    ],
)
def test_words_in_texts(word: str, text: str, *, is_said: bool) -> None:
    assert chat_words.is_said(word, chat_words.fold(text)) is is_said


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_a_word_between_spaces_is_always_said(
    before: str, word: str, after: str
) -> None:
    folded = chat_words.fold(f"{before} {word} {after}")
    assert chat_words.is_said(word, folded) is bool(chat_words.fold(word))


@given(
    st.lists(st.text(max_size=3), max_size=2),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
)
def test_steps_come_one_after_the_other(
    keywords: list[str],
    questions: int,
    has_rule: bool,
    needs_approval: bool,
) -> None:
    terms = Terms(tuple(keywords), (CITY,) * questions, has_rule, needs_approval)
    walked, step = [], terms.after("")
    while step:
        walked.append(step)
        step = terms.after(step)
    assert tuple(walked) == terms.steps
    assert len(set(walked)) == len(walked)


def test_answers_and_attempts() -> None:
    terms = Terms(("芝士",), (CITY, Question("Why?")), max_attempts=2)
    assert gate_terms.judge(terms, "keyword", "奶酪", attempts=0).verdict == "wrong"
    last = gate_terms.judge(terms, "keyword", "奶酪", attempts=1)
    assert last.verdict == Verdict.TOO_OFTEN
    judged = gate_terms.judge(terms, "q1", "我在上海", attempts=0)
    assert judged.answer is not None
    assert judged.answer.tag == "sh"
    assert gate_terms.judge(terms, "q2", "because", attempts=0).verdict == "accepted"
    assert gate_terms.judge(terms, "q2", "  ", attempts=0).verdict == "wrong"
    assert gate_terms.judge(terms, "q9", "x", attempts=0).verdict == "wrong"
