"""Complaints and after-sales cases, and the words that raise them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.groups.complaints import (
    complaint_list,
    complaint_settings,
    complaints,
    models,
    ratings,
)
from qunce.groups.complaints.complaint_list import Filters
from qunce.groups.complaints.models import Complaint, Kind, Outcome, Source, State
from qunce.groups.complaints.negative_words import Topic

router = Router(auth=RequiresScope("groups", shows_members=True), tags=["complaints"])
CaseKind = Annotated[Kind, WithJsonSchema({"type": "string", "enum": Kind.values})]
CaseState = Annotated[State, WithJsonSchema({"type": "string", "enum": State.values})]
CaseOutcome = Annotated[
    Outcome, WithJsonSchema({"type": "string", "enum": Outcome.values})
]
TopicKey = Annotated[str, Field(min_length=1, max_length=models.MAX_TOPIC)]
Login = Annotated[str, Field(max_length=150)]
Text = Annotated[str, Field(max_length=models.MAX_TEXT)]
Word = Annotated[str, Field(min_length=1, max_length=complaint_settings.MAX_WORD)]
Hours = Annotated[int, Field(ge=1, le=complaint_settings.MAX_HOURS)]


class ComplaintUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    kind: CaseKind | None = None
    topic: TopicKey | None = None
    title: Annotated[str, Field(max_length=models.MAX_TITLE)] | None = None
    text: Text | None = None
    order: Annotated[str, Field(max_length=models.MAX_ORDER)] | None = None
    due_at: schemas.Timestamp | None = None


class ComplaintIn(ComplaintUpdateIn):
    """`owner` is a login; without one it is the staff in charge of the member."""

    topic: TopicKey
    member_id: schemas.Id | None = None
    group_id: schemas.Id | None = None
    owner: Login | None = None


class ComplaintAnswerIn(schemas.InputSchema):
    text: Annotated[str, Field(min_length=1, max_length=models.MAX_TEXT)]


class ComplaintAttachIn(schemas.InputSchema):
    """`message_id` is the id of a message's text."""

    message_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


class ComplaintCloseIn(schemas.InputSchema):
    outcome: CaseOutcome
    text: Text = ""


class ComplaintOwnerIn(schemas.InputSchema):
    """An empty `staff` leaves the case to whoever takes it."""

    staff: Login


class ComplaintOut(schemas.OutputSchema):
    """`late_at` is when it was noticed that nobody answered by `due_at`."""

    id: int
    kind: str
    source: str
    topic: str
    title: str
    text: str
    order: str
    member_id: int | None
    group_id: int | None
    state: str
    outcome: str
    owner: str
    opened_at: datetime
    due_at: datetime
    late_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None


class ComplaintNoteOut(schemas.OutputSchema):
    text: str
    is_answer: bool
    by: str
    at: datetime


class ComplaintMessageOut(schemas.OutputSchema):
    """`text` is null if it is deleted or may not be read; `words` are what raised it."""

    message_id: int | None
    happened_at: datetime
    words: list[str]
    text: str | None


class ComplaintRatingIn(schemas.InputSchema):
    rating: Annotated[int, Field(ge=ratings.MIN, le=ratings.MAX)]


class ComplaintRatingOut(schemas.OutputSchema):
    """`by` is the login of who typed it, "" for the member's own message."""

    rating: int
    rated_at: datetime
    by: str


class ComplaintDetailOut(ComplaintOut):
    notes: list[ComplaintNoteOut]
    messages: list[ComplaintMessageOut]
    ratings: list[ComplaintRatingOut]


class TopicIn(schemas.InputSchema):
    topic: TopicKey
    words: Annotated[list[Word], Field(max_length=complaint_settings.MAX_WORDS)]


class ComplaintSettingsIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    topics: (
        Annotated[list[TopicIn], Field(max_length=complaint_settings.MAX_TOPICS)] | None
    ) = None
    raises_from_messages: bool | None = None
    complaint_hours: Hours | None = None
    after_sales_hours: Hours | None = None
    asks_ratings: bool | None = None


class TopicOut(schemas.OutputSchema):
    topic: str
    name: str
    words: list[str]


