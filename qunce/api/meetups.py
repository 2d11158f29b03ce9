"""Meet-ups: their times with seats, and the sign-ups with answers and attendance."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpResponse
from ninja import Router

from qunce.activities.activities.models import Activity
from qunce.activities.meetups import attendance, seats, sign_up_files, sign_ups
from qunce.activities.meetups.models import How, SignUp
from qunce.api import schemas
from qunce.api.activities import get_activity
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.exports import describe_file

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["meet-ups"])


class SlotOut(schemas.OutputSchema):
    """`capacity` is null without a limit."""

    number: int
    starts_at: datetime
    ends_at: datetime
    capacity: int | None
    taken: int


class SignUpAnswerOut(schemas.OutputSchema):
    question: str
    answer: str


class SignUpOut(schemas.OutputSchema):
    """`place` is the place in line; `code` is what the member shows at the entrance."""

    id: int
    member_id: int
    slot: int
    state: str
    place: int
    code: str
    answers: list[SignUpAnswerOut]
    source: str
    signed_up_at: datetime
    checked_in_at: datetime | None
    checked_in_how: str


class MeetupOut(schemas.OutputSchema):
    """The sign-ups are those of members whom you see, by time and place in line."""

    activity_id: int
    slots: list[SlotOut]
    sign_ups: list[SignUpOut]


class CheckInCodeIn(schemas.InputSchema):
    """`code` is that of the sign-up."""

    code: str


def _get_meetup(request: ApiRequest, activity_id: int) -> Activity:
    activity = get_activity(request, activity_id)
    seats.check_meetup(activity)
    return activity


def _serialize(row: SignUp) -> dict[str, Any]:
    names = ("id", "state", "place", "code", "source", "checked_in_at")
    return {name: getattr(row, name) for name in names} | {
        "member_id": row.account_id,
        "slot": row.slot.number,
        "answers": [
            {"question": question, "answer": answer} for question, answer in row.answers
        ],
        "signed_up_at": row.at,
        "checked_in_how": row.checked_in_how,
    }


@router.get("/activities/{activity_id}/sign-ups", response=MeetupOut)
def list_sign_ups(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List the times of a meet-up and who signed up."""
    activity = _get_meetup(request, activity_id)
    rows = sign_ups.list_visible(activity=activity, by=request.by, at=request.at)
    return {
        "activity_id": activity.pk,
        "slots": seats.list_slots(activity),
        "sign_ups": [_serialize(row) for row in rows],
    }


@router.get(
    "/activities/{activity_id}/sign-ups.{file_format}",
    response={200: None},
    openapi_extra=describe_file("Sign-ups with answers", "text/csv"),
)
def export(
    request: ApiRequest, activity_id: schemas.Id, file_format: Literal["csv", "xlsx"]
) -> HttpResponse:
    """Return the sign-ups as a file; recorded like an export of members."""
    content = sign_up_files.write(
        activity=_get_meetup(request, activity_id),
        file_format=file_format,
        by=request.by,
        at=request.at,
    )
    return HttpResponse(content, content_type=sign_up_files.FORMATS[file_format])


@router.post("/activities/{activity_id}/sign-ups/check-in", response=SignUpOut)
def check_in_by_code(
    request: ApiRequest, activity_id: schemas.Id, data: CheckInCodeIn
) -> dict[str, Any]:
    """Check in the member whose code was scanned; a second time is refused."""
    activity = _get_meetup(request, activity_id)
    row = sign_ups.get_by_code(
        activity=activity, code=data.code[:100], by=request.by, at=request.at
    )
    attendance.record(sign_up=row, how=How.QR, by=request.by, at=request.at)
    return _serialize(row)


def _get(request: ApiRequest, activity_id: int, sign_up_id: int) -> SignUp:
    activity = _get_meetup(request, activity_id)
    return sign_ups.get(activity=activity, pk=sign_up_id, by=request.by, at=request.at)


@router.post(
    "/activities/{activity_id}/sign-ups/{sign_up_id}/undo-check-in", response=SignUpOut
)
def undo_check_in(
    request: ApiRequest, activity_id: schemas.Id, sign_up_id: schemas.Id
) -> dict[str, Any]:
    """Take back the check-in of the wrong member."""
    row = _get(request, activity_id, sign_up_id)
    attendance.undo_check_in(sign_up=row, by=request.by, at=request.at)
    return _serialize(row)


@router.post(
    "/activities/{activity_id}/sign-ups/{sign_up_id}/cancel", response=SignUpOut
)
def cancel(
    request: ApiRequest, activity_id: schemas.Id, sign_up_id: schemas.Id
) -> dict[str, Any]:
    """Cancel a sign-up; its seat goes to the next on the waitlist."""
    row = _get(request, activity_id, sign_up_id)
    sign_ups.cancel(sign_up=row, by=request.by, at=request.at)
    return _serialize(row)
