"""Posts of members: the list of an activity, and what staff decide about one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router
from pydantic import WithJsonSchema

from qunce.activities.activities import activities
from qunce.activities.activities.models import MAX_SENTENCE, Activity
from qunce.activities.posts import consents, decisions, posts, reading, rewards
from qunce.activities.posts.models import Post, PostState, Use
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["posts"])
State = Annotated[
    PostState, WithJsonSchema({"type": "string", "enum": PostState.values})
]
UseName = Annotated[Use, WithJsonSchema({"type": "string", "enum": Use.values})]


class PostOut(schemas.OutputSchema):
    """A post; `consents` are the uses that its author consents to now.

    `version` changes with what the author edits.
    """

    id: int
    member_id: int
    code: str
    text: str
    product: str
    rating: int | None
    state: str
    found: str
    reason: str
    way: str
    pictures: int
    consents: list[str]
    is_featured: bool
    is_rewarded: bool
    version: str
    at: datetime


class PostReasonIn(schemas.InputSchema):
    reason: Annotated[str, Field(min_length=1, max_length=MAX_SENTENCE)]


class ConsentsIn(schemas.InputSchema):
    """`received_at` is when the author said so to staff."""

    uses: Annotated[list[UseName], Field(min_length=1, max_length=len(Use))]
    received_at: schemas.Timestamp


class OtherRewardIn(schemas.InputSchema):
    reward: Annotated[str, Field(min_length=1, max_length=MAX_SENTENCE)]


def _get_activity(request: ApiRequest, activity_id: int) -> Activity:
    activity = activities.get(by=request.by, pk=activity_id)
    posts.check_post_activity(activity)
    return activity


def _get(request: ApiRequest, activity_id: int, pk: int) -> Post:
    activity = _get_activity(request, activity_id)
    return posts.get(activity=activity, pk=pk, by=request.by, at=request.at)


def _serialize(row: Post) -> dict[str, Any]:
    names = (
        "code", "text", "product", "rating", "state", "found", "reason",
        "is_featured", "is_rewarded", "at",
    )  # fmt: skip
    pictures = list(row.pictures.order_by("number").values_list("code", flat=True))
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "way": row.source,
        "pictures": len(pictures),
        "version": decisions.version_of(row, pictures),
        "consents": [use.value for use in consents.list_active(row)],
        **{name: getattr(row, name) for name in names},
    }


@router.get("/activities/{activity_id}/posts", response=schemas.Page[PostOut])
def list_(
    request: ApiRequest,
    activity_id: schemas.Id,
    state: State | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the posts of an activity by id, of members whom you see."""
    rows = reading.list_visible(
        activity=_get_activity(request, activity_id),
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


@router.post("/activities/{activity_id}/posts/{post_id}/accept", response=PostOut)
def accept(
    request: ApiRequest,
    activity_id: schemas.Id,
    post_id: schemas.Id,
    version: schemas.Version = None,
) -> dict[str, Any]:
    """Let other members read a post that waits, was rejected or is hidden.

    With the version that you have read, nothing happens if it was edited since.
    """
    row = _get(request, activity_id, post_id)
    done = decisions.accept(post=row, by=request.by, at=request.at, version=version)
    return _serialize(done)


@router.post("/activities/{activity_id}/posts/{post_id}/reject", response=PostOut)
def reject(
    request: ApiRequest,
    activity_id: schemas.Id,
    post_id: schemas.Id,
    data: PostReasonIn,
) -> dict[str, Any]:
    """Refuse a post that waits, for a reason that its author reads."""
    row = _get(request, activity_id, post_id)
    done = decisions.reject(post=row, reason=data.reason, by=request.by, at=request.at)
    return _serialize(done)


@router.post("/activities/{activity_id}/posts/{post_id}/hide", response=PostOut)
def hide(
    request: ApiRequest,
    activity_id: schemas.Id,
    post_id: schemas.Id,
    data: PostReasonIn,
) -> dict[str, Any]:
    """Hide an accepted post, for a reason that its author reads."""
    row = _get(request, activity_id, post_id)
    done = decisions.hide(post=row, reason=data.reason, by=request.by, at=request.at)
    return _serialize(done)


@router.post("/activities/{activity_id}/posts/{post_id}/feature", response=PostOut)
def feature(
    request: ApiRequest, activity_id: schemas.Id, post_id: schemas.Id
) -> dict[str, Any]:
    """Put an accepted post among the best, with the consent of its author."""
    row = _get(request, activity_id, post_id)
    return _serialize(decisions.feature(post=row, by=request.by, at=request.at))


@router.post("/activities/{activity_id}/posts/{post_id}/unfeature", response=PostOut)
def unfeature(
    request: ApiRequest, activity_id: schemas.Id, post_id: schemas.Id
) -> dict[str, Any]:
    """Remove a post from the best ones."""
    row = _get(request, activity_id, post_id)
    return _serialize(decisions.unfeature(post=row, by=request.by, at=request.at))


@router.post("/activities/{activity_id}/posts/{post_id}/consents", response=PostOut)
def confirm_consents(
    request: ApiRequest,
    activity_id: schemas.Id,
    post_id: schemas.Id,
    data: ConsentsIn,
) -> dict[str, Any]:
    """Confirm consents that staff received elsewhere, and when; none is withdrawn."""
    row = _get(request, activity_id, post_id)
    consents.confirm(
        post=row,
        uses=data.uses,
        received_at=data.received_at,
        by=request.by,
        at=request.at,
    )
    return _serialize(row)


@router.delete(
    "/activities/{activity_id}/posts/{post_id}/consents/{use}", response=PostOut
)
def withdraw_consent(
    request: ApiRequest, activity_id: schemas.Id, post_id: schemas.Id, use: UseName
) -> dict[str, Any]:
    """Withdraw a consent for an author who asks for it."""
    row = _get(request, activity_id, post_id)
    consents.withdraw(post=row, use=use.value, by=request.by, at=request.at)
    row.refresh_from_db()
    return _serialize(row)


@router.post("/activities/{activity_id}/posts/{post_id}/other-reward", response=PostOut)
def note_reward(
    request: ApiRequest,
    activity_id: schemas.Id,
    post_id: schemas.Id,
    data: OtherRewardIn,
) -> dict[str, Any]:
    """Mark a post whose author got something else for it, such as a free sample."""
    row = _get(request, activity_id, post_id)
    done = rewards.note(post=row, reward=data.reward, by=request.by, at=request.at)
    return _serialize(done)


@router.post("/activities/{activity_id}/posts/{post_id}/reward", response=PostOut)
def reward(
    request: ApiRequest, activity_id: schemas.Id, post_id: schemas.Id
) -> dict[str, Any]:
    """Give the points of the activity for an accepted post, once, and mark it."""
    row = _get(request, activity_id, post_id)
    return _serialize(rewards.reward(post=row, by=request.by, at=request.at))
