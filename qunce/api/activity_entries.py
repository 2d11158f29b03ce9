"""Entries of an activity: members who joined, and pasted lines of chats."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router

from qunce.activities import pasted_lines
from qunce.activities.activities import entries
from qunce.activities.activities.models import Entry, PastedLine, Way
from qunce.activities.kinds import base
from qunce.api import schemas
from qunce.api.activities import MAX_PAGE, EntryKey, ReplyOut, Said, get_activity
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import visibility as group_visibility

router = Router(
    auth=RequiresScope("activities", shows_members=True), tags=["activity entries"]
)


class EntryIn(schemas.InputSchema):
    """A member who takes part by word of mouth; the same `key` counts once."""

    member_id: schemas.Id
    key: EntryKey
    said: Said = ""
    said_at: schemas.Timestamp | None = None


class LinesIn(schemas.InputSchema):
    """The copied chat of a group; the same paste adds nothing."""

    group_id: schemas.Id
    text: Annotated[str, Field(min_length=1, max_length=200_000)]


class LineAnswerIn(schemas.InputSchema):
    """The member whose line an unsure one is; without a member it is left out."""

    member_id: schemas.Id | None = None


class EntryOut(schemas.OutputSchema):
    """`way` is how they joined; what staff typed or pasted is `is_typed`."""

    id: int
    member_id: int
    way: str
    is_typed: bool
    group_id: int | None
    at: datetime
    is_struck_out: bool


class EntryListOut(schemas.OutputSchema):
    items: list[EntryOut]


class LineOut(schemas.OutputSchema):
    """`candidates` are the members who may be meant."""

    id: int
    group_id: int
    name: str
    state: str
    said: str
    answer: str
    member_id: int | None
    said_at: datetime
    candidates: list[int]


class LinesOut(schemas.OutputSchema):
    """`known` lines were pasted before; `others` are about something else."""

    lines: list[LineOut]
    known: int
    others: int


def _entry(row: Entry) -> dict[str, Any]:
    return {
        "id": row.pk,
        "member_id": row.account_id,
        "way": row.source,
        "is_typed": entries.is_typed(row),
        "group_id": row.group_id,
        "at": row.at,
        "is_struck_out": row.struck_out_at is not None,
    }


def _line(row: PastedLine, candidates: list[int]) -> dict[str, Any]:
    names = ("group_id", "name", "state", "said", "answer", "said_at")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in names},
        "member_id": row.account_id,
        "candidates": candidates,
    }


@router.get("/activities/{activity_id}/entries", response=EntryListOut)
def list_entries(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List who joined, the newest first."""
    rows = entries.list_visible(
        activity=get_activity(request, activity_id), by=request.by, at=request.at
    )
    return {"items": [_entry(row) for row in rows[:MAX_PAGE]]}


@router.post("/activities/{activity_id}/entries", response=ReplyOut)
def enter(request: ApiRequest, activity_id: schemas.Id, data: EntryIn) -> base.Reply:
    """Let a member take part by word of mouth, like on the page."""
    return base.take_part(
        activity=get_activity(request, activity_id),
        account_id=data.member_id,
        way=Way.STAFF,
        said=data.said,
        said_at=data.said_at,
        key=data.key,
        by=request.by,
        at=request.at,
    )


@router.delete("/activities/{activity_id}/entries/{entry_id}", response=EntryOut)
def strike_out_entry(
    request: ApiRequest, activity_id: schemas.Id, entry_id: schemas.Id
) -> dict[str, Any]:
    """Strike an entry out; it does not count."""
    by, at = request.by, request.at
    row = entries.get(
        activity=get_activity(request, activity_id), pk=entry_id, by=by, at=at
    )
    entries.strike_out(entry=row, by=by, at=at)
    return _entry(row)


@router.post("/activities/{activity_id}/entries/{entry_id}/restore", response=EntryOut)
def restore_entry(
    request: ApiRequest, activity_id: schemas.Id, entry_id: schemas.Id
) -> dict[str, Any]:
    """Count an entry again that was struck out."""
    by, at = request.by, request.at
    row = entries.get(
        activity=get_activity(request, activity_id), pk=entry_id, by=by, at=at
    )
    entries.restore(entry=row, by=by, at=at)
    return _entry(row)


# Pasted lines


@router.post("/activities/{activity_id}/lines", response=LinesOut)
def paste(
    request: ApiRequest, activity_id: schemas.Id, data: LinesIn
) -> dict[str, Any]:
    """Take the lines of a copied chat for the members who said them."""
    group = group_visibility.get(by=request.by, pk=data.group_id)
    result = pasted_lines.paste(
        activity=get_activity(request, activity_id),
        group=group,
        text=data.text,
        by=request.by,
        at=request.at,
    )
    return {
        "lines": [_line(row, []) for row in result.rows],
        "known": result.known,
        "others": result.others,
    }


@router.get("/activities/{activity_id}/lines", response=LinesOut)
def list_unsure_lines(request: ApiRequest, activity_id: schemas.Id) -> dict[str, Any]:
    """List the lines that wait for an answer, with the members who may be meant."""
    found = pasted_lines.list_unsure(
        activity=get_activity(request, activity_id), by=request.by, at=request.at
    )
    lines = [_line(row, [account.pk for account in who]) for row, who in found]
    return {"lines": lines, "known": 0, "others": 0}


@router.post("/activities/{activity_id}/lines/{line_id}", response=LineOut)
def answer_line(
    request: ApiRequest,
    activity_id: schemas.Id,
    line_id: schemas.Id,
    data: LineAnswerIn,
) -> dict[str, Any]:
    """Say who a line is of, or leave it out."""
    row = pasted_lines.get(
        activity=get_activity(request, activity_id),
        pk=line_id,
        by=request.by,
        at=request.at,
    )
    pasted_lines.answer(line=row, account=data.member_id, by=request.by, at=request.at)
    return _line(row, [])
