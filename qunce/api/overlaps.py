"""People in several groups of a set, and clean-ups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import visibility as group_visibility
from qunce.groups.overlaps import (
    boards,
    clean_ups,
    exposures,
    group_sets,
    likely_people,
    overlap_sets,
)
from qunce.groups.overlaps.models import CleanUp, GroupSet
from qunce.sets.bitmaps import bitmaps

router = Router(auth=RequiresScope("groups", shows_members=True), tags=["overlaps"])
MAX_PEOPLE = 1_000
GroupPair = Annotated[list[schemas.Id], Field(min_length=2, max_length=2)]
Keep = Literal["earliest", "latest", "chosen", "most_active"]
Door = Literal["off", "ask", "refuse"]


class GroupSetUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    group_ids: (
        Annotated[list[schemas.Id], Field(max_length=group_sets.MAX_GROUPS)] | None
    ) = None
    keep: Keep | None = None
    chosen_group_id: schemas.Id | None = None
    door: Door | None = None
    may_overlap: (
        Annotated[list[GroupPair], Field(max_length=group_sets.MAX_PAIRS)] | None
    ) = None


class GroupSetIn(GroupSetUpdateIn):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    group_ids: Annotated[list[schemas.Id], Field(max_length=group_sets.MAX_GROUPS)]


class GroupSetOut(schemas.OutputSchema):
    id: int
    name: str
    group_ids: list[int]
    keep: str
    chosen_group_id: int | None
    door: str
    may_overlap: list[list[int]]


class GroupSetsOut(schemas.OutputSchema):
    items: list[GroupSetOut]


class SharedPairOut(schemas.OutputSchema):
    group_ids: list[int]
    members: int


class OverlappingMemberOut(schemas.OutputSchema):
    member_id: int
    group_ids: list[int]


class LikelyMemberOut(schemas.OutputSchema):
    """Two members who may be one person, with the confidence in percent."""

    member_ids: list[int]
    reason: str
    confidence: int


class OverlapBoardOut(schemas.OutputSchema):
    """`members` are the first 1,000 of `count` people in several groups."""

    count: int
    pairs: list[SharedPairOut]
    members: list[OverlappingMemberOut]
    likely: list[LikelyMemberOut]


class DepartureOut(schemas.OutputSchema):
    account_id: int
    member_id: int
    group_id: int
    kept_group_id: int


class CleanUpPreviewOut(schemas.OutputSchema):
    """`exempt` people are on the whitelist; `count` is what a start has to name."""

    count: int
    exempt: int
    needs_second_person: bool
    departures: list[DepartureOut]


class CleanUpIn(schemas.InputSchema):
    """`expected` is the number of departures that the preview showed."""

    expected: Annotated[int, Field(ge=1, le=clean_ups.MAX_ITEMS)]


class CleanUpOut(schemas.OutputSchema):
    id: int
    group_set_id: int
    state: str
    keep: str
    created_at: datetime
    total: int
    done: int
    waiting: int
    by_hand: int
    failed: int


class CleanUpsOut(schemas.OutputSchema):
    items: list[CleanUpOut]


class ExposureOut(schemas.OutputSchema):
    """An atmosphere account, or with `line` a text, in groups that share members."""

    group_ids: list[int]
    shared_members: int
    names: list[str]
    line: str


class ExposuresOut(schemas.OutputSchema):
    items: list[ExposureOut]


# Sets


def _serialize(row: GroupSet) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "group_ids": sorted(group.pk for group in row.groups.all()),
        "keep": row.keep,
        "chosen_group_id": row.chosen_id,
        "door": row.door,
        "may_overlap": row.may_overlap,
    }


def _fields(request: ApiRequest, data: GroupSetUpdateIn) -> dict[str, Any]:
    sent = data.model_dump(exclude_unset=True)
    fields = {
        name: sent[name]
        for name in ("name", "keep", "door", "may_overlap")
        if sent.get(name) is not None
    }
    if sent.get("group_ids") is not None:
        wanted = sorted(set(sent["group_ids"]))
        group_visibility.check(by=request.by, groups=wanted)
        visible = group_visibility.list_visible(request.by)
        fields["groups"] = list(visible.filter(pk__in=wanted).order_by("pk"))
    if "chosen_group_id" in sent:
        chosen = sent["chosen_group_id"]
        fields["chosen"] = chosen and group_visibility.get(by=request.by, pk=chosen)
    return fields


@router.get("/group-sets", response=GroupSetsOut)
def list_sets(request: ApiRequest) -> dict[str, Any]:
    """List the sets by name."""
    return {"items": [_serialize(row) for row in group_sets.list_visible(request.by)]}


@router.post("/group-sets", response={201: GroupSetOut})
def create_set(request: ApiRequest, data: GroupSetIn) -> Any:
    """Create a set of groups in which a person should be once."""
    row = group_sets.create(by=request.by, at=request.at, **_fields(request, data))
    return Status(201, _serialize(row))


@router.patch("/group-sets/{set_id}", response=GroupSetOut)
def update_set(
    request: ApiRequest, set_id: schemas.Id, data: GroupSetUpdateIn
) -> dict[str, Any]:
    """Change a set."""
    row = group_sets.get(pk=set_id, by=request.by)
    group_sets.update(
        group_set=row, by=request.by, at=request.at, **_fields(request, data)
    )
    return _serialize(group_sets.get(pk=set_id, by=request.by))


@router.delete("/group-sets/{set_id}", response={204: None})
def archive_set(request: ApiRequest, set_id: schemas.Id) -> Any:
    """Archive a set. Its clean-ups are kept."""
    row = group_sets.get(pk=set_id, by=request.by)
    group_sets.archive(group_set=row, by=request.by, at=request.at)
    return Status(204, None)


@router.get("/group-sets/{set_id}/overlaps", response=OverlapBoardOut)
def get_board(request: ApiRequest, set_id: schemas.Id) -> dict[str, Any]:
    """Get who is in several groups of a set, and who may be the same person."""
    row = group_sets.get(pk=set_id, by=request.by)
    board = boards.load(group_set=row, by=request.by, at=request.at)
    shown = bitmaps.of(list(board.people)[:MAX_PEOPLE])
    likely = likely_people.find(group_set=row, by=request.by, at=request.at)
    return {
        "count": len(board.people),
        "pairs": [
            {"group_ids": list(two), "members": count}
            for two, count in sorted(board.pairs.items())
        ],
        "members": [
            {"member_id": person, "group_ids": own}
            for person, own in overlap_sets.groups_by_person(
                board.members, shown
            ).items()
        ],
        "likely": [
            {
                "member_ids": [each.left, each.right],
                "reason": each.reason,
                "confidence": each.confidence,
            }
            for each in likely
        ],
    }


@router.get("/group-exposures", response=ExposuresOut)
def list_exposures(request: ApiRequest) -> dict[str, Any]:
    """List atmosphere accounts and lines that members of two groups could recognise."""
    return {
        "items": [
            {
                "group_ids": [each.left.pk, each.right.pk],
                "shared_members": each.shared,
                "names": list(each.names),
                "line": each.line,
            }
            for each in exposures.find(by=request.by, at=request.at)
        ]
    }


# Clean-ups


@router.get("/group-sets/{set_id}/clean-up-preview", response=CleanUpPreviewOut)
def preview(request: ApiRequest, set_id: schemas.Id) -> dict[str, Any]:
    """Look at who would leave which group."""
    row = group_sets.get(pk=set_id, by=request.by)
    shown = clean_ups.preview(group_set=row, by=request.by, at=request.at)
    return {
        "count": len(shown.departures),
        "exempt": shown.exempt,
        "needs_second_person": shown.needs_second_person,
        "departures": [
            {
                "account_id": each.account,
                "member_id": each.person,
                "group_id": each.group.pk,
                "kept_group_id": each.kept.pk,
            }
            for each in shown.departures
        ],
    }


def _serialize_run(run: CleanUp) -> dict[str, Any]:
    progress = clean_ups.progress_of(run)
    names = ("total", "done", "waiting", "by_hand", "failed")
    return {
        "id": run.pk,
        "group_set_id": run.group_set_id,
        "state": run.state,
        "keep": run.keep,
        "created_at": run.created_at,
        **{name: getattr(progress, name) for name in names},
    }


@router.get("/clean-ups", response=CleanUpsOut)
def list_runs(request: ApiRequest) -> dict[str, Any]:
    """List the clean-ups, the latest first."""
    return {
        "items": [_serialize_run(run) for run in clean_ups.list_visible(request.by)]
    }


@router.post("/group-sets/{set_id}/clean-ups", response={201: CleanUpOut})
def start(request: ApiRequest, set_id: schemas.Id, data: CleanUpIn) -> Any:
    """Start what the preview showed. Many departures wait for a second person."""
    row = group_sets.get(pk=set_id, by=request.by)
    run = clean_ups.start(
        group_set=row, expected=data.expected, by=request.by, at=request.at
    )
    return Status(201, _serialize_run(run))


@router.get("/clean-ups/{run_id}", response=CleanUpOut)
def get_run(request: ApiRequest, run_id: schemas.Id) -> dict[str, Any]:
    """Get a clean-up and its progress."""
    return _serialize_run(clean_ups.get(pk=run_id, by=request.by))


@router.post("/clean-ups/{run_id}/approve", response=CleanUpOut)
def approve(request: ApiRequest, run_id: schemas.Id) -> dict[str, Any]:
    """Approve a clean-up that somebody else started."""
    run = clean_ups.get(pk=run_id, by=request.by)
    clean_ups.approve(clean_up=run, by=request.by, at=request.at)
    return get_run(request, run_id)


@router.post("/clean-ups/{run_id}/refuse", response=CleanUpOut)
def refuse(request: ApiRequest, run_id: schemas.Id) -> dict[str, Any]:
    """Refuse a clean-up that waits."""
    run = clean_ups.get(pk=run_id, by=request.by)
    clean_ups.refuse(clean_up=run, by=request.by, at=request.at)
    return get_run(request, run_id)


@router.post("/clean-ups/{run_id}/undo", response=CleanUpOut)
def undo(request: ApiRequest, run_id: schemas.Id) -> dict[str, Any]:
    """Cancel what is left and invite back who is gone."""
    run = clean_ups.get(pk=run_id, by=request.by)
    clean_ups.undo(clean_up=run, by=request.by, at=request.at)
    return get_run(request, run_id)
