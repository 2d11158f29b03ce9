"""Questions, conditions and answers, against a slow oracle of their own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.members.surveys import judging, questions
from qunce.members.surveys.questions import InvalidAnswer, InvalidQuestions, Question
from tests.members.surveys.asking import BRANCHING

OPTIONS = ("1", "2", "3")


@st.composite
def surveys(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Up to 6 questions with conditions on earlier ones, and answers, some of them wrong."""
    rows: list[dict[str, Any]] = []
    answers: dict[str, Any] = {}
    for n in range(draw(st.integers(1, 6))):
        kind: str = draw(st.sampled_from(["single", "multiple", "nps"]))
        row: dict[str, Any] = {"key": f"q{n}", "kind": kind, "text": f"Question {n}"}
        row["is_required"] = draw(st.booleans())
        if kind != "nps":
            row["options"] = ["One", "Two", "Three"]
        if draw(st.booleans()) and rows:
            asked = rows[draw(st.integers(0, len(rows) - 1))]
            row["when"] = {"question": asked["key"]}
            if asked["kind"] == "nps":
                row["when"]["least"] = draw(st.integers(0, 10))
            else:
                row["when"]["options"] = draw(
                    st.lists(st.sampled_from(OPTIONS), min_size=1, unique=True)
                )
        rows.append(row)
        value: Any = draw(st.none() | st.sampled_from(["1", "2", "3", "x"]))
        if kind == "multiple":
            value = draw(st.lists(st.sampled_from(OPTIONS), unique=True))
        if kind == "nps":
            value = draw(st.none() | st.integers(-1, 11))
        answers[f"q{n}"] = value
    return rows, answers


def judge_slowly(
    rows: list[dict[str, Any]], given: dict[str, Any]
) -> tuple[dict[str, Any], set[str], set[str]]:
    """(answers, keys with errors, keys that were dropped), by recursion."""

    def valid(row: dict[str, Any]) -> Any:
        value = given[row["key"]]
        if row["kind"] == "nps":
            return value if isinstance(value, int) and 0 <= value <= 10 else None
        if row["kind"] == "single":
            return value if value in OPTIONS else None
        return sorted(value) or None

    def is_shown(row: dict[str, Any]) -> bool:
        when = row.get("when")
        if when is None:
            return True
        asked = next(each for each in rows if each["key"] == when["question"])
        value = valid(asked)
        if not is_shown(asked) or value is None:
            return False
        if asked["kind"] == "nps":
            return bool(value >= when["least"])
        return bool(set(value) & set(when["options"]))

    shown = [row for row in rows if is_shown(row)]
    said = {key for key, value in given.items() if value not in (None, [])}
    needed = {row["key"] for row in shown if row["is_required"]} | said
    found = {row["key"]: valid(row) for row in shown if valid(row) is not None}
    keys = {row["key"] for row in shown}
    return found, (keys & needed) - set(found), said - keys


@given(surveys())
def test_branches_are_judged_as_by_the_oracle(
    drawn: tuple[list[dict[str, Any]], dict[str, Any]],
) -> None:
    rows, given_ = drawn
    judged = judging.judge(questions.parse(rows), given_)
    answers, wrong, dropped = judge_slowly(rows, given_)
    assert judged.answers == answers
    assert set(judged.errors) == wrong
    assert judged.dropped == [r["text"] for r in rows if r["key"] in dropped]


@given(surveys())
def test_written_questions_are_read_as_the_same(
    drawn: tuple[list[dict[str, Any]], dict[str, Any]],
) -> None:
    parsed = questions.parse(drawn[0])
    assert questions.parse(questions.to_rows(parsed)) == parsed


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ({}, "list"),
        ([{"kind": "essay", "text": "Hm"}], "kind is one of"),
        ([{"kind": "text", "text": " "}], "has no text"),
        ([{"kind": "text", "text": "x" * 301}], "at most 300"),
        ([{"kind": "single", "text": "Which?", "options": []}], "1 to 40"),
        ([{"kind": "single", "text": "Which?", "options": ["A", "A"]}], "Two options"),
        ([{"kind": "number", "text": "n", "least": 5, "most": 2}], "is more than"),
        ([{"kind": "number", "text": "n", "least": "1e999"}], "whole number"),
        ([{"kind": "text", "text": "a", "when": {"question": "q2"}}], "before it"),
        (
            [{"kind": "text", "text": "a", "key": "a", "when": {"question": "a"}}],
            "before it",
        ),
        (
            [
                {"kind": "text", "text": "a", "key": "a"},
                {"kind": "text", "text": "b", "when": {"question": "a", "least": 1}},
            ],
            "no options and no number",
        ),
        ([{"kind": "text", "text": "t"}] * 51, "at most 50"),
        ([{"kind": "text", "text": "t", "key": "a"}] * 2, "Another question"),
    ],
)
def test_bad_questions_are_refused_with_a_remedy(rows: Any, sentence: str) -> None:
    with pytest.raises(InvalidQuestions, match=sentence):
        questions.parse(rows)


def ask(kind: str, **fields: Any) -> Question:
    return questions.parse([{"kind": kind, "text": "Hm?", **fields}])[0]


@pytest.mark.parametrize(
    ("question", "value", "answer"),
    [
        (ask("number", least=1, most=9), " 2.50 ", "2.5"),
        (ask("date"), "2026-3-5", "2026-03-05"),
        (ask("text"), " 𠮷<b>\r\nx ", "𠮷<b>\nx"),
        (ask("scale"), "5", 5),
        (ask("multiple", options=["A", "B"]), ["2", "1"], ["1", "2"]),
        (ask("text", is_required=False), "", None),
    ],
)
def test_answers_have_one_normal_form(
    question: Question, value: Any, answer: Any
) -> None:
    assert judging.parse_answer(question, value) == answer


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (ask("number", most=9), "10"),
        (ask("number"), "1e400000"),
        (ask("number"), ["1"]),
        (ask("date"), "2026-02-30"),
        (ask("nps"), "11"),
        (ask("nps"), "１"),
        (ask("scale"), "0"),
        (ask("text"), "x" * 2_001),
        (ask("text"), "a\0b"),
        (ask("single", options=["A", "B"]), "A"),
        (ask("multiple", options=["A", "B"], most=1), ["1", "2"]),
        (ask("picture"), "../../etc/passwd"),
    ],
)
def test_answers_that_do_not_fit_are_refused(question: Question, value: Any) -> None:
    with pytest.raises(InvalidAnswer):
        judging.parse_answer(question, value)


def test_a_condition_on_a_hidden_question_never_holds() -> None:
    rows = [
        *BRANCHING,
        {
            "kind": "text",
            "text": "Great, why?",
            "key": "great",
            "when": {"question": "score", "least": 9},
        },
    ]
    parsed = questions.parse(rows)
    shown = questions.list_shown(parsed, {"came": "no", "score": 10})
    assert [each.key for each in shown] == ["came", "why", "drinks"]
    shown = questions.list_shown(parsed, {"came": "yes", "score": 10})
    assert [each.key for each in shown] == ["came", "score", "drinks", "great"]
