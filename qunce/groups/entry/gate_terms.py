"""What a gate asks, step by step, and whether a text answers it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qunce.groups import chat_words

KEYWORD, THRESHOLD, APPROVAL = "keyword", "threshold", "approval"
MAX_ANSWER_LENGTH = 500


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    WRONG = "wrong"
    TOO_OFTEN = "too_often"
    """Wrong, and it was the last attempt."""


@dataclass(frozen=True)
class Answer:
    words: tuple[str, ...]
    tag: str = ""


@dataclass(frozen=True)
class Question:
    """Without answers, any text answers it."""

    text: str
    answers: tuple[Answer, ...] = ()
    attribute: str = ""


@dataclass(frozen=True)
class Terms:
    keywords: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    has_rule: bool = False
    needs_approval: bool = False
    max_attempts: int = 5

    @property
    def steps(self) -> tuple[str, ...]:
        """What is asked, in order: the threshold after answers that may meet it."""
        found = [KEYWORD] if self.keywords else []
        found += [step_of(index) for index in range(len(self.questions))]
        found += [THRESHOLD] if self.has_rule else []
        return (*found, *([APPROVAL] if self.needs_approval else ()))

    def after(self, step: str) -> str:
        """The step that follows, "" after the last one; the first one after ""."""
        steps = self.steps
        if step not in steps:
            return steps[0] if not step and steps else ""
        index = steps.index(step) + 1
        return steps[index] if index < len(steps) else ""

    def question_of(self, step: str) -> Question | None:
        index = int(step[1:]) - 1 if re.fullmatch(r"q[1-9][0-9]?", step) else -1
        return self.questions[index] if 0 <= index < len(self.questions) else None


@dataclass(frozen=True)
class Judged:
    """`answer` is the known one that the text has, if the question has known ones."""

    verdict: Verdict
    answer: Answer | None = None


def step_of(index: int) -> str:
    return f"q{index + 1}"


def is_asked(step: str) -> bool:
    """Whether the newcomer answers this step; the others are checked or decided."""
    return step not in ("", THRESHOLD, APPROVAL)


def terms_of(gate: Any) -> Terms:
    """The terms of an EntryGate."""
    return Terms(
        keywords=tuple(gate.keywords),
        questions=tuple(_question(each) for each in gate.questions),
        has_rule=gate.rule is not None,
        needs_approval=gate.needs_approval,
        max_attempts=gate.max_attempts,
    )


def _question(stored: Mapping[str, Any]) -> Question:
    answers = tuple(
        Answer(tuple(each["words"]), each.get("tag", ""))
        for each in stored.get("answers", ())
    )
    return Question(stored["text"], answers, stored.get("attribute", ""))


def judge(terms: Terms, step: str, text: str, *, attempts: int) -> Judged:
    """Whether a text answers a step, after `attempts` wrong answers to it."""
    folded = chat_words.fold(text[:MAX_ANSWER_LENGTH])
    if step == KEYWORD:
        is_right = any(chat_words.is_said(word, folded) for word in terms.keywords)
        return Judged(_verdict(is_right=is_right, terms=terms, attempts=attempts))
    question = terms.question_of(step)
    if question is None:
        return Judged(Verdict.WRONG)
    if not question.answers:
        is_right = bool(folded)
        return Judged(_verdict(is_right=is_right, terms=terms, attempts=attempts))
    for answer in question.answers:
        if any(chat_words.is_said(word, folded) for word in answer.words):
            return Judged(Verdict.ACCEPTED, answer)
    return Judged(_verdict(is_right=False, terms=terms, attempts=attempts))


def _verdict(*, is_right: bool, terms: Terms, attempts: int) -> Verdict:
    if is_right:
        return Verdict.ACCEPTED
    is_last = attempts + 1 >= terms.max_attempts
    return Verdict.TOO_OFTEN if is_last else Verdict.WRONG
