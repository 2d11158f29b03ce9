"""The notebook: competitors, industry benchmarks and changes of platforms."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.insight.notebook import models, notebook
from qunce.insight.notebook.models import Kind, NotebookEntry
from qunce.insight.notebook.notebook import Filters

router = Router(auth=RequiresScope("metrics"), tags=["notebook"])
EntryKind = Annotated[Kind, WithJsonSchema({"type": "string", "enum": Kind.values})]
Tag = Annotated[str, Field(min_length=1, max_length=models.MAX_TAG)]
Decimal = Annotated[str, Field(max_length=40, examples=["12.5"])]


class EntryUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `who` and `effect` are of competitors. A benchmark has `metric`, the name of one of
    our metrics or a name of its own, with `value`, `unit` and `source`.
    """

    day: date | None = None
    title: Annotated[str, Field(max_length=models.MAX_TITLE)] | None = None
    text: Annotated[str, Field(max_length=models.MAX_TEXT)] | None = None
    who: Annotated[str, Field(max_length=models.MAX_NAME)] | None = None
    effect: Annotated[str, Field(max_length=models.MAX_EFFECT)] | None = None
    metric: Annotated[str, Field(max_length=models.MAX_NAME)] | None = None
    value: Decimal | None = None
    unit: Annotated[str, Field(max_length=models.MAX_UNIT)] | None = None
    source: Annotated[str, Field(max_length=models.MAX_SOURCE)] | None = None
    url: Annotated[str, Field(max_length=models.MAX_URL)] | None = None
    tags: Annotated[list[Tag], Field(max_length=models.MAX_TAGS)] | None = None


class EntryIn(EntryUpdateIn):
    kind: EntryKind


class EntryOut(schemas.OutputSchema):
    """`metric` is the name of one of our metrics or ratios, or a name of its own."""

    id: int
    kind: str
    day: date
    title: str
    text: str
    who: str
    effect: str
    metric: str
    value: str | None
    unit: str
    source: str
    url: str
    tags: list[str]
    state: str
    by: str
    created_at: datetime
    changed_at: datetime


class MetricBenchmarksOut(schemas.OutputSchema):
    metric: str
    benchmarks: list[EntryOut]


class BenchmarksOut(schemas.OutputSchema):
    metrics: list[MetricBenchmarksOut]


def _serialize(entry: NotebookEntry) -> dict[str, Any]:
    names = (*notebook.FIELDS, "state", "created_at", "changed_at")
    value = None if entry.value is None else f"{entry.value.normalize():f}"
    return {
        "id": entry.pk,
        **{name: getattr(entry, name) for name in names},
        "value": value,
        "by": entry.by.login,
    }


def _fields(data: EntryUpdateIn) -> dict[str, Any]:
    given = data.model_dump(exclude_unset=True, mode="python")
    return {
        name: getattr(value, "value", value)
        for name, value in given.items()
        if value is not None
    }


@router.get("/notebook", response=schemas.Page[EntryOut])
def list_(
    request: ApiRequest,
    search_text: Annotated[str, Field(max_length=80, alias="search")] = "",
    kind: EntryKind | None = None,
    tag: Annotated[str, Field(max_length=models.MAX_TAG)] = "",
    archived: bool = False,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List entries by id."""
    filters = Filters(
        query=search_text, kind=kind.value if kind else "", tag=tag, archived=archived
    )
    found = notebook.find(by=request.by, filters=filters)
    by_id = sorted(found, key=lambda entry: entry.pk)
    page, more = schemas.paginate(
        lambda start_id, size: [e for e in by_id if e.pk > start_id][:size],
        after=after,
        limit=limit,
        id_of=lambda entry: entry.pk,
    )
    return {"items": [_serialize(entry) for entry in page], "next": more}


@router.post("/notebook", response={201: EntryOut})
def create(request: ApiRequest, data: EntryIn) -> Any:
    """Add an entry."""
    entry = notebook.create(
        community=request.community, by=request.by, at=request.at, **_fields(data)
    )
    return Status(201, _serialize(entry))


@router.get("/notebook/benchmarks", response=BenchmarksOut)
def list_benchmarks(request: ApiRequest) -> dict[str, Any]:
    """List the benchmarks that belong to one of our metrics, by its name."""
    found = notebook.load_benchmarks(by=request.by)
    return {
        "metrics": [
            {"metric": name, "benchmarks": [_serialize(entry) for entry in entries]}
            for name, entries in sorted(found.items())
        ]
    }


@router.get("/notebook/{notebook_entry_id}", response=EntryOut)
def get(request: ApiRequest, notebook_entry_id: schemas.Id) -> dict[str, Any]:
    """Get an entry."""
    return _serialize(notebook.get(by=request.by, pk=notebook_entry_id))


@router.patch("/notebook/{notebook_entry_id}", response=EntryOut)
def update(
    request: ApiRequest, notebook_entry_id: schemas.Id, data: EntryUpdateIn
) -> dict[str, Any]:
    """Change an entry."""
    entry = notebook.get(by=request.by, pk=notebook_entry_id)
    notebook.update(entry=entry, by=request.by, at=request.at, **_fields(data))
    return _serialize(entry)


@router.post("/notebook/{notebook_entry_id}/archive", response=EntryOut)
def archive(request: ApiRequest, notebook_entry_id: schemas.Id) -> dict[str, Any]:
    """Archive an entry."""
    entry = notebook.get(by=request.by, pk=notebook_entry_id)
    notebook.archive(entry=entry, by=request.by, at=request.at)
    return _serialize(entry)


@router.delete("/notebook/{notebook_entry_id}/archive", response=EntryOut)
def restore(request: ApiRequest, notebook_entry_id: schemas.Id) -> dict[str, Any]:
    """Restore an archived entry."""
    entry = notebook.get(by=request.by, pk=notebook_entry_id)
    notebook.restore(entry=entry, by=request.by, at=request.at)
    return _serialize(entry)