class ComplaintSettingsOut(schemas.OutputSchema):
    topics: list[TopicOut]
    raises_from_messages: bool
    complaint_hours: int
    after_sales_hours: int
    asks_ratings: bool


def _serialize(case: Complaint) -> dict[str, Any]:
    names = (
        *("kind", "source", "topic", "title", "text", "order", "group_id", "state"),
        *("outcome", "opened_at", "due_at", "late_at", "answered_at", "closed_at"),
    )
    return {
        "id": case.pk,
        **{name: getattr(case, name) for name in names},
        "member_id": case.account_id,
        "owner": case.owner.login if case.owner else "",
    }


def _detail(request: ApiRequest, case: Complaint) -> dict[str, Any]:
    by, at = request.by, request.at
    return {
        **_serialize(case),
        "notes": [
            {
                "text": note.text,
                "is_answer": note.is_answer,
                "by": note.by.login,
                "at": note.at,
            }
            for note in complaint_list.list_notes(case, by=by, at=at)
        ],
        "messages": [
            {
                "message_id": each.quote.message if each.quote else None,
                "happened_at": each.row.happened_at,
                "words": each.row.words,
                "text": each.quote.text if each.quote else None,
            }
            for each in complaint_list.list_messages(case, by=by, at=at)
        ],
        "ratings": [
            {
                "rating": each.rating,
                "rated_at": each.rated_at,
                "by": each.by.login if each.by else "",
            }
            for each in ratings.list_of(case)
        ],
    }


def _fields(data: ComplaintUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True, mode="python")
    return {
        name: getattr(value, "value", value)
        for name, value in given.items()
        if value is not None
    }


