"""What the page of a survey shows: fields of questions, and how far one has come."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.members.surveys import questions as survey_questions
from qunce.members.surveys.questions import CHOICES, SCALES, Condition, Kind, Question

INPUTS = {Kind.NUMBER: "decimal", Kind.DATE: "numeric"}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One question on a page. `choices` are value, label and whether it is chosen."""

    question: Question
    name: str
    value: str = ""
    choices: Sequence[tuple[str, str, bool]] = ()
    error: str = ""
    condition: str = ""
    when: str = ""

    @property
    def is_multiple(self) -> bool:
        return self.question.kind == Kind.MULTIPLE

    @property
    def is_scale(self) -> bool:
        return self.question.kind in SCALES

    @property
    def input_mode(self) -> str:
        return INPUTS.get(Kind(self.question.kind), "")


def name_of(question: Question) -> str:
    return f"a_{question.key}"


def fields(
    shown: Sequence[Question],
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    every: Sequence[Question] = (),
) -> list[Field]:
    """The fields of these questions; with `every`, conditions are written beside them."""
    by_key = {each.key: each for each in every}
    return [_field(each, values.get(each.key), errors, by_key) for each in shown]


def _field(
    question: Question,
    value: Any,
    errors: Mapping[str, str],
    by_key: Mapping[str, Question],
) -> Field:
    chosen = [str(each) for each in (value if isinstance(value, list) else [value])]
    choices: list[tuple[str, str, bool]] = []
    if question.kind in CHOICES:
        choices = [(o.key, o.text, o.key in chosen) for o in question.options]
    elif question.kind in SCALES:
        choices = [(str(n), str(n), str(n) in chosen) for n in question.values]
    when = question.when
    is_written = when is not None and when.question in by_key
    return Field(
        question=question,
        name=name_of(question),
        value=str(value) if value is not None and not choices else "",
        choices=choices,
        error=errors.get(question.key, ""),
        condition=describe(when, by_key[when.question])
        if when is not None and is_written
        else "",
        when=_to_script(when) if when is not None and is_written else "",
    )


def describe(when: Condition, asked: Question) -> str:
    """A condition in words, for browsers that do not hide questions."""
    if when.options:
        texts = [each.text for each in asked.options if each.key in when.options]
        wanted = _(" or ").join(texts)
    elif when.most is None:
        wanted = pgettext("survey", "%(n)s or more") % {"n": when.least}
    elif when.least is None:
        wanted = _("%(n)s or less") % {"n": when.most}
    else:
        wanted = _("%(least)s to %(most)s") % {"least": when.least, "most": when.most}
    return _("Only if you answered “%(question)s” with: %(wanted)s") % {
        "question": asked.text,
        "wanted": wanted,
    }


def _to_script(when: Condition) -> str:
    return json.dumps(
        {
            "name": f"a_{when.question}",
            "options": list(when.options),
            "least": when.least,
            "most": when.most,
        }
    )


@dataclass(frozen=True, kw_only=True)
class Step:
    """A question among those that are shown; `number` counts from 1."""

    question: Question
    number: int
    count: int
    previous: str = ""
    following: str = ""


def find_step(
    questions: Sequence[Question], answers: Mapping[str, Any], key: str
) -> Step:
    """The step of a question, or of the first one that still needs an answer."""
    shown = survey_questions.list_shown(questions, answers)
    keys = [each.key for each in shown]
    open_ = [each.key for each in shown if each.key not in answers and each.is_required]
    index = keys.index(key) if key in keys else -1
    if index < 0:
        index = keys.index(open_[0]) if open_ else len(keys) - 1
        if not answers:
            index = 0
    return Step(
        question=shown[index],
        number=index + 1,
        count=len(shown),
        previous=keys[index - 1] if index else "",
        following=keys[index + 1] if index + 1 < len(keys) else "",
    )
