"""Check-ins by day, streaks to remind of, and make-up cards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.activities.check_ins import card_sales, check_ins, make_up_cards
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


class BuyCardIn(schemas.InputSchema):
    """The member who pays with points; the same `key` buys one card."""

    member_id: schemas.Id
    key: EntryKey


class BoughtCardOut(schemas.OutputSchema):
    """A card that is `returned` is void, and its points were given back."""

    id: int
    member_id: int
    bought_at: datetime
    is_used: bool
    is_returned: bool


class BoughtCardListOut(schemas.OutputSchema):
    items: list[BoughtCardOut]


def _bought_card(row: MakeUpCard) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "bought_at": row.granted_at,
        "is_used": row.used_at is not None,
        "is_returned": row.returned_at is not None,
    }


@router.get("/activities/{activity_id}/make-up-cards", response=BoughtCardListOut)
def list_bought_cards(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List the make-up cards that members bought with points in a check-in."""
    rows = card_sales.list_bought(
        activity=get_activity(request, activity_id), by=request.by, at=request.at
    )
    return {"items": [_bought_card(row) for row in rows[:MAX_PAGE]]}


@router.post("/activities/{activity_id}/make-up-cards", response=BoughtCardOut)
def buy_card(
    request: ApiRequest, activity_id: schemas.Id, data: BuyCardIn
) -> dict[str, Any]:
    """Let a member buy a make-up card with points, for the price of the check-in."""
    row = card_sales.buy(
        activity=get_activity(request, activity_id),
        account_id=data.member_id,
        key=data.key,
        by=request.by,
        at=request.at,
    )
    return _bought_card(row)


@router.delete(
    "/activities/{activity_id}/make-up-cards/{card_id}", response=BoughtCardOut
)
def give_back_card(
    request: ApiRequest, activity_id: schemas.Id, card_id: schemas.Id
) -> dict[str, Any]:
    """Take back a card that is not used, and give its points back."""
    by, at = request.by, request.at
    row = card_sales.get(
        activity=get_activity(request, activity_id), pk=card_id, by=by, at=at
    )
    card_sales.give_back(card=row, by=by, at=at)
    return _bought_card(row)


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
