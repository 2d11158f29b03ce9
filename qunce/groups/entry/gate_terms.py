"""What a gate asks, step by step, and whether a text answers it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qunce.groups import chat_words
from qunce.groups.entry import gate_surveys
from qunce.members.surveys.questions import Question, Value

KEYWORD, THRESHOLD, APPROVAL = "keyword", "threshold", "approval"
MAX_ANSWER_LENGTH = 500


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    WRONG = "wrong"
    TOO_OFTEN = "too_often"
    """Wrong, and it was the last attempt."""


@dataclass(frozen=True)
class Terms:
    """If it `shows_options`, newcomers read them as a list and may answer by number."""

    keywords: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    has_rule: bool = False
    needs_approval: bool = False
    max_attempts: int = 5
    shows_options: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """What is asked, in order: the threshold after answers that may meet it."""
        found = [KEYWORD] if self.keywords else []
        found += [step_of(index) for index in range(len(self.questions))]
        found += [THRESHOLD] if self.has_rule else []
        return (*found, *([APPROVAL] if self.needs_approval else ()))

    def after(
        self,
        step: str,
        answers: Mapping[str, Value] | None = None,
        *,
        asks_questions: bool = True,
    ) -> str:
        """The step that follows, "" after the last one; the first one after "".

        Questions whose conditions do not hold for `answers`, by key, are passed over.
        """
        steps = self.steps
        if step and step not in steps:
            return ""
        rest = steps[steps.index(step) + 1 :] if step else steps
        shown = gate_surveys.shown_keys(self.questions, answers or {})
        for each in rest:
            question = self.question_of(each)
            if question is None or (asks_questions and question.key in shown):
                return each
        return ""

    def read_answers(self, entries: Iterable[Mapping[str, Any]]) -> dict[str, Value]:
        """What the accepted ones of the entries of a request answered, by question."""
        found: dict[str, Value] = {}
        for entry in entries:
            question = self.question_of(entry["step"])
            if question is not None and entry["accepted"]:
                value = self.read(question, entry["text"])
                if value is not None:
                    found[question.key] = value
        return found

    def read(self, question: Question, text: str) -> Value | None:
        return gate_surveys.read(question, text, by_number=self.shows_options)

    def question_of(self, step: str) -> Question | None:
        index = int(step[1:]) - 1 if re.fullmatch(r"q[1-9][0-9]?", step) else -1
        return self.questions[index] if 0 <= index < len(self.questions) else None


def step_of(index: int) -> str:
    return f"q{index + 1}"


def is_asked(step: str) -> bool:
    """Whether the newcomer answers this step; the others are checked or decided."""
    return step not in ("", THRESHOLD, APPROVAL)


def terms_of(gate: Any, *, is_open: bool = True) -> Terms:
    """The terms of an EntryGate. While its survey is closed, staff decide instead."""
    is_closed = gate.asked_survey is not None and not is_open
    return Terms(
        keywords=tuple(gate.keywords),
        questions=() if is_closed else gate_surveys.list_asked(gate.survey_questions),
        has_rule=gate.rule is not None,
        needs_approval=gate.needs_approval or is_closed,
        max_attempts=gate.max_attempts,
        shows_options=not gate.owns_survey,
    )


def judge(terms: Terms, step: str, text: str, *, attempts: int) -> Verdict:
    """Whether a text answers a step, after `attempts` wrong answers to it."""
    text = text[:MAX_ANSWER_LENGTH]
    if step == KEYWORD:
        folded = chat_words.fold(text)
        is_right = any(chat_words.is_said(word, folded) for word in terms.keywords)
        return _verdict(is_right=is_right, terms=terms, attempts=attempts)
    question = terms.question_of(step)
    if question is None:
        return Verdict.WRONG
    is_right = terms.read(question, text) is not None
    return _verdict(is_right=is_right, terms=terms, attempts=attempts)


def _verdict(*, is_right: bool, terms: Terms, attempts: int) -> Verdict:
    if is_right:
        return Verdict.ACCEPTED
    is_last = attempts + 1 >= terms.max_attempts
    return Verdict.TOO_OFTEN if is_last else Verdict.WRONG
