"""Questions that a file leaves open, and their answers.

A part of the plan that cannot decide from the file alone adds a Question. The console,
the API and the command line show them; `--answer KEY=VALUE` or an option of the same
name answers them. Answers are remembered for the next file of the same source.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from qunce.importing.plan.options import ImportOptions

NOT_REMEMBERED = {
    "first_row",
    "sheet",
    "unknown_members",
    "identifiers",
    "again",
    "same_people",
    "day",
    "group",
}
"""Names of questions whose answers belong to one file."""
READINGS = ("encoding", "dates", "decimal", "separator", "tag_depth")
"""Names of questions about how texts are read, whose answers are all listed in the notes."""
WORDS = ("status", "sign", "tag")
"""Names of questions about what a word of the file means."""
NAMED_OPTIONS = {
    "dates": "dates",
    "decimal": "decimal",
    "separator": "separator",
    "currency": "currency",
    "encoding": "encoding",
    "sheet": "sheet",
    "first_row": "first_row",
    "unknown_members": "unknown_members",
    "identifiers": "identifiers",
}
"""Names of questions, by the field of ImportOptions that answers all of that name."""


class AnswerNeeded(errors.Invalid):
    """A question has no answer and the file gives no evidence; nothing was imported."""

    def __init__(self, questions: Sequence[Question]) -> None:
        super().__init__("\n".join(map(describe, questions)))
        self.questions = tuple(questions)


class InvalidAnswer(errors.Invalid):
    """The answer is not one of the question's choices."""


@dataclass(frozen=True)
class Choice:
    """`sample` shows what the choice makes of a value of the file."""

    value: str
    label: str
    sample: str = ""
    is_possible: bool = True
    """False if no text of the file can be read in this way."""


@dataclass(frozen=True)
class Question:
    """`key` is the name of the question, such as `dates:订单日期` or `encoding`.

    `answer` is given by a person, for this file or an earlier one. `suggestion` is what
    the file shows, and is used without an answer. A question with neither is open.
    """

    key: str
    heading: str
    text: str
    choices: tuple[Choice, ...]
    answer: str = ""
    suggestion: str = ""
    evidence: str = ""
    """What the file shows, for comparison with what its first rows showed."""

    @property
    def name(self) -> str:
        return self.key.partition(":")[0]

    @property
    def value(self) -> str:
        return self.answer or self.suggestion

    @property
    def is_open(self) -> bool:
        return not self.value

    def option_for(self, value: str) -> str:
        """Return the option of the command line that gives this answer."""
        if self.name in NAMED_OPTIONS:
            return f"--{self.name.replace('_', '-')} {_quote(value)}"
        return f"--answer {_quote(f'{self.key}={value}')}"


def _quote(text: str) -> str:
    return shlex.quote(text) if not text.isalnum() else text


# Checks


def check_answered(questions: Iterable[Question]) -> None:
    """Raise AnswerNeeded if one of the questions is open."""
    unanswered = [question for question in questions if question.is_open]
    if unanswered:
        raise AnswerNeeded(unanswered)


def check_evidence(questions: Iterable[Question], seen: Mapping[str, str]) -> None:
    """Raise AnswerNeeded if rows after the first contradict an answer.

    `seen` is the evidence by which the questions were answered.
    """
    contradicted = [
        question
        for question in questions
        if question.answer
        and question.evidence != seen.get(question.key, question.evidence)
        and question.suggestion != question.answer
    ]
    if contradicted:
        raise AnswerNeeded(contradicted)


def check_answer(question: Question) -> None:
    values = [choice.value for choice in question.choices]
    if question.answer and values and question.answer not in values:
        raise InvalidAnswer(
            _("“%(answer)s” does not answer %(key)s. Choose one of: %(values)s.")
            % {
                "answer": question.answer,
                "key": question.key,
                "values": ", ".join(values),
            }
        )


# Reads


def ask(
    options: ImportOptions,
    remembered: Mapping[str, str],
    *,
    key: str,
    text: str,
    choices: Iterable[Choice],
    heading: str = "",
    suggestion: str = "",
    evidence: str = "",
) -> Question:
    """Return a question with its answer: that of the options, else what is remembered.

    Raises InvalidAnswer if the answer that was given now is not among the choices.
    """
    choices = tuple(choices)
    name = key.partition(":")[0]
    for_all = getattr(options, NAMED_OPTIONS[name]) if name in NAMED_OPTIONS else ""
    # What was chosen for one column wins over what was chosen for all.
    answer = options.answers.get(key) or for_all
    if not answer and name not in NOT_REMEMBERED:
        # This file may contradict what earlier files of the source were read as.
        usable = [choice.value for choice in choices if choice.is_possible]
        is_usable = remembered.get(key) in usable
        answer = remembered[key] if is_usable else ""
    question = Question(key, heading, text, choices, answer, suggestion, evidence)
    check_answer(question)
    return question


def answers_of(questions: Iterable[Question]) -> dict[str, str]:
    return {question.key: question.answer for question in questions if question.answer}


def list_notes(
    questions: Iterable[Question], remembered: Mapping[str, str]
) -> list[str]:
    """Return a sentence for every answer of an earlier file and every suggestion."""
    notes = []
    for question in questions:
        for choice in question.choices:
            if choice.value != question.value:
                continue
            values = {
                "name": question.heading or _("file"),
                "reading": f"{choice.label} ({choice.sample})",
                "option": " · ".join(
                    question.option_for(other.value)
                    for other in question.choices
                    if other.sample and other != choice
                ),
            }
            if question.answer and remembered.get(question.key) == question.answer:
                text = _(
                    "“%(name)s” is read as for an earlier file of this source: "
                    "%(reading)s."
                )
            elif not question.answer and choice.sample and values["option"]:
                text = _("“%(name)s” is read as %(reading)s. If not: %(option)s.")
            else:
                continue
            if question.name in READINGS:
                notes.append(text % values)
    return notes


def describe(question: Question) -> str:
    """Return the question as one line, with its choices and the options that answer it."""
    # Choices that no text of the file supports would only make the line longer.
    shown = [choice for choice in question.choices if choice.sample]
    answers = []
    for choice in shown or question.choices:
        sample = f" ({choice.sample})" if choice.sample else ""
        answers.append(f"{choice.label}{sample}: {question.option_for(choice.value)}")
    if not answers:
        answers = [question.option_for(_("VALUE"))]
    return " ".join([question.text, "; ".join(answers)])


def to_json(question: Question) -> dict[str, object]:
    return dataclasses.asdict(question) | {"option": question.option_for(_("VALUE"))}
