"""Digests of a group's day, made of the messages that are kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days
from qunce.groups.digests import group_digests
from qunce.groups.digests.lines import Line

router = Router(auth=RequiresScope("groups", shows_members=True), tags=["digests"])


class DigestLineOut(schemas.OutputSchema):
    message_id: int
    member_id: int
    at: datetime
    text: str


class DigestQuestionOut(DigestLineOut):
    """`repeats` are messages of the same member about the same."""

    repeats: list[int]


class DigestComplaintOut(DigestLineOut):
    topic: str
    words: list[str]


class DigestPromiseOut(DigestLineOut):
    """`state` is kept, open or broken; the ids are those of messages."""

    state: str
    due_at: datetime
    question_id: int | None
    kept_by_id: int | None


class RisingWordOut(schemas.OutputSchema):
    """`before` is how many people said it on a usual day."""

    word: str
    people: int
    before: float
    message_ids: list[int]


class DigestOut(schemas.OutputSchema):
    day: date
    messages: int
    members: int
    staff_messages: int
    is_whole: bool
    questions: list[DigestQuestionOut]
    promises: list[DigestPromiseOut]
    complaints: list[DigestComplaintOut]
    rising_words: list[RisingWordOut]


def _line(line: Line) -> dict[str, Any]:
    return {
        "message_id": line.id,
        "member_id": line.account,
        "at": line.at,
        "text": line.text,
    }


@router.get("/groups/{group_id}/digest", response=DigestOut)
def get(request: ApiRequest, group_id: schemas.Id, day: date) -> dict[str, Any]:
    """Get what nobody answered, what rises, complaints and promises of a day."""
    found = group_digests.load(
        group=group_id,
        day=community_days.from_date(day),
        by=request.by,
        at=request.at,
    )
    return {
        "day": day,
        "messages": found.messages,
        "members": found.people,
        "staff_messages": found.staff_messages,
        "is_whole": found.is_whole,
        "questions": [
            {**_line(each.line), "repeats": [line.id for line in each.repeats]}
            for each in found.questions
        ],
        "promises": [
            {
                **_line(each.line),
                "state": each.state.value,
                "due_at": each.due_at,
                "question_id": each.question.id if each.question else None,
                "kept_by_id": each.kept_by.id if each.kept_by else None,
            }
            for each in found.promises
        ],
        "complaints": [
            {**_line(each.line), "topic": each.topic, "words": list(each.words)}
            for each in found.complaints
        ],
        "rising_words": [
            {
                "word": each.word,
                "people": each.people,
                "before": each.before,
                "message_ids": [line.id for line in each.lines],
            }
            for each in found.words
        ],
    }
