"""Saved views of the member list: their columns, filters and sorting."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.members.saved_views import saved_views
from qunce.members.saved_views.models import MAX_NAME_LENGTH, SavedView

router = Router(auth=RequiresScope("members"), tags=["members"])
FilterValues = Annotated[
    list[Annotated[str, Field(max_length=20_000)]], Field(max_length=100)
]


class SavedViewIn(schemas.InputSchema):
    """`columns` are keys of `GET /member-columns`; `filters` parameters of the list."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
    columns: Annotated[list[schemas.Key], Field(max_length=100)] = []
    filters: Annotated[dict[schemas.ShortText, FilterValues], Field(max_length=50)] = {}
    sort_by: Annotated[str, Field(max_length=120)] = ""
    shared: bool = False


class SavedViewOut(schemas.OutputSchema):
    id: int
    name: str
    columns: list[str]
    filters: dict[str, list[str]]
    sort_by: str
    shared: bool
    staff_login: str
    created_at: datetime


class SavedViewsOut(schemas.OutputSchema):
    items: list[SavedViewOut]


def _serialize(view: SavedView) -> dict[str, Any]:
    names = ("name", "columns", "filters", "sort_by", "created_at")
    return {name: getattr(view, name) for name in names} | {
        "id": view.pk,
        "shared": view.is_shared,
        "staff_login": view.staff.login,
    }


@router.get("/saved-views", response=SavedViewsOut)
def list_(request: ApiRequest) -> dict[str, Any]:
    """List the views of the key's owner, and those that others share."""
    return {"items": [*map(_serialize, saved_views.list_for(request.by))]}


@router.get("/saved-views/{saved_view_id}", response=SavedViewOut)
def get(request: ApiRequest, saved_view_id: schemas.Id) -> dict[str, Any]:
    """Get a view."""
    return _serialize(saved_views.get(by=request.by, pk=saved_view_id))


@router.post("/saved-views", response={201: SavedViewOut})
def save(request: ApiRequest, data: SavedViewIn) -> Any:
    """Save a view, or replace the one with this name."""
    given = data.model_dump(exclude={"shared"})
    view = saved_views.save(
        is_shared=data.shared, by=request.by, at=request.at, **given
    )
    return Status(201, _serialize(view))


@router.delete("/saved-views/{saved_view_id}", response={204: None})
def delete(request: ApiRequest, saved_view_id: schemas.Id) -> Any:
    """Delete a view."""
    view = saved_views.get(by=request.by, pk=saved_view_id)
    saved_views.delete(view=view, by=request.by, at=request.at)
    return Status(204, None)
