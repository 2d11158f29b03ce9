"""Check-ins by day, streaks to remind of, and make-up cards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.activities.check_ins import check_ins, make_up_cards
from qunce.activities.check_ins.models import CheckIn, MakeUpCard
from qunce.api import schemas
from qunce.api.activities import MAX_PAGE, EntryKey, get_activity
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.people import visibility

router = Router(
    auth=RequiresScope("activities", shows_members=True), tags=["check-ins"]
)


class CardsIn(schemas.InputSchema):
    """Make-up cards for a member; the same `key` gives them once."""

    member_id: schemas.Id
    key: EntryKey
    count: Annotated[int, Field(ge=1, le=100)] = 1


class CheckInOut(schemas.OutputSchema):
    id: int
    member_id: int
    day: date
    at: datetime
    way: str
    said: str
    is_made_up: bool
    is_struck_out: bool


class CheckInListOut(schemas.OutputSchema):
    items: list[CheckInOut]


class MemberIdsOut(schemas.OutputSchema):
    """Members by number, whom a message may remind."""

    member_ids: list[int]


class CardsOut(schemas.OutputSchema):
    """How many cards are new."""

    new: int


def _check_in(row: CheckIn) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "day": row.day,
        "at": row.at,
        "way": row.source,
        "said": row.said,
        "is_made_up": row.is_made_up,
        "is_struck_out": row.struck_out_at is not None,
    }


@router.get("/activities/{activity_id}/check-ins", response=CheckInListOut)
def list_check_ins(
    request: ApiRequest, activity_id: schemas.Id, day: date
) -> dict[str, Any]:
    """List the check-ins of a community day."""
    rows = check_ins.list_of_day(
        activity=get_activity(request, activity_id),
        day=day,
        by=request.by,
        at=request.at,
    )
    return {"items": [_check_in(row) for row in rows[:MAX_PAGE]]}


@router.delete("/activities/{activity_id}/check-ins/{check_in_id}", response=CheckInOut)
def strike_out_check_in(
    request: ApiRequest, activity_id: schemas.Id, check_in_id: schemas.Id
) -> dict[str, Any]:
    """Take a check-in out of the streak."""
    by, at = request.by, request.at
    row = check_ins.get(
        activity=get_activity(request, activity_id), pk=check_in_id, by=by, at=at
    )
    check_ins.strike_out(check_in=row, by=by, at=at)
    return _check_in(row)


@router.post(
    "/activities/{activity_id}/check-ins/{check_in_id}/restore", response=CheckInOut
)
def restore_check_in(
    request: ApiRequest, activity_id: schemas.Id, check_in_id: schemas.Id
) -> dict[str, Any]:
    """Count a check-in again that was struck out."""
    by, at = request.by, request.at
    row = check_ins.get(
        activity=get_activity(request, activity_id), pk=check_in_id, by=by, at=at
    )
    check_ins.restore(check_in=row, by=by, at=at)
    return _check_in(row)


@router.get("/activities/{activity_id}/streaks-to-remind", response=MemberIdsOut)
def list_to_remind(
    request: ApiRequest,
    activity_id: schemas.Id,
    at_least: Annotated[int, Field(ge=1, le=366)] = 7,
) -> dict[str, Any]:
    """List members with an unbroken streak who have not checked in today."""
    activity = get_activity(request, activity_id)
    people = check_ins.people_to_remind(
        activity, at_least=at_least, today=activity.community.day(request.at)
    )
    seen = visibility.filter_visible(by=request.by, accounts=people, at=request.at)
    return {"member_ids": sorted(seen)}


@router.post("/make-up-cards", response=CardsOut)
def give_cards(request: ApiRequest, data: CardsIn) -> dict[str, Any]:
    """Give a member make-up cards, which fill missed days of check-ins."""
    new = make_up_cards.grant(
        community=request.community,
        account_id=data.member_id,
        source=MakeUpCard.Source.STAFF,
        key=data.key,
        count=data.count,
        by=request.by,
        at=request.at,
    )
    return {"new": new}
