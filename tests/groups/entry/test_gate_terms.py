"""What a gate asks and what answers it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups import chat_words
from qunce.groups.entry import gate_surveys, gate_terms
from qunce.groups.entry.gate_terms import Terms, Verdict
from qunce.members.surveys import questions as survey_questions

CITY, WHY = survey_questions.parse(
    [
        {
            "kind": "single",
            "text": "Where?",
            "options": [{"text": "上海", "words": ["Shanghai"]}, {"text": "1"}],
        },
        {"kind": "text", "text": "Why?"},
    ]
)


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
    asked = tuple(dataclasses.replace(CITY, key=f"k{n}") for n in range(questions))
    terms = Terms(tuple(keywords), asked, has_rule, needs_approval)
    walked, step = [], terms.after("")
    while step:
        walked.append(step)
        step = terms.after(step)
    assert tuple(walked) == terms.steps
    assert len(set(walked)) == len(walked)


def test_answers_and_attempts() -> None:
    terms = Terms(("芝士",), (CITY, WHY), max_attempts=2)
    assert gate_terms.judge(terms, "keyword", "奶酪", attempts=0) == "wrong"
    last = gate_terms.judge(terms, "keyword", "奶酪", attempts=1)
    assert last == Verdict.TOO_OFTEN
    assert gate_terms.judge(terms, "q1", "我在上海", attempts=0) == "accepted"
    assert gate_terms.judge(terms, "q1", "我在北京", attempts=0) == "wrong"
    assert gate_terms.judge(terms, "q2", "because", attempts=0) == "accepted"
    assert gate_terms.judge(terms, "q2", "  ", attempts=0) == "wrong"
    assert gate_terms.judge(terms, "q9", "x", attempts=0) == "wrong"


def test_numbers_answer_only_options_that_newcomers_see() -> None:
    hidden, listed = (
        Terms(questions=(CITY,)),
        Terms(questions=(CITY,), shows_options=True),
    )
    assert gate_terms.judge(hidden, "q1", "2", attempts=0) == "wrong"
    assert listed.read(CITY, "2") == "2"
    # The text of an option comes before the number of another one.
    assert listed.read(CITY, "1") == hidden.read(CITY, "1") == "2"
    assert hidden.read(CITY, "I live in shanghai.") == "1"


def test_questions_whose_condition_does_not_hold_are_passed_over() -> None:
    found = survey_questions.parse(
        [
            {
                "key": "came",
                "kind": "single",
                "text": "Came?",
                "options": ["No", "Yes"],
            },
            {
                "key": "why",
                "kind": "text",
                "text": "Why not?",
                "when": {"question": "came", "options": ["1"]},
            },
        ]
    )
    terms = Terms(questions=found, needs_approval=True)
    assert terms.after("q1", {"came": "1"}) == "q2"
    assert terms.after("q1", {"came": "2"}) == "approval"
    assert terms.after("", asks_questions=False) == "approval"


WORD = st.text("ab上1 ,", min_size=1, max_size=3).map(str.strip).filter(bool)
ANSWER = st.fixed_dictionaries(
    {"words": st.lists(WORD, min_size=1, max_size=3, unique=True), "tag": st.just("")}
)


@given(
    st.lists(ANSWER, max_size=3, unique_by=lambda each: each["words"][0]),
    st.text("ab上1 ,x", max_size=6),
)
def test_a_gate_question_means_the_same_as_a_survey_question(
    answers: list[dict[str, Any]], text: str
) -> None:
    """Which of its answers a text has, by the first word, as the gate judged it before."""
    written = {"text": "Where?", "attribute": "", "answers": answers}
    rows = gate_surveys.to_survey([written], {})
    (question,) = survey_questions.parse(rows)
    assert gate_surveys.to_gate([question]) == [written]
    folded = chat_words.fold(text)
    said = [
        each["words"][0]
        for each in answers
        if any(chat_words.is_said(word, folded) for word in each["words"])
    ]
    value = gate_surveys.read(question, text, by_number=False)
    if not answers:
        assert (value is not None) == bool(folded)
    elif value is None:
        assert not said
    else:
        option = question.option(str(value))
        assert option is not None
        # A text that is exactly a word of one answer is that answer.
        exact = [
            each["words"][0]
            for each in answers
            if text.strip().casefold() in {word.casefold() for word in each["words"]}
        ]
        assert option.text == (exact or said)[0]
