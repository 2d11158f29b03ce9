"""What members do with points in activities: redemptions, reservations and bids."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.activities.auctions import bids
from qunce.activities.auctions.models import Bid
from qunce.activities.flash_sales import reservations
from qunce.activities.flash_sales.models import Reservation, Waiter
from qunce.activities.mall import redemptions
from qunce.activities.mall.models import Redemption
from qunce.api import schemas
from qunce.api.activities import get_activity
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(
    auth=RequiresScope("activities", shows_members=True), tags=["point activities"]
)


class ReasonIn(schemas.InputSchema):
    """Why it is undone or void, which is kept with it."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class RedemptionOut(schemas.OutputSchema):
    """`item` is the number under which it was offered."""

    id: int
    member_id: int
    prize_id: int
    item: int
    points: int
    at: datetime
    undone_at: datetime | None


class RedemptionListOut(schemas.OutputSchema):
    items: list[RedemptionOut]


class ReservationOut(schemas.OutputSchema):
    id: int
    member_id: int
    state: str
    at: datetime
    held_until: datetime
    from_waitlist: bool
    confirmed_by: str
    points: int
    reason: str


class ReservationListOut(schemas.OutputSchema):
    items: list[ReservationOut]


class WaiterOut(schemas.OutputSchema):
    member_id: int
    at: datetime


class WaitlistOut(schemas.OutputSchema):
    """The members on the waitlist, in the order in which they get a piece."""

    items: list[WaiterOut]


class BidOut(schemas.OutputSchema):
    id: int
    member_id: int
    points: int
    state: str
    at: datetime
    reason: str


class BidListOut(schemas.OutputSchema):
    items: list[BidOut]


def _redemption(row: Redemption) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "prize_id": row.stock_id,
        "item": row.item,
        "points": row.points,
        "at": row.at,
        "undone_at": row.undone_at,
    }


def _reservation(row: Reservation) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "state": row.state,
        "at": row.at,
        "held_until": row.held_until,
        "from_waitlist": row.from_waitlist,
        "confirmed_by": row.confirmed_by,
        "points": row.points,
        "reason": row.reason,
    }


def _waiter(row: Waiter) -> dict[str, Any]:
    return {"member_id": row.account_id, "at": row.at}


def _bid(row: Bid) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "points": row.amount,
        "state": row.state,
        "at": row.at,
        "reason": row.reason,
    }


@router.get("/activities/{activity_id}/redemptions", response=RedemptionListOut)
def list_redemptions(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List what was redeemed in a mall, the newest first."""
    activity = get_activity(request, activity_id)
    rows = redemptions.list_visible(activity=activity, by=request.by, at=request.at)
    return {"items": [_redemption(row) for row in rows]}


@router.post(
    "/activities/{activity_id}/redemptions/{redemption_id}/undo",
    response=RedemptionOut,
)
def undo_redemption(
    request: ApiRequest,
    activity_id: schemas.Id,
    redemption_id: schemas.Id,
    payload: ReasonIn,
) -> dict[str, Any]:
    """Give the points and the stock of a redemption back."""
    by, at = request.by, request.at
    activity = get_activity(request, activity_id)
    row = redemptions.get(activity=activity, pk=redemption_id, by=by, at=at)
    redemptions.undo(redemption=row, by=by, at=at, reason=payload.reason)
    return _redemption(row)


@router.get("/activities/{activity_id}/reservations", response=ReservationListOut)
def list_reservations(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List the reservations of a flash sale, the newest first."""
    activity = get_activity(request, activity_id)
    rows = reservations.list_visible(activity=activity, by=request.by, at=request.at)
    return {"items": [_reservation(row) for row in rows]}


@router.get("/activities/{activity_id}/waitlist", response=WaitlistOut)
def list_waitlist(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List the waitlist of a flash sale, in its order."""
    activity = get_activity(request, activity_id)
    rows = reservations.list_waiters(activity=activity, by=request.by, at=request.at)
    return {"items": [_waiter(row) for row in rows]}


@router.post(
    "/activities/{activity_id}/reservations/{reservation_id}/confirm",
    response=ReservationOut,
)
def confirm_reservation(
    request: ApiRequest, activity_id: schemas.Id, reservation_id: schemas.Id
) -> dict[str, Any]:
    """Confirm a reservation, such as for somebody who paid in the shop."""
    by, at = request.by, request.at
    activity = get_activity(request, activity_id)
    row = reservations.get(activity=activity, pk=reservation_id, by=by, at=at)
    reservations.confirm(reservation=row, by=by, at=at)
    return _reservation(row)


@router.post(
    "/activities/{activity_id}/reservations/{reservation_id}/void",
    response=ReservationOut,
)
def void_reservation(
    request: ApiRequest,
    activity_id: schemas.Id,
    reservation_id: schemas.Id,
    payload: ReasonIn,
) -> dict[str, Any]:
    """Declare a reservation void; its piece goes to the next on the waitlist."""
    by, at = request.by, request.at
    activity = get_activity(request, activity_id)
    row = reservations.get(activity=activity, pk=reservation_id, by=by, at=at)
    reservations.declare_void(reservation=row, reason=payload.reason, by=by, at=at)
    return _reservation(row)


@router.get("/activities/{activity_id}/bids", response=BidListOut)
def list_bids(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List the bids of an auction, the newest first."""
    activity = get_activity(request, activity_id)
    rows = bids.list_visible(activity=activity, by=request.by, at=request.at)
    return {"items": [_bid(row) for row in rows]}


@router.post("/activities/{activity_id}/bids/{bid_id}/void", response=BidOut)
def void_bid(
    request: ApiRequest, activity_id: schemas.Id, bid_id: schemas.Id, payload: ReasonIn
) -> dict[str, Any]:
    """Declare the highest bid void; the next one leads again."""
    by, at = request.by, request.at
    activity = get_activity(request, activity_id)
    row = bids.get_bid(activity=activity, pk=bid_id, by=by, at=at)
    bids.declare_void(bid=row, reason=payload.reason, by=by, at=at)
    row.refresh_from_db()
    return _bid(row)
