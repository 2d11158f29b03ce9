"""The content calendar: what groups get by day, too much and nothing, and best hours."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.outreach.content_calendar import best_hours, board, limits, moves
from qunce.outreach.content_calendar.board import Board
from qunce.outreach.content_calendar.entries import Entry
from qunce.outreach.content_calendar.limits import Limits

router = Router(auth=RequiresScope("campaigns"), tags=["content calendar"])
Days = Annotated[int, Field(ge=1, le=board.MAX_DAYS, description="Days from `first`.")]


class EntryOut(schemas.OutputSchema):
    """`id` is the campaign, series, playbook or request, 0 if the key does not see it.

    `move_key` is empty for what cannot be moved, and `why_fixed` then says why.
    """

    kind: str
    id: int = Field(alias="pk")
    title: str
    at: datetime
    status: str
    content_type: str
    to_members: bool
    group_ids: list[int]
    move_key: str
    why_fixed: str

    @staticmethod
    def resolve_group_ids(entry: Entry) -> list[int]:
        return list(entry.groups)


class ShareOut(schemas.OutputSchema):
    """`target` is null if no target mix is set."""

    content_type: str
    count: int
    percent: int
    target: int | None


class WarningOut(schemas.OutputSchema):
    """The days on which a group gets too much, or has heard nothing for too long."""

    group_id: int
    overloaded: list[date]
    silent: list[date]


class CalendarOut(schemas.OutputSchema):
    entries: list[EntryOut]
    warnings: list[WarningOut]
    mix: list[ShareOut]


class HoursOut(schemas.OutputSchema):
    """`hours` is empty if there are fewer messages than `min_messages`."""

    group_id: int | None
    hours: list[int]
    messages: int
    days: int


class BestHoursOut(schemas.OutputSchema):
    min_messages: int
    overall: HoursOut
    groups: list[HoursOut]


class LimitsIn(schemas.InputSchema):
    """`target_mix` maps content types to percent, which add up to 100."""

    max_per_day: Annotated[int, Field(ge=1, le=50)]
    silent_days: Annotated[int, Field(ge=1, le=30)]
    target_mix: dict[str, Annotated[int, Field(ge=0, le=100)]] = {}


class LimitsOut(schemas.OutputSchema):
    max_per_day: int
    silent_days: int
    target_mix: dict[str, int]


class MoveIn(schemas.InputSchema):
    to: schemas.Timestamp


class MovedOut(schemas.OutputSchema):
    """`before` is the time at which it was."""

    before: datetime


@router.get("/content-calendar", response=CalendarOut)
def get(request: ApiRequest, first: date, days: Days = 7) -> dict[str, Any]:
    """Get what is planned and was sent on some days, in the visible groups."""
    shown = board.load(by=request.by, first=first, days=days, at=request.at)
    return {
        "entries": shown.entries,
        "warnings": list(_warnings(shown)),
        "mix": shown.mix(),
    }


def _warnings(shown: Board) -> list[dict[str, Any]]:
    rows = sorted({*shown.rows_with(shown.overload), *shown.rows_with(shown.silence)})
    return [
        {
            "group_id": shown.groups[row].pk,
            "overloaded": [
                day for n, day in enumerate(shown.days) if shown.overload[row, n]
            ],
            "silent": [
                day for n, day in enumerate(shown.days) if shown.silence[row, n]
            ],
        }
        for row in rows
    ]


@router.get("/content-calendar/best-hours", response=BestHoursOut)
def get_best_hours(request: ApiRequest) -> dict[str, Any]:
    """Get the hours at which the visible groups are most active."""
    found = best_hours.load(by=request.by, at=request.at)
    return {
        "min_messages": best_hours.MIN_MESSAGES,
        "overall": {"group_id": None, **_hours(found.overall)},
        "groups": [
            {"group_id": group, **_hours(hours)}
            for group, hours in sorted(found.by_group.items())
        ],
    }


def _hours(hours: best_hours.BestHours) -> dict[str, Any]:
    return {
        "hours": list(hours.hours),
        "messages": hours.messages,
        "days": hours.days,
    }


@router.post("/content-calendar/entries/{move_key}/move", response=MovedOut)
def move(
    request: ApiRequest, move_key: Annotated[str, Field(max_length=60)], data: MoveIn
) -> dict[str, Any]:
    """Move an entry by its `move_key` to another time."""
    before = moves.move(key=move_key, to=data.to, by=request.by, at=request.at)
    return {"before": before}


@router.get("/content-calendar/limits", response=LimitsOut)
def get_limits(request: ApiRequest) -> Limits:
    """Get from when on a group gets too much or nothing, and the target mix."""
    return limits.get(request.community)


@router.put("/content-calendar/limits", response=LimitsOut)
def set_limits(request: ApiRequest, data: LimitsIn) -> Limits:
    """Set the limits of the community."""
    chosen = Limits(data.max_per_day, data.silent_days, data.target_mix)
    limits.update(
        community=request.community, limits=chosen, by=request.by, at=request.at
    )
    return limits.get(request.community)
