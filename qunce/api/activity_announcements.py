"""Texts of an activity that are posted in its groups."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.activities import announcements
from qunce.activities.activities import activities
from qunce.activities.activities.models import Announcement
from qunce.api import schemas
from qunce.api.activities import get_activity
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(
    auth=RequiresScope("activities", shows_members=True), tags=["activities"]
)


class AnnouncementGroupsIn(schemas.InputSchema):
    """`groups` are groups of the activity in which the text was not posted."""

    groups: Annotated[list[schemas.Id], Field(min_length=1, max_length=500)]


@router.post(
    "/activities/{activity_id}/announcements/{announcement_id}/post",
    response={204: None},
)
def announce(
    request: ApiRequest, activity_id: schemas.Id, announcement_id: schemas.Id
) -> Any:
    """Post a text in the groups of the activity now."""
    row = _get_announcement(request, activity_id, announcement_id)
    announcements.announce(announcement=row, by=request.by, at=request.at)
    return Status(204, None)


@router.post(
    "/activities/{activity_id}/announcements/{announcement_id}/post-again",
    response={204: None},
)
def announce_again(
    request: ApiRequest,
    activity_id: schemas.Id,
    announcement_id: schemas.Id,
    data: AnnouncementGroupsIn,
) -> Any:
    """Post a text again in groups that have not got it, see `groups_not_posted`.

    Where a channel cannot post, the staff of the key gets it as a task.
    """
    announcements.announce_again(
        announcement=_get_announcement(request, activity_id, announcement_id),
        groups=data.groups,
        by=request.by,
        at=request.at,
    )
    return Status(204, None)


def _get_announcement(
    request: ApiRequest, activity_id: int, announcement_id: int
) -> Announcement:
    activity = get_activity(request, activity_id)
    row = Announcement.objects.filter(activity=activity, pk=announcement_id).first()
    if row is None:
        raise activities.not_found()
    return row
