"""Answers by hand: pasted lines of a member and an answer, for a survey of one question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.members.people import named_members
from qunce.members.surveys import judging, responses, surveys
from qunce.members.surveys import questions as survey_questions
from qunce.members.surveys.models import Source, Survey
from qunce.members.surveys.questions import CHOICES, Question
from qunce.members.surveys.survey_facts import (
    VIEW_ANSWERS,
    InvalidAnswers,
    InvalidSurvey,
)

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_LINES, MAX_LINE = 500, 2_200
SEPARATOR = re.compile(r"[\s:：,，;；|]+")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A pasted line and what became of it; `is_taken` says that it was stored."""

    text: str
    answer: str
    is_taken: bool = False


def only_question(survey: Survey) -> Question | None:
    """The question of a survey that has one, None for others."""
    version = surveys.current_version(survey)
    found = surveys.questions_of(version) if version else ()
    return found[0] if len(found) == 1 else None


def read_value(question: Question, text: str) -> str | list[str]:
    """What a text means as the answer: options by text, number or key."""
    text = text.strip()
    if question.kind not in CHOICES:
        return text
    folded = text.casefold()
    for number, option in enumerate(question.options, start=1):
        said = (option.text, *option.words, str(number))
        if folded in (each.casefold() for each in said):
            return option.key
    return text


def take(*, survey: Survey, text: str, by: Staff, at: datetime) -> list[Line]:
    """Take lines such as “138 0013 8000: 9”: a member's key, phone or number, and an answer.

    Each line is judged on its own, and says what became of it. Raises InvalidSurvey for a
    survey of several questions.
    """
    permissions.check_may(by, VIEW_ANSWERS)
    permissions.check_community(by, survey.community_id)
    question = only_question(survey)
    if question is None:
        raise InvalidSurvey(
            _("Lines are for surveys of one question. Type the answers of a member.")
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_LINES:
        raise InvalidSurvey(
            _("Paste at most %(most)s lines; these are %(n)s.")
            % {"most": MAX_LINES, "n": f"{len(lines):,}"}
        )
    return [_take_line(survey, question, line, by, at) for line in lines]


def _take_line(
    survey: Survey, question: Question, line: str, by: Staff, at: datetime
) -> Line:
    shown = line[:200]
    match = SEPARATOR.search(line[:MAX_LINE])
    if len(line) > MAX_LINE or match is None:
        return Line(text=shown, answer=_("Write the member, a space and the answer."))
    key, said = line[: match.start()], line[match.end() :]
    try:
        account = named_members.get_by_key(by=by, key=key, at=at)
        responses.submit(
            survey=survey,
            account_id=account.pk,
            answers={question.key: read_value(question, said)},
            source=Source.STAFF,
            by=by,
            at=at,
        )
    except InvalidAnswers as error:
        return Line(text=shown, answer=next(iter(error.errors.values()), str(error)))
    except errors.QunceError as error:
        return Line(text=shown, answer=str(error))
    taken = judging.parse_answer(question, read_value(question, said))
    text = "" if taken is None else survey_questions.format_answer(question, taken)
    return Line(text=shown, answer=text, is_taken=True)
