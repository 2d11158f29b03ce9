"""The idea box: ideas until they are a material and sent, pasted links, festivals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.materials import Label, Title, Type
from qunce.core.staff import staff
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.ideas import (
    archive as idea_archive,
)
from qunce.outreach.ideas import (
    assignment,
    download_errors,
    festivals,
    idea_materials,
    ideas,
    pasted_links,
    search,
)
from qunce.outreach.ideas.models import (
    MAX_NOTE_LENGTH,
    MAX_TAGS,
    MAX_URL_LENGTH,
    Idea,
    LinkReading,
    State,
)
from qunce.outreach.ideas.models import Source as IdeaSource
from qunce.outreach.ideas.search import Filters
from qunce.outreach.tasks.staff_tasks import StaffTask

router = Router(auth=RequiresScope("materials"), tags=["ideas"])
IdeaState = Annotated[State, WithJsonSchema({"type": "string", "enum": State.values})]
Source = Annotated[
    IdeaSource, WithJsonSchema({"type": "string", "enum": IdeaSource.values})
]
Tags = Annotated[list[Label], Field(max_length=MAX_TAGS)]


class IdeaUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are. `day` is the day that the idea is for.

    `source` is hand, link or hot_topic; feeds and festivals set their own.
    """

    title: Title | None = None
    note: Annotated[str, Field(max_length=MAX_NOTE_LENGTH)] | None = None
    url: Annotated[str, Field(max_length=MAX_URL_LENGTH)] | None = None
    content_type: Type | None = None
    tags: Tags | None = None
    day: date | None = None
    source: Source | None = None


class IdeaIn(IdeaUpdateIn):
    title: Title


class PasteIn(schemas.InputSchema):
    """Each link in `text` becomes an idea."""

    text: Annotated[str, Field(max_length=pasted_links.MAX_PASTED_LENGTH)]
    content_type: Type = ContentType.KNOWLEDGE


class MoveIn(schemas.InputSchema):
    """`expected` is the state in which the idea was read; another one is refused."""

    state: IdeaState
    expected: IdeaState | None = None


class IdeaTaskIn(schemas.InputSchema):
    """`staff` is a login."""

    staff: schemas.ShortText
    due_at: schemas.Timestamp


class SuggestionIn(schemas.InputSchema):
    key: schemas.ShortText


class IdeaTaskOut(schemas.OutputSchema):
    """The task for the picture or video. `state` is open or done."""

    id: int
    staff: str
    state: str
    due_at: datetime | None
    late: bool


class IdeaOut(schemas.OutputSchema):
    """`reading` is empty, waiting or the reason why the page of the link was not read."""

    id: int
    title: str
    note: str
    url: str
    picture_url: str
    content_type: str
    tags: list[str]
    source: str
    feed_id: int | None
    day: date | None
    state: str
    task: IdeaTaskOut | None
    material_id: int | None
    reading: str
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None


class PastedOut(schemas.OutputSchema):
    """`known` were in the box already, perhaps archived."""

    added: list[IdeaOut]
    known: list[IdeaOut]


class SuggestionOut(schemas.OutputSchema):
    """`until` is the last of several days."""

    key: str
    title: str
    day: date
    until: date


class SuggestionsOut(schemas.OutputSchema):
    items: list[SuggestionOut]


class IdeaMaterialOut(schemas.OutputSchema):
    idea: IdeaOut
    material_id: int


def _serialize(idea: Idea, task: StaffTask | None, at: datetime) -> dict[str, Any]:
    names = ("title", "note", "url", "picture_url", "content_type", "tags", "source")
    others = ("feed_id", "day", "state", "material_id", "created_at", "changed_at")
    return {
        "id": idea.pk,
        **{name: getattr(idea, name) for name in (*names, *others)},
        "task": None
        if task is None
        else {
            "id": task.pk,
            "staff": task.staff.login,
            "state": task.state,
            "due_at": task.due_at,
            "late": task.is_late(at),
        },
        "reading": _reading(idea),
        "archived_at": idea.archived_at,
    }


def _reading(idea: Idea) -> str:
    for reading in LinkReading.objects.filter(idea=idea):
        what, _remedy = download_errors.describe(reading.error, reading.status)
        return what or "waiting"
    return ""


def _serialize_all(found: list[Idea], at: datetime) -> list[dict[str, Any]]:
    tasks = assignment.find_tasks(found)
    return [_serialize(idea, tasks.get(idea.pk), at) for idea in found]


def _answer(request: ApiRequest, pk: int) -> dict[str, Any]:
    return _serialize_all([ideas.get(by=request.by, pk=pk)], request.at)[0]


