"""Layerings, which put every member into exactly one layer, and changes of layers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import community_days, errors
from qunce.members.layers import assignment, ladders, layering_specs, layers
from qunce.members.layers import moves as layer_moves
from qunce.members.layers.layers import Layering
from qunce.members.rule_text import contact_masks
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


class LayeringIn(schemas.InputSchema):
    """Either `spec`, or `ladder`: the key of a ready-made layering.

    `default` is the layer of members who join between two runs.
    """

    key: Annotated[str, Field(min_length=1, max_length=80)]
    name: Annotated[str, Field(max_length=120)] = ""
    spec: dict[str, Any] | None = None
    ladder: Annotated[str, Field(max_length=80)] = ""
    default: Annotated[str, Field(max_length=80)] = ""


class LayeringUpdateIn(schemas.InputSchema):
    """Layers are known by their keys; a layer that is left out is removed."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    spec: dict[str, Any] | None = None
    default: Annotated[str, Field(max_length=80)] | None = None


class PreviewIn(schemas.InputSchema):
    spec: dict[str, Any]


class LayerPreviewOut(schemas.OutputSchema):
    """`in_earlier_layer` counts the members whom the rule matches and an earlier layer has.

    `from_amount` is the threshold that was computed from the data.
    """

    key: str
    name: str
    member_count: int
    in_earlier_layer: int
    from_amount: int | None


class LadderOut(schemas.OutputSchema):
    """A ready-made layering. `missing_kinds` are facts that the community has none of."""

    key: str
    name: str
    description: str
    spec: dict[str, Any]
    missing_kinds: list[str]
    missing_tags: list[str]


class LayerSizeOut(schemas.OutputSchema):
    day: date
    layer: str
    member_count: int


class LayerChangeOut(schemas.OutputSchema):
    """`from_layer` and `to_layer` are keys of layers, empty for who was not there.

    `redefined_count` counts those who moved because the layering was changed. `rule` is
    that of the members, for segments, audiences and tags.
    """

    from_layer: str
    to_layer: str
    member_count: int
    redefined_count: int
    rule: dict[str, Any]


class LayerTotalOut(schemas.OutputSchema):
    """`dropped_since` and `dropped_until` count accounts that no number counts any more.

    These were merged into others or are of people who work here. The changes from a layer
    and `dropped_since` add up to `size_since`; those to it likewise to `size_until`.
    """

    layer: str
    size_since: int
    size_until: int
    dropped_since: int
    dropped_until: int


class LayerChangesOut(schemas.OutputSchema):
    """`since` and `until` are the days of the two runs that are compared."""

    since: date
    until: date
    changes: list[LayerChangeOut]
    layers: list[LayerTotalOut]


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
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": page, "next": more}


@router.get("/ladders", response=list[LadderOut])
def list_ladders(request: ApiRequest) -> list[dict[str, Any]]:
    """List the ready-made layerings, with what the community lacks for them."""
    return [
        {
            "key": ladder.key,
            "name": str(ladder.name),
            "description": str(ladder.description),
            "spec": ladder.build(),
            "missing_kinds": ladder.missing_kinds(request.community),
            "missing_tags": ladder.missing_tags(request.community),
        }
        for ladder in ladders.list_all()
    ]


@router.post("/layerings", response={201: LayeringDetailOut})
def create(request: ApiRequest, data: LayeringIn) -> Any:
    """Create a layering and put every member into a layer."""
    if (data.spec is None) != bool(data.ladder):
        raise errors.Invalid(_("Give either a spec or a ready-made layering."))
    spec, default, name = data.spec, data.default, data.name
    if data.ladder:
        ladder = ladders.get(data.ladder)
        spec = ladder.build()
        default, name = default or ladder.default, name or str(ladder.name)
    layering = layers.create(
        community=request.community,
        key=data.key,
        name=name,
        spec=spec,
        default=default,
        by=request.by,
        at=request.at,
    )
    layers.recompute(layering=layering, by=request.by, at=request.at)
    return Status(201, get(request, layering.pk))


@router.post("/layerings/preview", response=list[LayerPreviewOut])
def preview(request: ApiRequest, data: PreviewIn) -> list[dict[str, Any]]:
    """Count the members that a spec would put into each layer. Nothing is stored."""
    found = assignment.preview_sizes(spec=data.spec, by=request.by, at=request.at)
    return [
        {
            "key": key,
            "name": name,
            "member_count": found.sizes[key],
            "in_earlier_layer": found.taken.get(key, 0),
            "from_amount": found.bounds.get(key),
        }
        for key, name in layering_specs.names_of(data.spec).items()
    ]