@router.get("/complaints", response=schemas.Page[ComplaintOut])
def list_(
    request: ApiRequest,
    state: CaseState | None = None,
    member_id: schemas.Id | None = None,
    late: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List cases by id."""
    filters = Filters(
        states=(state.value,) if state else (),
        account=member_id,
        late_at=request.at if late else None,
    )
    rows = complaint_list.select(by=request.by, filters=filters).order_by("pk")
    page, more = schemas.paginate(
        lambda start_id, size: list(rows.filter(pk__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda case: case.pk,
        filter_visible=lambda found: complaint_list.filter_visible(
            list(found), by=request.by, at=request.at
        ),
    )
    return {"items": [_serialize(case) for case in page], "next": more}


@router.post("/complaints", response={201: ComplaintOut})
def create(request: ApiRequest, data: ComplaintIn) -> Any:
    """Raise a case."""
    fields = _fields(data)
    owner = fields.pop("owner", "")
    case = complaints.create(
        community=request.community,
        account=fields.pop("member_id", None),
        group=fields.pop("group_id", None),
        owner=staff.get_by_login(request.by, owner) if owner else None,
        source=Source.PROGRAM,
        by=request.by,
        at=request.at,
        **fields,
    )
    return Status(201, _serialize(case))


@router.get("/complaints/settings", response=ComplaintSettingsOut)
def get_settings(request: ApiRequest) -> dict[str, Any]:
    """Get the words that raise cases, by topic, and the hours to answer."""
    complaint_list.select(by=request.by, filters=Filters())
    found = complaint_settings.get(request.community)
    return {
        "topics": [
            {"topic": each.key, "name": str(each.label), "words": list(each.words)}
            for each in found.topics
        ],
        "raises_from_messages": found.raises_from_messages,
        "complaint_hours": found.complaint_hours,
        "after_sales_hours": found.after_sales_hours,
        "asks_ratings": found.asks_ratings,
    }


@router.patch("/complaints/settings", response=ComplaintSettingsOut)
def update_settings(request: ApiRequest, data: ComplaintSettingsIn) -> dict[str, Any]:
    """Change the words that raise cases, or the hours to answer."""
    topics = data.topics
    complaint_settings.change(
        community=request.community,
        topics=None
        if topics is None
        else [Topic(each.topic, tuple(each.words)) for each in topics],
        raises_from_messages=data.raises_from_messages,
        complaint_hours=data.complaint_hours,
        after_sales_hours=data.after_sales_hours,
        asks_ratings=data.asks_ratings,
        by=request.by,
        at=request.at,
    )
    return get_settings(request)


@router.get("/complaints/{complaint_id}", response=ComplaintDetailOut)
def get(request: ApiRequest, complaint_id: schemas.Id) -> dict[str, Any]:
    """Get a case with its notes and messages."""
    return _detail(request, _get(request, complaint_id))


def _get(request: ApiRequest, pk: int) -> Complaint:
    return complaint_list.get(by=request.by, pk=pk, at=request.at)


@router.patch("/complaints/{complaint_id}", response=ComplaintDetailOut)
def update(
    request: ApiRequest, complaint_id: schemas.Id, data: ComplaintUpdateIn
) -> dict[str, Any]:
    """Change a case."""
    case = _get(request, complaint_id)
    complaints.update(complaint=case, by=request.by, at=request.at, **_fields(data))
    return _detail(request, case)


@router.put("/complaints/{complaint_id}/owner", response=ComplaintOut)
def assign(
    request: ApiRequest, complaint_id: schemas.Id, data: ComplaintOwnerIn
) -> dict[str, Any]:
    """Set the owner of a case."""
    case = _get(request, complaint_id)
    owner = staff.get_by_login(request.by, data.staff) if data.staff else None
    complaints.assign(complaint=case, staff=owner, by=request.by, at=request.at)
    return _serialize(case)


@router.post("/complaints/{complaint_id}/start", response=ComplaintOut)
def start(request: ApiRequest, complaint_id: schemas.Id) -> dict[str, Any]:
    """Take a case into work."""
    case = _get(request, complaint_id)
    complaints.start(complaint=case, by=request.by, at=request.at)
    return _serialize(case)


@router.post("/complaints/{complaint_id}/answer", response=ComplaintOut)
def answer(
    request: ApiRequest, complaint_id: schemas.Id, data: ComplaintAnswerIn
) -> dict[str, Any]:
    """Note what the member was answered."""
    case = _get(request, complaint_id)
    complaints.answer(complaint=case, text=data.text, by=request.by, at=request.at)
    return _serialize(case)


@router.post("/complaints/{complaint_id}/close", response=ComplaintOut)
def close(
    request: ApiRequest, complaint_id: schemas.Id, data: ComplaintCloseIn
) -> dict[str, Any]:
    """Close a case with its outcome."""
    case = _get(request, complaint_id)
    complaints.close(
        complaint=case,
        outcome=data.outcome.value,
        text=data.text,
        by=request.by,
        at=request.at,
    )
    return _serialize(case)


@router.post("/complaints/{complaint_id}/reopen", response=ComplaintOut)
def reopen(request: ApiRequest, complaint_id: schemas.Id) -> dict[str, Any]:
    """Open a case again."""
    case = _get(request, complaint_id)
    complaints.reopen(complaint=case, by=request.by, at=request.at)
    return _serialize(case)


@router.put("/complaints/{complaint_id}/rating", response=ComplaintDetailOut)
def rate(
    request: ApiRequest, complaint_id: schemas.Id, data: ComplaintRatingIn
) -> dict[str, Any]:
    """Note how content the member is with the end of a case, once."""
    case = _get(request, complaint_id)
    ratings.rate(complaint=case, rating=data.rating, by=request.by, at=request.at)
    return _detail(request, case)


@router.post("/complaints/{complaint_id}/messages", response={201: ComplaintDetailOut})
def attach(
    request: ApiRequest, complaint_id: schemas.Id, data: ComplaintAttachIn
) -> Any:
    """Add a message of the member to a case."""
    case = _get(request, complaint_id)
    complaints.attach(
        complaint=case, message=data.message_id, by=request.by, at=request.at
    )
    return Status(201, _detail(request, case))


@router.post("/complaints/{complaint_id}/notes", response={201: ComplaintDetailOut})
def add_note(
    request: ApiRequest, complaint_id: schemas.Id, data: ComplaintAnswerIn
) -> Any:
    """Add a note that only staff read."""
    case = _get(request, complaint_id)
    complaints.add_note(complaint=case, text=data.text, by=request.by, at=request.at)
    return Status(201, _detail(request, case))
