"""The inbox: conversations that wait for an answer, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.members.accounts import masking
from qunce.outreach.content import templates
from qunce.outreach.replies import (
    answers,
    conversations,
    reply_settings,
    similar_questions,
    threads,
)
from qunce.outreach.replies.conversations import Filters
from qunce.outreach.replies.models import Answer, CloseReason, Conversation, State

router = Router(
    auth=RequiresScope("groups", shows_members=True), tags=["conversations"]
)
ConversationState = Annotated[
    State, WithJsonSchema({"type": "string", "enum": State.values})
]
Reason = Annotated[
    CloseReason, WithJsonSchema({"type": "string", "enum": CloseReason.values})
]
Login = Annotated[str, Field(max_length=150)]
MAX_SIMILAR = 10


class ReplyIn(schemas.InputSchema):
    text: Annotated[str, Field(min_length=1, max_length=templates.MAX_LENGTH)]


class ConversationCloseIn(schemas.InputSchema):
    reason: Reason


class ConversationStaffIn(schemas.InputSchema):
    """An empty `staff` leaves the conversation to whoever takes it."""

    staff: Login


class SimilarQuestionOut(schemas.OutputSchema):
    """`score` is from 0 to 1; `by` is the name of who answered."""

    conversation_id: int
    question: str
    answer: str
    by: str
    at: datetime
    score: float


class SimilarQuestionsOut(schemas.OutputSchema):
    items: list[SimilarQuestionOut]


class ConversationOut(schemas.OutputSchema):
    """`group_id` is null for a message to the community itself."""

    id: int
    kind: str
    channel: str
    member_id: int
    group_id: int | None
    state: str
    reason: str
    staff: str
    opened_at: datetime
    last_at: datetime
    due_at: datetime | None
    late_at: datetime | None
    ended_at: datetime | None


class ThreadEntryOut(schemas.OutputSchema):
    """`member_id` is null for what we wrote, `by` empty for what was sent automatically."""

    at: datetime
    text: str
    message_id: int | None
    member_id: int | None
    by: str
    waits: bool


class ConversationDetailOut(ConversationOut):
    entries: list[ThreadEntryOut]


class ReplyOut(schemas.OutputSchema):
    """`way` is channel, by_hand or elsewhere; until `final_at` it can be undone."""

    id: int
    conversation_id: int
    way: str
    state: str
    reason: str
    by: str
    at: datetime
    final_at: datetime


class ReplySettingsIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    answer_minutes: (
        Annotated[int, Field(ge=1, le=reply_settings.MAX_MINUTES)] | None
    ) = None
    assigns_in_turn: bool | None = None
    mention_words: (
        Annotated[
            list[Annotated[str, Field(max_length=reply_settings.MAX_WORD)]],
            Field(max_length=reply_settings.MAX_WORDS),
        ]
        | None
    ) = None


class ReplySettingsOut(schemas.OutputSchema):
    answer_minutes: int
    assigns_in_turn: bool
    mention_words: list[str]


def _serialize(row: Conversation) -> dict[str, Any]:
    names = (
        *("kind", "channel", "state", "reason", "opened_at", "last_at"),
        *("due_at", "late_at", "ended_at"),
    )
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in names},
        "member_id": row.account_id,
        "group_id": row.group_id or None,
        "staff": row.staff.login if row.staff else "",
    }


def _serialize_answer(answer: Answer) -> dict[str, Any]:
    names = ("conversation_id", "way", "state", "reason", "at", "final_at")
    return {
        "id": answer.pk,
        **{name: getattr(answer, name) for name in names},
        "by": answer.by.login,
    }


def _get(request: ApiRequest, pk: int) -> Conversation:
    return conversations.get(by=request.by, pk=pk, at=request.at)


@router.get("/conversations", response=schemas.Page[ConversationOut])
def list_(
    request: ApiRequest,
    state: ConversationState | None = None,
    member_id: schemas.Id | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List conversations by id."""
    filters = Filters(states=(state.value,) if state else (), account=member_id)
    rows = conversations.select(by=request.by, filters=filters).order_by("pk")
    page, more = schemas.paginate(
        lambda start_id, size: list(rows.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda row: row.pk,
        filter_visible=lambda found: conversations.filter_visible(
            found, by=request.by, at=request.at
        ),
    )
    return {"items": [_serialize(row) for row in page], "next": more}


@router.get("/conversations/settings", response=ReplySettingsOut)
def get_settings(request: ApiRequest) -> dict[str, Any]:
    """Get the answer time, who gets messages, and the names by which members call us."""
    conversations.select(by=request.by, filters=Filters())
    found = reply_settings.get(request.community)
    return {
        "answer_minutes": found.answer_minutes,
        "assigns_in_turn": found.assigns_in_turn,
        "mention_words": list(found.mention_words),
    }


@router.patch("/conversations/settings", response=ReplySettingsOut)
def update_settings(request: ApiRequest, data: ReplySettingsIn) -> dict[str, Any]:
    """Change the settings of the inbox."""
    reply_settings.change(
        community=request.community,
        by=request.by,
        at=request.at,
        **data.model_dump(exclude_unset=True),
    )
    return get_settings(request)


@router.get("/conversations/similar", response=SimilarQuestionsOut)
def list_similar(
    request: ApiRequest,
    text: Annotated[str, Field(min_length=1, max_length=similar_questions.MAX_TEXT)],
    limit: Annotated[int, Field(ge=1, le=MAX_SIMILAR)] = 3,
) -> dict[str, Any]:
    """List the answered questions nearest to a text, of members whom you see.

    Nothing is sent: an answer is a person's to give.
    """
    found = similar_questions.find(text=text, by=request.by, at=request.at, limit=limit)
    return {
        "items": [
            {
                "conversation_id": each.conversation,
                "question": masking.text(each.question, request.by),
                "answer": masking.text(each.answer, request.by),
                "by": each.by,
                "at": each.at,
                "score": round(each.score, 3),
            }
            for each in found
        ]
    }


@router.get("/conversations/{conversation_id}", response=ConversationDetailOut)
def get(request: ApiRequest, conversation_id: schemas.Id) -> dict[str, Any]:
    """Get a conversation with what was said in its chat."""
    row = _get(request, conversation_id)
    thread = threads.load(conversation=row, by=request.by, at=request.at)
    return {
        **_serialize(row),
        "entries": [
            {
                "at": entry.at,
                "text": entry.text,
                "message_id": entry.quote.message if entry.quote else None,
                "member_id": entry.quote.account if entry.quote else None,
                "by": entry.answer.by.login if entry.answer else "",
                "waits": entry.is_new,
            }
            for entry in thread.entries
        ],
    }


@router.post("/conversations/{conversation_id}/answers", response=ReplyOut)
def answer(
    request: ApiRequest, conversation_id: schemas.Id, data: ReplyIn
) -> dict[str, Any]:
    """Answer through the channel, or mark the answer as sent by hand."""
    row = _get(request, conversation_id)
    sent = answers.send(conversation=row, text=data.text, by=request.by, at=request.at)
    return _serialize_answer(sent)


@router.post("/conversations/{conversation_id}/answered", response=ReplyOut)
def mark_elsewhere(request: ApiRequest, conversation_id: schemas.Id) -> dict[str, Any]:
    """Mark that the member was answered in the chat itself."""
    row = _get(request, conversation_id)
    sent = answers.mark_elsewhere(conversation=row, by=request.by, at=request.at)
    return _serialize_answer(sent)


@router.delete(
    "/conversations/{conversation_id}/answers/{answer_id}", response=ConversationOut
)
def undo(
    request: ApiRequest, conversation_id: schemas.Id, answer_id: schemas.Id
) -> dict[str, Any]:
    """Take an answer back that is not final."""
    sent = answers.get(by=request.by, pk=answer_id, at=request.at)
    if sent.conversation_id != conversation_id:
        raise answers.not_found()
    answers.undo(answer=sent, by=request.by, at=request.at)
    return _serialize(_get(request, conversation_id))


@router.post("/conversations/{conversation_id}/close", response=ConversationOut)
def close(
    request: ApiRequest, conversation_id: schemas.Id, data: ConversationCloseIn
) -> dict[str, Any]:
    """Close a conversation without an answer."""
    row = _get(request, conversation_id)
    conversations.close(
        conversation=row, reason=data.reason.value, by=request.by, at=request.at
    )
    return _serialize(row)


@router.post("/conversations/{conversation_id}/reopen", response=ConversationOut)
def reopen(request: ApiRequest, conversation_id: schemas.Id) -> dict[str, Any]:
    """Let a conversation wait for an answer again."""
    row = _get(request, conversation_id)
    conversations.reopen(conversation=row, by=request.by, at=request.at)
    return _serialize(row)


@router.put("/conversations/{conversation_id}/staff", response=ConversationOut)
def assign(
    request: ApiRequest, conversation_id: schemas.Id, data: ConversationStaffIn
) -> dict[str, Any]:
    """Set who is to answer a conversation."""
    row = _get(request, conversation_id)
    who = staff.get_by_login(request.by, data.staff) if data.staff else None
    conversations.assign(conversation=row, staff=who, by=request.by, at=request.at)
    return _serialize(row)
