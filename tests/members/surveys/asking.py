"""Surveys for tests, through the verbs."""

from __future__ import annotations

from typing import Any

from qunce.core.staff.models import Staff
from qunce.members.surveys import responses, surveys
from qunce.members.surveys.models import Survey
from qunce.members.surveys.responses import Submission
from tests.factories import AT

BRANCHING: list[dict[str, Any]] = [
    {
        "key": "came",
        "kind": "single",
        "text": "Did you come?",
        "options": [{"key": "yes", "text": "Yes"}, {"key": "no", "text": "No"}],
    },
    {
        "key": "score",
        "kind": "nps",
        "text": "Would you recommend us?",
        "when": {"question": "came", "options": ["yes"]},
    },
    {
        "key": "why",
        "kind": "text",
        "text": "Why did you not come?",
        "is_required": False,
        "when": {"question": "came", "options": ["no"]},
    },
    {
        "key": "drinks",
        "kind": "multiple",
        "text": "What do you drink?",
        "is_required": False,
        "options": ["Tea", "Coffee", "Water"],
    },
]


def published(by: Staff, questions: Any = None, **fields: Any) -> Survey:
    survey = surveys.create(
        community=by.community,
        name=fields.pop("name", "March"),
        draft=BRANCHING if questions is None else questions,
        by=by,
        at=AT,
        **fields,
    )
    surveys.publish(survey=survey, by=by, at=AT)
    return survey


def answer(survey: Survey, account: int, at: Any = AT, **answers: Any) -> Submission:
    return responses.submit(
        survey=survey, account_id=account, answers=answers, source="portal", at=at
    )