@router.get("/layerings/{layering_id}", response=LayeringDetailOut)
def get(request: ApiRequest, layering_id: schemas.Id) -> dict[str, Any]:
    """Get a layering with its layers and how many members are in each."""
    layering = _get_layering(request, layering_id)
    names = ("key", "name", "state", "created_at", "default", "spec")
    fields = {name: getattr(layering, name) for name in names}
    return fields | {
        "id": layering.pk,
        "spec": contact_masks.masked(layering.spec, request.by),
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


@router.patch("/layerings/{layering_id}", response=LayeringDetailOut)
def update(
    request: ApiRequest, layering_id: schemas.Id, data: LayeringUpdateIn
) -> dict[str, Any]:
    """Rename a layering or change its layers, from the next run on.

    A layer that a rule names cannot be removed.
    """
    layering = _get_layering(request, layering_id)
    layers.update(
        layering=layering,
        spec=layering.spec if data.spec is None else data.spec,
        default=layering.default if data.default is None else data.default,
        name=data.name or "",
        by=request.by,
        at=request.at,
    )
    return get(request, layering_id)


@router.post("/layerings/{layering_id}/archive", response=LayeringOut)
def archive(request: ApiRequest, layering_id: schemas.Id) -> Layering:
    """Archive a layering that no rule names."""
    layering = _get_layering(request, layering_id)
    layers.archive(layering=layering, by=request.by, at=request.at)
    return layering


@router.delete("/layerings/{layering_id}/archive", response=LayeringOut)
def restore(request: ApiRequest, layering_id: schemas.Id) -> Layering:
    """Restore an archived layering."""
    layering = _get_layering(request, layering_id)
    layers.restore(layering=layering, by=request.by, at=request.at)
    return layering


@router.get("/layerings/{layering_id}/sizes", response=list[LayerSizeOut])
def list_sizes(
    request: ApiRequest, layering_id: schemas.Id, since: date | None = None
) -> list[dict[str, Any]]:
    """List the sizes of the layers after the last run of each day.

    They are of the whole community, so staff who see only some members get none.
    """
    layering = _get_layering(request, layering_id)
    if request.by.scope is not None:
        return []
    first = community_days.from_date(since) if since else 0
    sizes = layers.sizes_by_day(layering, first)
    return [
        {"day": community_days.to_date(day), "layer": layer, "member_count": size}
        for day, by_layer in sizes.items()
        for layer, size in by_layer.items()
    ]


@router.get(
    "/layerings/{layering_id}/members",
    response=schemas.Page[members.MemberSummaryOut],
    auth=RequiresScope("layers", shows_members=True),
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
    request: ApiRequest,
    layering_id: schemas.Id,
    since: date | None = None,
    until: date | None = None,
) -> dict[str, Any]:
    """Count the members by their layers at the end of two days, also those who stayed.

    The first day is `since`, or yesterday by default; the second is `until`, or now. The
    last runs up to the ends of these days are compared.
    """
    layering = _get_layering(request, layering_id)
    yesterday = request.community.day(request.at) - 1
    moves = layer_moves.compare(
        layering=layering,
        day=yesterday if since is None else community_days.from_date(since),
        until=None if until is None else community_days.from_date(until),
        by=request.by,
        at=request.at,
    )
    names = {**layers.sizes(moves.before), **layers.sizes(moves.after)}
    return {
        "since": community_days.to_date(moves.before.day),
        "until": community_days.to_date(moves.after.day),
        "changes": [
            {
                "from_layer": before,
                "to_layer": after,
                "member_count": count,
                "redefined_count": moves.redefined.get((before, after), 0),
                "rule": moves.rule(before, after),
            }
            for (before, after), count in moves.sizes.items()
        ],
        "layers": [
            {
                "layer": layer,
                "size_since": moves.size_before(layer),
                "size_until": moves.size_after(layer),
                "dropped_since": moves.dropped_before.get(layer, 0),
                "dropped_until": moves.dropped_after.get(layer, 0),
            }
            for layer in names
        ],
    }


@router.get(
    "/layerings/{layering_id}/changes/members",
    response=list[members.MemberSummaryOut],
    auth=RequiresScope("layers", shows_members=True),
)
def list_movers(
    request: ApiRequest,
    layering_id: schemas.Id,
    from_layer: Annotated[str, Field(max_length=80)],
    to_layer: Annotated[str, Field(max_length=80)],
    since: date,
    until: date | None = None,
    limit: Annotated[int, Field(ge=1, le=1_000)] = 200,
) -> list[dict[str, Any]]:
    """List the members of one of the changes; an empty layer is for who was not there."""
    moved = layer_moves.list_people(
        layering=_get_layering(request, layering_id),
        day=community_days.from_date(since),
        until=None if until is None else community_days.from_date(until),
        before=from_layer,
        after=to_layer,
        by=request.by,
        at=request.at,
    )
    return members.summarize(request, moved[:limit])


@router.post("/layerings/{layering_id}/runs", response=LayeringDetailOut)
def run(request: ApiRequest, layering_id: schemas.Id) -> dict[str, Any]:
    """Recompute the layer of every member."""
    layering = _get_layering(request, layering_id)
    layers.recompute(layering=layering, by=request.by, at=request.at)
    return get(request, layering_id)
