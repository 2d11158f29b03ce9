"""Limits of moderation: of the community, of one group, and its door."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation import doors, moderation_settings
from qunce.groups.moderation.actions import safety_stops
from qunce.groups.moderation.models import Mode

router = Router(auth=RequiresScope("groups"), tags=["moderation"])


class ModerationSettingsIn(schemas.InputSchema):
    """Null means off for `max_per_minute` and `max_percent`. No number does.

    Others have no null, so that it leaves them as they are.
    """

    mode: Mode | None = None
    max_per_minute: Annotated[int, Field(ge=1, le=1_000)] | None = None
    max_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    two_people_above: Annotated[int, Field(ge=1, le=1_000)] | None = None
    door_minutes: Annotated[int, Field(ge=1, le=1_440)] | None = None
    task_minutes: Annotated[int, Field(ge=5, le=10_080)] | None = None
    sends_notices: bool | None = None


class ModerationSettingsOut(schemas.OutputSchema):
    mode: Mode
    max_per_minute: int | None
    max_percent: int | None
    two_people_above: int
    door_minutes: int
    task_minutes: int
    sends_notices: bool


class GroupModerationIn(schemas.InputSchema):
    """A `mode` of null is that of all groups."""

    mode: Mode | None


class GroupModerationOut(schemas.OutputSchema):
    """`mode` is the group's own, `cap` what rules may do there now."""

    mode: Mode | None
    cap: Mode
    is_stopped: bool
    closed_until: datetime | None


class DoorIn(schemas.InputSchema):
    minutes: Annotated[int, Field(ge=1, le=doors.MAX_MINUTES)]


@router.get("/moderation/settings", response=ModerationSettingsOut)
def get_settings(request: ApiRequest) -> Any:
    """Get the limits of the community."""
    return moderation_settings.get(request.by)


@router.patch("/moderation/settings", response=ModerationSettingsOut)
def update_settings(request: ApiRequest, data: ModerationSettingsIn) -> Any:
    """Change limits. Fields that are missing stay as they are."""
    given = data.model_dump(mode="json", exclude_unset=True)
    given = {
        name: value
        for name, value in given.items()
        if value is not None or name in moderation_settings.MAY_BE_OFF
    }
    moderation_settings.update(
        community=request.community, by=request.by, at=request.at, **given
    )
    return get_settings(request)


@router.get("/groups/{group_id}/moderation", response=GroupModerationOut)
def get_group(request: ApiRequest, group_id: schemas.Id) -> dict[str, Any]:
    """Get what rules may do in a group, and whether it is closed for newcomers."""
    group = group_visibility.get(by=request.by, pk=group_id)
    own = moderation_settings.list_group_modes(request.by).get(group_id)
    stops = safety_stops.list_active(request.by).filter(group=group)
    door = doors.find_closed(group)
    return {
        "mode": own,
        "cap": moderation_settings.cap_of(group),
        "is_stopped": stops.exists(),
        "closed_until": door.due_at if door else None,
    }


@router.put("/groups/{group_id}/moderation", response=GroupModerationOut)
def update_group(
    request: ApiRequest, group_id: schemas.Id, data: GroupModerationIn
) -> dict[str, Any]:
    """Decide what rules may do at most in a group."""
    group = group_visibility.get(by=request.by, pk=group_id)
    moderation_settings.set_group_mode(
        group=group, mode=data.mode, by=request.by, at=request.at
    )
    return get_group(request, group_id)


@router.post("/groups/{group_id}/moderation/resume", response=GroupModerationOut)
def end_stop(request: ApiRequest, group_id: schemas.Id) -> dict[str, Any]:
    """End the safety stop of a group, so that rules act there again."""
    group = group_visibility.get(by=request.by, pk=group_id)
    for stop in safety_stops.list_active(request.by).filter(group=group):
        safety_stops.end(stop=stop, by=request.by, at=request.at)
        return get_group(request, group_id)
    raise safety_stops.not_found()


@router.put("/groups/{group_id}/door", response=GroupModerationOut)
def close_door(
    request: ApiRequest, group_id: schemas.Id, data: DoorIn
) -> dict[str, Any]:
    """Close a group for newcomers for some minutes."""
    group = group_visibility.get(by=request.by, pk=group_id)
    doors.close(group=group, minutes=data.minutes, by=request.by, at=request.at)
    return get_group(request, group_id)


@router.delete("/groups/{group_id}/door", response={204: None})
def open_door(request: ApiRequest, group_id: schemas.Id) -> Any:
    """Open a group for newcomers before its time."""
    group = group_visibility.get(by=request.by, pk=group_id)
    doors.open_now(group=group, by=request.by, at=request.at)
    return Status(204, None)
