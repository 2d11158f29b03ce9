"""Layerings: everyone in exactly one layer, and who moved."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Router

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days
from qunce.members.layers import layers
from qunce.members.layers.layers import Layering
from qunce.members.people import visibility
from qunce.sets import audiences

router = Router(auth=RequiresScope("layers"), tags=["layers"])


class LayeringShown(schemas.OutputSchema):
    id: int
    key: str
    name: str
    state: str
    created_at: datetime


class LayerShown(schemas.OutputSchema):
    """`size` counts those in sight."""

    key: str
    name: str
    size: int


class LayeringCounted(LayeringShown):
    """`default` is the layer of who came since the last run."""

    default: str
    spec: dict[str, Any]
    layers: list[LayerShown]


class Moved(schemas.OutputSchema):
    """`before` and `after` are keys of layers, `members` how many in sight."""

    before: str
    after: str
    members: int


class Moves(schemas.OutputSchema):
    since: date
    moves: list[Moved]


class UnknownLayer(layers.LayeringNotFound):
    """There is no such layer in this layering."""


def _layering_of(call: ApiRequest, number: int) -> Layering:
    known = Layering.objects.filter(community=call.community, pk=number)
    for layering in known.select_related("community"):
        return layering
    raise layers.LayeringNotFound(_("There is no such layering."))


def _rule(layering: Layering, layer: str) -> dict[str, Any]:
    return {"layer": {"of": layering.key, "in": [layer]}}


def _size(call: ApiRequest, layering: Layering, layer: str) -> int:
    rule = _rule(layering, layer)
    return audiences.count(community=call.community, rule=rule, by=call.by, at=call.at)


@router.get("/layerings", response=schemas.Page[LayeringShown])
def listed(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    there = Layering.objects.filter(community=request.community, state="active")
    found, more = schemas.paginate(
        lambda start, most: list(there.filter(pk__gt=start).order_by("pk")[:most]),
        after=after,
        limit=limit,
        number=lambda layering: layering.pk,
    )
    return {"items": found, "next": more}


@router.get("/layerings/{layering}", response=LayeringCounted)
def one(request: ApiRequest, layering: schemas.Id) -> dict[str, Any]:
    """Its layers with how many are in each."""
    found = _layering_of(request, layering)
    shown = {
        name: getattr(found, name)
        for name in ("key", "name", "state", "created_at", "default", "spec")
    }
    sizes = [
        {
            "key": layer["key"],
            "name": layer.get("name", layer["key"]),
            "size": _size(request, found, layer["key"]),
        }
        for layer in found.spec["layers"]
    ]
    return shown | {"id": found.pk, "layers": sizes}


@router.get("/layerings/{layering}/members", response=schemas.Page[members.MemberRow])
def members_of(
    request: ApiRequest,
    layering: schemas.Id,
    layer: Annotated[str, Field(max_length=80)],
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """Who is in one layer now."""
    found = _layering_of(request, layering)
    if layer not in [each["key"] for each in found.spec["layers"]]:
        raise UnknownLayer(_("There is no layer “%(key)s”.") % {"key": layer})
    return members.found(request, _rule(found, layer), after, limit)


@router.get("/layerings/{layering}/moves", response=Moves)
def moves(
    request: ApiRequest,
    layering: schemas.Id,
    since: date | None = None,
) -> dict[str, Any]:
    """How many are in another layer now than at the end of a day; yesterday if not told."""
    found = _layering_of(request, layering)
    today = request.community.day(request.at)
    day = today - 1 if since is None else community_days.from_date(since)
    moved = [
        {"before": before, "after": after, "members": _in_sight(request, people)}
        for (before, after), people in layers.moves_since(found, day).items()
    ]
    seen = [each for each in moved if each["members"]]
    return {"since": community_days.to_date(day), "moves": seen}


def _in_sight(call: ApiRequest, people: list[int]) -> int:
    if call.by.scope is None:
        return len(people)
    return len(visibility.filter_visible(by=call.by, accounts=people, at=call.at))


@router.post("/layerings/{layering}/run", response=LayeringCounted)
def run(request: ApiRequest, layering: schemas.Id) -> dict[str, Any]:
    """Lay everyone out anew."""
    found = _layering_of(request, layering)
    layers.recompute(layering=found, by=request.by, at=request.at)
    return one(request, layering)
