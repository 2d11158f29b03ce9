"""The board of wishes: who asked for what, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups.wishes import models, wishes
from qunce.groups.wishes.models import Kind, State, Wish
from qunce.outreach import wish_answers

router = Router(auth=RequiresScope("groups", shows_members=True), tags=["wishes"])
WishKind = Annotated[Kind, WithJsonSchema({"type": "string", "enum": Kind.values})]
WishState = Annotated[State, WithJsonSchema({"type": "string", "enum": State.values})]
Title = Annotated[str, Field(min_length=1, max_length=models.MAX_TITLE)]
Text = Annotated[str, Field(max_length=models.MAX_TEXT)]
MessageId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class WishUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    kind: WishKind | None = None
    title: Title | None = None
    text: Text | None = None
    answer: Text | None = None


class WishIn(WishUpdateIn):
    title: Title


class WishStateIn(schemas.InputSchema):
    state: WishState


class WishMergeIn(schemas.InputSchema):
    """`into_id` is the wish that says the same and gets the voices."""

    into_id: schemas.Id


class VoiceIn(schemas.InputSchema):
    """The id of a message's text, or the member who asked."""

    message_id: MessageId | None = None
    member_id: schemas.Id | None = None


class VoiceOut(schemas.OutputSchema):
    """`text` is null if no message is named, or its text is deleted or hidden."""

    id: int
    member_id: int
    message_id: int | None
    text: str | None
    at: datetime


class WishOut(schemas.OutputSchema):
    """`members` is how many distinct members asked; `campaign` the key of the answer."""

    id: int
    kind: str
    title: str
    text: str
    answer: str
    campaign: str
    state: str
    merged_into_id: int | None
    members: int
    created_at: datetime
    changed_at: datetime


class WishDetailOut(WishOut):
    voices: list[VoiceOut]


class WishListOut(schemas.OutputSchema):
    """The wishes that are not merged, those of most members first."""

    items: list[WishOut]


class WishAnswerOut(schemas.OutputSchema):
    """`campaign` is the key of the draft, which a person sends."""

    campaign: str
    members: int


def _serialize(wish: Wish, members: int) -> dict[str, Any]:
    names = (
        *("kind", "title", "text", "answer", "campaign", "state", "merged_into_id"),
        *("created_at", "changed_at"),
    )
    return {
        "id": wish.pk,
        **{name: getattr(wish, name) for name in names},
        "members": members,
    }


def _detail(request: ApiRequest, wish: Wish) -> dict[str, Any]:
    by, at = request.by, request.at
    return {
        **_serialize(wish, len(wishes.list_people(wish=wish, by=by, at=at))),
        "voices": [
            {
                "id": voice.row.pk,
                "member_id": voice.row.account_id,
                "message_id": voice.quote.message if voice.quote else None,
                "text": voice.quote.text if voice.quote else None,
                "at": voice.row.at,
            }
            for voice in wishes.list_voices(wish=wish, by=by, at=at)
        ],
    }


def _fields(data: WishUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True, mode="python")
    return {
        name: getattr(value, "value", value)
        for name, value in given.items()
        if value is not None
    }


@router.get("/wishes", response=WishListOut)
def list_(
    request: ApiRequest,
    state: WishState | None = None,
    kind: WishKind | None = None,
    search_text: Annotated[str, Field(max_length=80, alias="search")] = "",
) -> dict[str, Any]:
    """List the wishes of the board."""
    found = wishes.list_counted(
        by=request.by,
        at=request.at,
        state=state.value if state else "",
        kind=kind.value if kind else "",
        query=search_text,
    )
    return {"items": [_serialize(each.wish, each.members) for each in found]}


@router.post("/wishes", response={201: WishDetailOut})
def create(request: ApiRequest, data: WishIn) -> Any:
    """Write a wish down."""
    wish = wishes.create(
        community=request.community, by=request.by, at=request.at, **_fields(data)
    )
    return Status(201, _detail(request, wish))


@router.get("/wishes/{wish_id}", response=WishDetailOut)
def get(request: ApiRequest, wish_id: schemas.Id) -> dict[str, Any]:
    """Get a wish with its voices."""
    return _detail(request, wishes.get(by=request.by, pk=wish_id))


@router.patch("/wishes/{wish_id}", response=WishDetailOut)
def update(
    request: ApiRequest, wish_id: schemas.Id, data: WishUpdateIn
) -> dict[str, Any]:
    """Change a wish."""
    wish = wishes.get(by=request.by, pk=wish_id)
    wishes.update(wish=wish, by=request.by, at=request.at, **_fields(data))
    return _detail(request, wish)


@router.put("/wishes/{wish_id}/state", response=WishDetailOut)
def change_state(
    request: ApiRequest, wish_id: schemas.Id, data: WishStateIn
) -> dict[str, Any]:
    """Set what becomes of a wish."""
    wish = wishes.get(by=request.by, pk=wish_id)
    wishes.change_state(wish=wish, state=data.state.value, by=request.by, at=request.at)
    return _detail(request, wish)


@router.post("/wishes/{wish_id}/voices", response={201: WishDetailOut})
def add_voice(request: ApiRequest, wish_id: schemas.Id, data: VoiceIn) -> Any:
    """Note that a member asked for a wish."""
    wish = wishes.get(by=request.by, pk=wish_id)
    wishes.add_voice(
        wish=wish,
        message=data.message_id,
        account=data.member_id,
        by=request.by,
        at=request.at,
    )
    return Status(201, _detail(request, wish))


@router.delete("/wishes/{wish_id}/voices/{voice_id}", response={204: None})
def remove_voice(request: ApiRequest, wish_id: schemas.Id, voice_id: schemas.Id) -> Any:
    """Remove a voice that was added by mistake."""
    wish = wishes.get(by=request.by, pk=wish_id)
    wishes.remove_voice(wish=wish, voice=voice_id, by=request.by, at=request.at)
    return Status(204, None)


@router.post("/wishes/{wish_id}/merge", response=WishDetailOut)
def merge(
    request: ApiRequest, wish_id: schemas.Id, data: WishMergeIn
) -> dict[str, Any]:
    """Merge a wish into another one that says the same."""
    wish = wishes.get(by=request.by, pk=wish_id)
    into = wishes.get(by=request.by, pk=data.into_id)
    wishes.merge(wish=wish, into=into, by=request.by, at=request.at)
    return _detail(request, into)


@router.delete("/wishes/{wish_id}/merge", response=WishDetailOut)
def separate(request: ApiRequest, wish_id: schemas.Id) -> dict[str, Any]:
    """Undo the merge of a wish."""
    wish = wishes.get(by=request.by, pk=wish_id)
    wishes.separate(wish=wish, by=request.by, at=request.at)
    return _detail(request, wish)


@router.post(
    "/wishes/{wish_id}/answer",
    response={201: WishAnswerOut},
    auth=RequiresScope("groups", shows_members=True, also=["campaigns", "segments"]),
)
def draft_answer(request: ApiRequest, wish_id: schemas.Id) -> Any:
    """Draft a campaign with the answer to those who asked. Nothing is sent."""
    wish = wishes.get(by=request.by, pk=wish_id)
    campaign = wish_answers.draft(wish=wish, by=request.by, at=request.at)
    members = len(wishes.list_people(wish=wish, by=request.by, at=request.at))
    return Status(201, {"campaign": campaign.key, "members": members})
