"""Layerings, which put every member into exactly one layer, and changes of layers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Router

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days, errors
from qunce.members.layers import layers
from qunce.members.layers.layers import Layering
from qunce.members.people import visibility
from qunce.sets import audiences

router = Router(auth=RequiresScope("layers"), tags=["layers"])


class LayeringOut(schemas.OutputSchema):
    id: int
    key: str
    name: str
    state: str
    created_at: datetime


class LayerOut(schemas.OutputSchema):
    """`member_count` counts the members whom the staff member sees."""

    key: str
    name: str
    member_count: int


class LayeringDetailOut(LayeringOut):
    """`default` is the layer of members who joined after the last run."""

    default: str
    spec: dict[str, Any]
    layers: list[LayerOut]


class LayerChangeOut(schemas.OutputSchema):
    """`from_layer` and `to_layer` are keys of layers."""

    from_layer: str
    to_layer: str
    member_count: int


class LayerChangesOut(schemas.OutputSchema):
    since: date
    changes: list[LayerChangeOut]


class LayerNotFound(errors.NotFound):
    """There is no such layer in this layering."""


def _get_layering(request: ApiRequest, layering_id: int) -> Layering:
    query = Layering.objects.filter(community=request.community, pk=layering_id)
    for layering in query.select_related("community"):
        return layering
    raise layers.LayeringNotFound(_("There is no such layering."))


def _rule(layering: Layering, layer: str) -> dict[str, Any]:
    return {"layer": {"of": layering.key, "in": [layer]}}


@router.get("/layerings", response=schemas.Page[LayeringOut])
def list_(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List layerings by id."""
    query = Layering.objects.filter(community=request.community, state="active")
    page, more = schemas.paginate(
        lambda start_id, size: list(
            query.filter(pk__gt=start_id).order_by("pk")[:size]
        ),
        after=after,
        limit=limit,
        id_of=lambda layering: layering.pk,
    )
    return {"items": page, "next": more}


@router.get("/layerings/{layering_id}", response=LayeringDetailOut)
def get(request: ApiRequest, layering_id: schemas.Id) -> dict[str, Any]:
    """Get a layering with its layers and how many members are in each."""
    layering = _get_layering(request, layering_id)
    names = ("key", "name", "state", "created_at", "default", "spec")
    fields = {name: getattr(layering, name) for name in names}
    return fields | {
        "id": layering.pk,
        "layers": [
            {
                "key": layer["key"],
                "name": layer.get("name", layer["key"]),
                "member_count": audiences.count(
                    community=request.community,
                    rule=_rule(layering, layer["key"]),
                    by=request.by,
                    at=request.at,
                ),
            }
            for layer in layering.spec["layers"]
        ],
    }


@router.get(
    "/layerings/{layering_id}/members", response=schemas.Page[members.MemberSummaryOut]
)
def list_members(
    request: ApiRequest,
    layering_id: schemas.Id,
    layer: Annotated[str, Field(max_length=80)],
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the members of a layer by id."""
    layering = _get_layering(request, layering_id)
    if layer not in [row["key"] for row in layering.spec["layers"]]:
        raise LayerNotFound(_("There is no layer “%(key)s”.") % {"key": layer})
    return members.list_by_rule(request, _rule(layering, layer), after, limit)


@router.get("/layerings/{layering_id}/changes", response=LayerChangesOut)
def list_changes(
    request: ApiRequest, layering_id: schemas.Id, since: date | None = None
) -> dict[str, Any]:
    """Count the members who are in another layer now than at the end of a day.

    The day is `since`, or yesterday by default.
    """
    layering = _get_layering(request, layering_id)
    today = request.community.day(request.at)
    day = today - 1 if since is None else community_days.from_date(since)
    changes = []
    for (before, after), person_ids in layers.moves_since(layering, day).items():
        count = len(person_ids)
        if request.by.scope is not None:
            visible = visibility.filter_visible(
                by=request.by, accounts=person_ids, at=request.at
            )
            count = len(visible)
        # A move of hidden members only must look as if it did not exist.
        if count:
            changes.append(
                {"from_layer": before, "to_layer": after, "member_count": count}
            )
    return {"since": community_days.to_date(day), "changes": changes}


@router.post("/layerings/{layering_id}/runs", response=LayeringDetailOut)
def run(request: ApiRequest, layering_id: schemas.Id) -> dict[str, Any]:
    """Recompute the layer of every member."""
    layering = _get_layering(request, layering_id)
    layers.recompute(layering=layering, by=request.by, at=request.at)
    return get(request, layering_id)
