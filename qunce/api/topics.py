"""Topics: the hot list, the replies to one, and hiding or showing a reply."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router
from pydantic import WithJsonSchema

from qunce.activities.activities import activities
from qunce.activities.activities.models import MAX_SENTENCE, PUBLISHED, Activity
from qunce.activities.topics import hashtag_settings, hot_list, reply_list
from qunce.activities.topics import replies as reply_verbs
from qunce.activities.topics.models import ReplyState as State
from qunce.activities.topics.models import TopicReply
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["topics"])
ReplyState = Annotated[State, WithJsonSchema({"type": "string", "enum": State.values})]
Days = Annotated[int, Field(ge=1, le=30)]


class HotTopicOut(schemas.OutputSchema):
    """A topic with how many different people replied in the window, as members read it."""

    activity_id: int
    name: str
    hashtag: str
    state: str
    people: int
    last_at: datetime


class HotTopicListOut(schemas.OutputSchema):
    items: list[HotTopicOut]


class TopicReplyOut(schemas.OutputSchema):
    """A reply; `reason` is why it is held or hidden, which members do not read.

    `version` changes with its text.
    """

    id: int
    member_id: int
    text: str
    state: str
    reason: str
    way: str
    group_id: int | None
    version: str
    said_at: datetime


class TopicReplyReasonIn(schemas.InputSchema):
    reason: Annotated[str, Field(min_length=1, max_length=MAX_SENTENCE)]


def _get(request: ApiRequest, activity_id: int) -> Activity:
    activity = activities.get(by=request.by, pk=activity_id)
    if activity.kind != reply_verbs.KIND:
        raise activities.not_found()
    return activity


def _get_reply(request: ApiRequest, activity_id: int, pk: int) -> TopicReply:
    activity = _get(request, activity_id)
    return reply_verbs.get(activity=activity, pk=pk, by=request.by, at=request.at)


def _serialize(row: TopicReply) -> dict[str, Any]:
    names = ("text", "state", "reason", "group_id", "said_at")
    own = {name: getattr(row, name) for name in names}
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "way": row.source,
        "version": reply_verbs.version_of(row),
        **own,
    }


@router.get("/topics/hot", response=HotTopicListOut)
def list_hot(
    request: ApiRequest, days: Days = hot_list.DEFAULT_WINDOW
) -> dict[str, Any]:
    """List the hottest topics of the last 1, 7 or 30 days, by people and not by replies."""
    window = hot_list.parse_window(str(days))
    rows = activities.list_visible(request.by).filter(
        kind=reply_verbs.KIND, state__in=PUBLISHED
    )
    found = hot_list.rank(
        request.community,
        days=window,
        at=request.at,
        among=set(rows.values_list("pk", flat=True)),
    )
    items = [
        {
            "activity_id": each.activity.pk,
            "name": each.activity.name,
            "hashtag": hashtag_settings.written_as(each.activity),
            "state": each.activity.state,
            "people": each.people,
            "last_at": each.last_at,
        }
        for each in found
    ]
    return {"items": items}


@router.get(
    "/activities/{activity_id}/topic-replies", response=schemas.Page[TopicReplyOut]
)
def list_(
    request: ApiRequest,
    activity_id: schemas.Id,
    state: ReplyState | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the replies to a topic by id, of members whom you see."""
    rows = reply_list.list_visible(
        activity=_get(request, activity_id),
        by=request.by,
        at=request.at,
        state=state.value if state else "",
    ).order_by("pk")
    page, more = schemas.paginate(
        lambda start_id, size: list(rows.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda row: row.pk,
    )
    return {"items": [_serialize(row) for row in page], "next": more}


@router.post(
    "/activities/{activity_id}/topic-replies/{topic_reply_id}/hide",
    response=TopicReplyOut,
)
def hide(
    request: ApiRequest,
    activity_id: schemas.Id,
    topic_reply_id: schemas.Id,
    data: TopicReplyReasonIn,
) -> dict[str, Any]:
    """Hide a reply from members, for a reason that staff read."""
    row = _get_reply(request, activity_id, topic_reply_id)
    reply_verbs.hide(reply=row, reason=data.reason, by=request.by, at=request.at)
    return _serialize(row)


@router.post(
    "/activities/{activity_id}/topic-replies/{topic_reply_id}/show",
    response=TopicReplyOut,
)
def show(
    request: ApiRequest,
    activity_id: schemas.Id,
    topic_reply_id: schemas.Id,
    version: schemas.Version = None,
) -> dict[str, Any]:
    """Show a reply that is held or hidden, and give its points if it had none yet.

    With the version that you have read, nothing happens if it was edited since.
    """
    row = _get_reply(request, activity_id, topic_reply_id)
    reply_verbs.show(reply=row, by=request.by, at=request.at, version=version)
    return _serialize(row)