@router.get("/ideas", response=schemas.Page[IdeaOut])
def list_(
    request: ApiRequest,
    search_text: Annotated[str, Field(max_length=80, alias="search")] = "",
    state: IdeaState | None = None,
    content_type: Type | None = None,
    source: Source | None = None,
    tag: Label = "",
    feed_id: schemas.Id | None = None,
    late: bool = False,
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List ideas by id. `late` are those whose picture or video was due and is not there."""
    filters = Filters(
        query=search_text,
        state=state.value if state else "",
        content_type=content_type.value if content_type else "",
        source=source.value if source else "",
        tag=tag,
        feed=feed_id,
        due=search.LATE if late else "",
        archived=archived,
    )
    by_id = sorted(
        search.find(request.by, filters, at=request.at), key=lambda idea: idea.pk
    )
    page, more = schemas.paginate(
        lambda start_id, size: [i for i in by_id if i.pk > start_id][:size],
        after=after,
        limit=limit,
        id_of=lambda idea: idea.pk,
    )
    return {"items": _serialize_all(list(page), request.at), "next": more}


@router.post("/ideas", response={201: IdeaOut})
def create(request: ApiRequest, data: IdeaIn) -> Any:
    """Add an idea. A link is in the box once."""
    idea = ideas.create(
        community=request.community, by=request.by, at=request.at, **_fields(data)
    )
    return Status(201, _answer(request, idea.pk))


def _fields(data: IdeaUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True, mode="python")
    return {
        name: getattr(value, "value", value)
        for name, value in given.items()
        if value is not None or name == "day"
    }


@router.post("/ideas/paste", response=PastedOut)
def paste(request: ApiRequest, data: PasteIn) -> dict[str, Any]:
    """Add an idea for each link of a text. The worker then reads the pages' titles."""
    pasted = pasted_links.paste(
        community=request.community,
        text=data.text,
        content_type=data.content_type.value,
        by=request.by,
        at=request.at,
    )
    return {
        "added": _serialize_all(pasted.added, request.at),
        "known": _serialize_all(pasted.known, request.at),
    }


@router.get("/ideas/festivals", response=SuggestionsOut)
def list_festivals(request: ApiRequest) -> dict[str, Any]:
    """List festivals, days off and worked weekends of the next 60 days without an idea."""
    found = festivals.list_suggestions(by=request.by, at=request.at)
    names = ("key", "title", "day", "until")
    return {"items": [{n: getattr(each, n) for n in names} for each in found]}


@router.post("/ideas/festivals", response={201: IdeaOut})
def add_festival(request: ApiRequest, data: SuggestionIn) -> Any:
    """Add an idea for a coming day."""
    idea = festivals.add_idea(key=data.key, by=request.by, at=request.at)
    return Status(201, _answer(request, idea.pk))


@router.get("/ideas/{idea_id}", response=IdeaOut)
def get(request: ApiRequest, idea_id: schemas.Id) -> dict[str, Any]:
    """Get an idea."""
    return _answer(request, idea_id)


@router.patch("/ideas/{idea_id}", response=IdeaOut)
def update(
    request: ApiRequest, idea_id: schemas.Id, data: IdeaUpdateIn
) -> dict[str, Any]:
    """Change an idea."""
    idea = ideas.get(by=request.by, pk=idea_id)
    ideas.update(idea=idea, by=request.by, at=request.at, **_fields(data))
    return _answer(request, idea_id)


@router.post("/ideas/{idea_id}/state", response=IdeaOut)
def move(request: ApiRequest, idea_id: schemas.Id, data: MoveIn) -> dict[str, Any]:
    """Move an idea to another state: a step on or back, or to used."""
    idea = ideas.get(by=request.by, pk=idea_id)
    ideas.move(
        idea=idea,
        to=data.state.value,
        expected=data.expected.value if data.expected else None,
        by=request.by,
        at=request.at,
    )
    return _answer(request, idea_id)


@router.put("/ideas/{idea_id}/task", response=IdeaOut)
def assign(
    request: ApiRequest, idea_id: schemas.Id, data: IdeaTaskIn
) -> dict[str, Any]:
    """Ask a staff member for the picture or video. Replaces the open task for it."""
    idea = ideas.get(by=request.by, pk=idea_id)
    maker = staff.get_by_login(by=request.by, login=data.staff)
    assignment.assign(
        idea=idea, staff=maker, due_at=data.due_at, by=request.by, at=request.at
    )
    return _answer(request, idea_id)


@router.delete("/ideas/{idea_id}/task", response=IdeaOut)
def unassign(request: ApiRequest, idea_id: schemas.Id) -> dict[str, Any]:
    """Cancel the open task for the picture or video."""
    idea = ideas.get(by=request.by, pk=idea_id)
    assignment.unassign(idea=idea, by=request.by, at=request.at)
    return _answer(request, idea_id)


@router.post("/ideas/{idea_id}/material", response={201: IdeaMaterialOut})
def make_material(request: ApiRequest, idea_id: schemas.Id) -> Any:
    """Create a material of an idea: a link if it has one, else a text."""
    idea = ideas.get(by=request.by, pk=idea_id)
    material = idea_materials.make_material(idea=idea, by=request.by, at=request.at)
    return Status(201, {"idea": _answer(request, idea_id), "material_id": material.pk})


@router.post("/ideas/{idea_id}/reading", response=IdeaOut)
def read_again(request: ApiRequest, idea_id: schemas.Id) -> dict[str, Any]:
    """Let the worker read the page of an idea's link next."""
    idea = ideas.get(by=request.by, pk=idea_id)
    pasted_links.read_again(idea=idea, by=request.by, at=request.at)
    return _answer(request, idea_id)


@router.post("/ideas/{idea_id}/archive", response=IdeaOut)
def archive(request: ApiRequest, idea_id: schemas.Id) -> dict[str, Any]:
    """Archive an idea, and cancel its open task."""
    idea = ideas.get(by=request.by, pk=idea_id)
    idea_archive.archive(idea=idea, by=request.by, at=request.at)
    return _answer(request, idea_id)


@router.delete("/ideas/{idea_id}/archive", response=IdeaOut)
def restore(request: ApiRequest, idea_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived idea."""
    idea = ideas.get(by=request.by, pk=idea_id)
    idea_archive.restore(idea=idea, by=request.by, at=request.at)
    return _answer(request, idea_id)
