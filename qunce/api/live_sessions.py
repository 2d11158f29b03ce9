"""Live sessions: who reserved and came, the platform's number, the replay, and orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router

from qunce.activities import attendance_lists, results
from qunce.activities.activities.models import Activity
from qunce.activities.live_sessions import (
    attendance,
    orders,
    people_counts,
    reservations,
    sessions,
)
from qunce.api import schemas
from qunce.api.activities import get_activity
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(
    auth=RequiresScope("activities", shows_members=True), tags=["live sessions"]
)


class LiveReservationOut(schemas.OutputSchema):
    id: int
    member_id: int
    state: str
    source: str
    reserved_at: datetime
    cancelled_at: datetime | None


class LiveAttendanceOut(schemas.OutputSchema):
    """`how` is `link`, `word` or `list`."""

    id: int
    member_id: int
    how: str
    came_at: datetime


class TypedAttendanceOut(schemas.OutputSchema):
    """A number of the platform, which is never added to those who are known."""

    number: int
    by: str
    at: datetime


class OrderTotalOut(schemas.OutputSchema):
    """Amounts in the smallest unit; `net` is `paid` less `refunded`."""

    currency: str
    orders: int
    paid: int
    refunded: int
    net: int


class LiveSessionOut(schemas.OutputSchema):
    """Members are those whom you see, numbers of people are those of the results.

    `replay` is empty while there is none. `typed` has the newest number first.
    """

    activity_id: int
    starts_at: datetime
    ends_at: datetime
    replay: str
    reserved: int
    came: int
    unannounced: int
    missing: int
    watched: int
    typed: list[TypedAttendanceOut]
    buyers: int
    orders: list[OrderTotalOut]
    reservations: list[LiveReservationOut]
    attendances: list[LiveAttendanceOut]


class NamesIn(schemas.InputSchema):
    """A name or key of a member on each line."""

    names: str


class NamesOut(schemas.OutputSchema):
    new: int
    known: int


class NumberIn(schemas.InputSchema):
    number: int


class ReplayIn(schemas.InputSchema):
    """An empty `url` shows no replay."""

    url: str


def _get_session(request: ApiRequest, activity_id: int) -> Activity:
    activity = get_activity(request, activity_id)
    sessions.check_live_session(activity)
    return activity


def _serialize(request: ApiRequest, activity: Activity) -> dict[str, Any]:
    by, at = request.by, request.at
    session = sessions.get(activity)
    counted = results.collect(activity=activity, by=by, at=at).counted
    people = people_counts.find(activity, counted, at)
    bought = orders.find(activity, people.came, at)
    names = ("reserved", "came", "unannounced", "missing", "watched")
    return {
        "activity_id": activity.pk,
        "starts_at": session.starts_at,
        "ends_at": session.ends_at,
        "replay": session.replay,
        **{name: len(getattr(people, name)) for name in names},
        "typed": [
            {"number": row.number, "by": row.by.name, "at": row.at}
            for row in sessions.list_typed(activity)
        ],
        "buyers": bought.buyers,
        "orders": list(bought.totals),
        "reservations": [
            {
                "id": row.pk,
                "member_id": row.account_id,
                "state": row.state,
                "source": row.source,
                "reserved_at": row.at,
                "cancelled_at": row.cancelled_at,
            }
            for row in reservations.list_visible(activity=activity, by=by, at=at)
        ],
        "attendances": [
            {
                "id": row.pk,
                "member_id": row.account_id,
                "how": row.how,
                "came_at": row.at,
            }
            for row in attendance.list_visible(activity=activity, by=by, at=at)
        ],
    }


@router.get("/activities/{activity_id}/live-session", response=LiveSessionOut)
def get_live_session(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """Return a live session with its people, its replay and the orders afterwards."""
    return _serialize(request, _get_session(request, activity_id))


@router.post("/activities/{activity_id}/live-session/names", response=NamesOut)
def record_names(
    request: ApiRequest, activity_id: schemas.Id, data: NamesIn
) -> attendance_lists.Taken:
    """Enter those who came by name; lines at fault are named, and nothing is stored."""
    return attendance_lists.record(
        activity=_get_session(request, activity_id),
        text=data.names,
        by=request.by,
        at=request.at,
    )


@router.post("/activities/{activity_id}/live-session/number", response=LiveSessionOut)
def type_number(
    request: ApiRequest, activity_id: schemas.Id, data: NumberIn
) -> dict[str, Any]:
    """Store how many people came, as the platform shows it."""
    activity = _get_session(request, activity_id)
    sessions.type_number(
        activity=activity, number=data.number, by=request.by, at=request.at
    )
    return _serialize(request, activity)


@router.post("/activities/{activity_id}/live-session/replay", response=LiveSessionOut)
def set_replay(
    request: ApiRequest, activity_id: schemas.Id, data: ReplayIn
) -> dict[str, Any]:
    """Show the replay to members, or none."""
    activity = _get_session(request, activity_id)
    sessions.set_replay(activity=activity, url=data.url, by=request.by, at=request.at)
    return _serialize(request, activity)


@router.post(
    "/activities/{activity_id}/live-session/reservations/{reservation_id}/cancel",
    response=LiveSessionOut,
)
def cancel_reservation(
    request: ApiRequest, activity_id: schemas.Id, reservation_id: schemas.Id
) -> dict[str, Any]:
    """Cancel a reservation for a member who asked for it."""
    activity = _get_session(request, activity_id)
    row = reservations.get(
        activity=activity, pk=reservation_id, by=request.by, at=request.at
    )
    reservations.cancel(reservation=row, by=request.by, at=request.at)
    return _serialize(request, activity)


@router.post(
    "/activities/{activity_id}/live-session/attendances/{attendance_id}/undo",
    response=LiveSessionOut,
)
def undo_attendance(
    request: ApiRequest, activity_id: schemas.Id, attendance_id: schemas.Id
) -> dict[str, Any]:
    """Take back that somebody came who did not, with the points for it."""
    activity = _get_session(request, activity_id)
    row = attendance.get(
        activity=activity, pk=attendance_id, by=request.by, at=request.at
    )
    attendance.undo(attendance=row, by=request.by, at=request.at)
    return _serialize(request, activity)
