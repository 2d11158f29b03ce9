"""Homework: what was handed in, its reviews, decisions, comments and results."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Field, Router

from qunce.activities.activities.models import Activity
from qunce.activities.homework import (
    comments,
    hand_ins,
    results,
    submission_files,
    terms,
)
from qunce.activities.homework.models import Comment, Homework, Submission
from qunce.activities.homework.results import Outcome
from qunce.api import schemas
from qunce.api.activities import get_activity
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.exports import describe_file

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["homework"])


class PeerReviewOut(schemas.OutputSchema):
    """`score` is null until it is written; `counts` is true if it is in the median."""

    id: int
    state: str
    score: int | None
    comment: str
    due_at: datetime
    done_at: datetime | None
    counts: bool


class SubmissionOut(schemas.OutputSchema):
    """`score` is a text such as "7.5", null without one; `how` is where it comes from.

    `version` grows each time the author replaces it.
    """

    id: int
    member_id: int
    text: str
    link: str
    source: str
    handed_in_at: datetime
    is_late: bool
    version: int
    how: str
    score: str | None
    reason: str
    passed: bool | None
    reviews: list[PeerReviewOut]


class HomeworkOut(schemas.OutputSchema):
    """The submissions are those of members whom you see, those on time first."""

    activity_id: int
    due_at: datetime
    review_due_at: datetime
    results_at: datetime | None
    without_reviewers: int
    submissions: list[SubmissionOut]


class DecisionIn(schemas.InputSchema):
    """`reason` is what the author reads.

    With the `version` that you have read, nothing happens if it was replaced since.
    """

    score: Annotated[int, Field(strict=True)]
    reason: str
    version: Annotated[int, Field(strict=True)] | None = None


class HomeworkCommentIn(schemas.InputSchema):
    text: str


class HomeworkCommentOut(schemas.OutputSchema):
    """`by_staff` is false for what the author wrote."""

    id: int
    text: str
    by_staff: bool
    written_at: datetime


class PublishedOut(schemas.OutputSchema):
    published: int


def _get_homework(request: ApiRequest, activity_id: int) -> Activity:
    activity = get_activity(request, activity_id)
    hand_ins.check_homework(activity)
    return activity


def _get(request: ApiRequest, activity_id: int, submission_id: int) -> Submission:
    activity = _get_homework(request, activity_id)
    found = hand_ins.get(
        activity=activity, pk=submission_id, by=request.by, at=request.at
    )
    row = found.submission
    row.activity = activity
    return row


def _serialize(found: Outcome) -> dict[str, Any]:
    row = found.submission
    valid = {each.pk for each in found.valid}
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "text": row.text,
        "link": row.link,
        "source": row.source,
        "handed_in_at": row.at,
        "is_late": row.is_late,
        "version": row.version,
        "how": found.how.value,
        "score": None if found.doubled is None else terms.score_text(found.doubled),
        "reason": row.reason,
        "passed": row.passed,
        "reviews": [
            {
                "id": each.pk,
                "state": each.state,
                "score": each.score,
                "comment": each.comment,
                "due_at": each.due_at,
                "done_at": each.done_at,
                "counts": each.pk in valid,
            }
            for each in found.reviews
        ],
    }


def _serialize_one(request: ApiRequest, row: Submission) -> dict[str, Any]:
    standing = hand_ins.get(
        activity=row.activity, pk=row.pk, by=request.by, at=request.at
    )
    (found,) = results.load(row.activity, [standing], request.at)
    return _serialize(found)


def _serialize_comment(row: Comment) -> dict[str, Any]:
    return {
        "id": row.pk,
        "text": row.text,
        "by_staff": row.by_id is not None,
        "written_at": row.at,
    }


@router.get("/activities/{activity_id}/submissions", response=HomeworkOut)
def list_submissions(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List what was handed in, with reviews and scores as they are now."""
    activity = _get_homework(request, activity_id)
    homework = Homework.objects.get(activity=activity)
    standings = hand_ins.list_visible(activity=activity, by=request.by, at=request.at)
    found = results.load(activity, standings, request.at)
    return {
        "activity_id": activity.pk,
        "due_at": homework.due_at,
        "review_due_at": homework.review_due_at,
        "results_at": homework.results_at,
        "without_reviewers": homework.without_reviewers,
        "submissions": [_serialize(each) for each in found],
    }


@router.get(
    "/activities/{activity_id}/submissions.csv",
    response={200: None},
    openapi_extra=describe_file("Submissions with scores", "text/csv"),
)
def export(request: ApiRequest, activity_id: schemas.Id) -> HttpResponse:
    """Return the submissions as a file; recorded like an export of members."""
    content = submission_files.write(
        activity=_get_homework(request, activity_id), by=request.by, at=request.at
    )
    return HttpResponse(content, content_type="text/csv; charset=utf-8")


@router.post(
    "/activities/{activity_id}/submissions/{submission_id}/decide",
    response=SubmissionOut,
)
def decide(
    request: ApiRequest,
    activity_id: schemas.Id,
    submission_id: schemas.Id,
    data: DecisionIn,
) -> dict[str, Any]:
    """Give a score instead of the reviews, until the results are published."""
    row = _get(request, activity_id, submission_id)
    results.decide(
        submission=row,
        score=data.score,
        reason=data.reason,
        by=request.by,
        at=request.at,
        version=data.version,
    )
    return _serialize_one(request, row)


@router.get(
    "/activities/{activity_id}/submissions/{submission_id}/comments",
    response=list[HomeworkCommentOut],
)
def list_comments(
    request: ApiRequest, activity_id: schemas.Id, submission_id: schemas.Id
) -> list[dict[str, Any]]:
    """List what staff and the author wrote to each other, the oldest first."""
    row = _get(request, activity_id, submission_id)
    return [_serialize_comment(each) for each in comments.list_of(row)]


@router.post(
    "/activities/{activity_id}/submissions/{submission_id}/comments",
    response=HomeworkCommentOut,
)
def write_comment(
    request: ApiRequest,
    activity_id: schemas.Id,
    submission_id: schemas.Id,
    data: HomeworkCommentIn,
) -> dict[str, Any]:
    """Write to the author, who is notified."""
    row = _get(request, activity_id, submission_id)
    comment = comments.write_as_staff(
        submission=row, text=data.text, by=request.by, at=request.at
    )
    return _serialize_comment(comment)


@router.post(
    "/activities/{activity_id}/submissions/publish-results", response=PublishedOut
)
def publish(request: ApiRequest, activity_id: schemas.Id) -> dict[str, int]:
    """Publish the results to all authors; points follow, once."""
    activity = _get_homework(request, activity_id)
    count = results.publish(activity=activity, by=request.by, at=request.at)
    return {"published": count}
