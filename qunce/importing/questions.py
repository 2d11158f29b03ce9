"""Questions that a file leaves open, and their answers.

A part of the plan that cannot decide from the file alone adds a Question. The console,
the API and the command line show them; `--answer KEY=VALUE` or an option of the same
name answers them. Answers are remembered for the next file of the same source.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from qunce.importing.options import ImportOptions

NOT_REMEMBERED = {"sheet", "unknown_members", "identifiers"}
"""Names of questions whose answers belong to one file."""
NAMED_OPTIONS = {
    "dates": "dates",
    "decimal": "decimal",
    "separator": "separator",
    "currency": "currency",
    "encoding": "encoding",
    "sheet": "sheet",
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

    @property
    def name(self) -> str:
        return self.key.partition(":")[0]

    @property
    def value(self) -> str:
        return self.answer or self.suggestion

    @property
    def is_open(self) -> bool:
        return not self.value

    @property
    def option(self) -> str:
        """The option of the command line that answers the question."""
        values = "|".join(choice.value for choice in self.choices) or _("VALUE")
        if self.name in NAMED_OPTIONS:
            return f"--{self.name.replace('_', '-')} {_quote(values)}"
        return f"--answer {_quote(f'{self.key}={values}')}"


def _quote(text: str) -> str:
    return f"'{text}'" if any(c in " ;|&<>" for c in text) else text


# Checks


def check_answered(questions: Iterable[Question]) -> None:
    """Raise AnswerNeeded if one of the questions is open."""
    unanswered = [question for question in questions if question.is_open]
    if unanswered:
        raise AnswerNeeded(unanswered)


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


def find_answer(options: ImportOptions, remembered: Mapping[str, str], key: str) -> str:
    """Return the answer to this question, else the option of its name, else nothing.

    What was chosen now wins over what is remembered of earlier files.
    """
    name = key.partition(":")[0]
    for_all = getattr(options, NAMED_OPTIONS[name]) if name in NAMED_OPTIONS else ""
    return options.answers.get(key) or for_all or remembered.get(key, "")


def answers_of(questions: Iterable[Question]) -> dict[str, str]:
    return {question.key: question.answer for question in questions if question.answer}


def list_notes(
    questions: Iterable[Question], remembered: Mapping[str, str]
) -> list[str]:
    """Return a sentence for every answer that an earlier file of the source was given."""
    return [
        _("%(key)s: %(answer)s, as answered for an earlier file of this source.")
        % {"key": question.key, "answer": question.answer}
        for question in questions
        if question.answer and remembered.get(question.key) == question.answer
    ]


def describe(question: Question) -> str:
    """Return the question as one line, with its choices and the option that answers it."""
    readings = "; ".join(
        f"{choice.label} ({choice.sample})" if choice.sample else choice.label
        for choice in question.choices
    )
    return _("%(question)s %(readings)s. Answer with %(option)s.") % {
        "question": question.text,
        "readings": readings,
        "option": question.option,
    }


def to_json(question: Question) -> dict[str, object]:
    return dataclasses.asdict(question) | {"option": question.option}
