"""Notes about members, and follow-ups."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from ninja import Field, Query, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.members.people import notes, people, visibility
from qunce.members.people.notes import Note

router = Router(auth=RequiresScope("members"), tags=["members"])
NoteText = Annotated[str, Field(max_length=notes.MAX_LENGTH)]


class NoteIn(schemas.InputSchema):
    """With `next_step` and `due_at` the note is a follow-up.

    `staff` is the login of whoever does it; without it, the owner of the API key does.
    """

    text: NoteText = ""
    next_step: schemas.ShortText = ""
    due_at: schemas.Timestamp | None = None
    staff: schemas.ShortText | None = None


class NoteUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    text: NoteText | None = None
    due_at: schemas.Timestamp | None = None
    staff: schemas.ShortText | None = None


class NoteOut(schemas.OutputSchema):
    id: int
    member_id: int
    text: str
    next_step: str
    due_at: datetime | None
    staff: str | None
    written_at: datetime
    written_by: str
    done_at: datetime | None


class NotesOut(schemas.OutputSchema):
    items: list[NoteOut]


def _serialize(note: Note) -> dict[str, Any]:
    return {
        "id": note.pk,
        "member_id": note.account_id,
        "text": note.text,
        "next_step": note.next_step,
        "due_at": note.due_at,
        "staff": note.staff.login if note.staff else None,
        "written_at": note.at,
        "written_by": note.by.login,
        "done_at": note.done_at,
    }


@router.get("/members/{member_id}/notes", response=NotesOut)
def list_(request: ApiRequest, member_id: schemas.Id) -> dict[str, Any]:
    """List the notes about a member: open follow-ups, then the newest first."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    accounts = people.get_by_account(account.pk).accounts
    return {"items": [*map(_serialize, notes.list_of_person(a.pk for a in accounts))]}


@router.post("/members/{member_id}/notes", response={201: NoteOut})
def create(request: ApiRequest, member_id: schemas.Id, data: NoteIn) -> Any:
    """Write a note about a member."""
    account = visibility.get(by=request.by, account=member_id, at=request.at)
    given = data.model_dump() | {"staff": _find_staff(request, data.staff)}
    note = notes.create(account=account, by=request.by, at=request.at, **given)
    return Status(201, _serialize(note))


@router.get("/follow-ups", response=NotesOut)
def list_follow_ups(
    request: ApiRequest,
    days: Annotated[
        int, Query(ge=0, le=366, description="Due within so many days.")
    ] = 0,
) -> dict[str, Any]:
    """List the open follow-ups of the key's owner, the earliest due date first."""
    until = request.at + timedelta(days=days)
    due = notes.list_open_until(by=request.by, until=until, at=request.at)
    return {"items": [*map(_serialize, due)]}


@router.patch("/notes/{note_id}", response=NoteOut)
def update(
    request: ApiRequest, note_id: schemas.Id, data: NoteUpdateIn
) -> dict[str, Any]:
    """Change the text, the due date or the assignee of a note."""
    note = notes.get(by=request.by, pk=note_id, at=request.at)
    changed = notes.update(
        note=note,
        text=data.text,
        due_at=data.due_at,
        staff=_find_staff(request, data.staff),
        by=request.by,
        at=request.at,
    )
    return _serialize(changed)


@router.post("/notes/{note_id}/complete", response=NoteOut)
def complete(request: ApiRequest, note_id: schemas.Id) -> dict[str, Any]:
    """Record that a follow-up is done."""
    note = notes.get(by=request.by, pk=note_id, at=request.at)
    notes.complete(note=note, by=request.by, at=request.at)
    return _serialize(note)


@router.post("/notes/{note_id}/reopen", response=NoteOut)
def reopen(request: ApiRequest, note_id: schemas.Id) -> dict[str, Any]:
    """Open a follow-up again that was done."""
    note = notes.get(by=request.by, pk=note_id, at=request.at)
    notes.reopen(note=note, by=request.by, at=request.at)
    return _serialize(note)


def _find_staff(request: ApiRequest, login: str | None) -> Staff | None:
    return staff.get_by_login(request.by, login) if login else None
