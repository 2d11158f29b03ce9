"""Groups, and who is in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.groups import groups, visibility
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility as people
from qunce.sets import audiences

router = Router(auth=RequiresScope("groups"), tags=["groups"])
Audience = Literal["customers", "new_customers", "old_customers", "guides"]
Capacity = Annotated[int, Field(ge=1, le=1_000_000)]
Word = Annotated[str, Field(max_length=40)]


class GroupChange(schemas.InputSchema):
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    platform: Annotated[str, Field(min_length=1, max_length=30)] | None = None
    audience: Audience | None = None
    kind: Word | None = None
    capacity: Capacity | None = None
    threshold: schemas.ShortText | None = None


class GroupGiven(GroupChange):
    key: schemas.Key


class Step(schemas.InputSchema):
    """stabilize, recall, close or revive."""

    step: Literal["stabilize", "recall", "close", "revive"]


class Joining(schemas.InputSchema):
    members: schemas.IdList
    role: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,19}$")] = "member"
    happened_at: schemas.Timestamp | None = None


class Leaving(schemas.InputSchema):
    members: schemas.IdList
    happened_at: schemas.Timestamp | None = None


class GroupShown(schemas.OutputSchema):
    id: int
    key: str
    name: str
    platform: str
    audience: str
    stage: str
    kind: str
    capacity: int | None
    threshold: str
    created_at: datetime


class GroupCounted(GroupShown):
    """`size` counts the members in sight."""

    size: int


class MembershipShown(schemas.OutputSchema):
    account: int
    member: int
    role: str
    joined_at: datetime


class Changed(schemas.OutputSchema):
    changed: int


def _shown(group: Group) -> dict[str, Any]:
    names = [name for name in GroupShown.model_fields if name not in ("id", "stage")]
    shown = {name: getattr(group, name) for name in names}
    return shown | {"id": group.pk, "stage": group.state}


def _about(given: GroupChange) -> dict[str, Any]:
    """What was given; only the capacity can be taken away by null."""
    told = given.model_dump(exclude_unset=True, exclude={"key"})
    return {
        name: value
        for name, value in told.items()
        if value is not None or name == "capacity"
    }


@router.get("/groups", response=schemas.Page[GroupShown])
def listed(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=200)] = None,
    stage: groups.Stage | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    there = visibility.list_visible(request.by).order_by("pk")
    if key is not None:
        there = there.filter(key=key)
    if stage is not None:
        there = there.filter(state=stage.value)
    found, more = schemas.paginate(
        lambda start, most: list(there.filter(pk__gt=start)[:most]),
        after=after,
        limit=limit,
        number=lambda group: group.pk,
    )
    return {"items": [_shown(group) for group in found], "next": more}


@router.post("/groups", response={201: GroupShown})
def create(request: ApiRequest, given: GroupGiven) -> Any:
    group = groups.create(
        community=request.community,
        key=given.key,
        by=request.by,
        at=request.at,
        **_about(given),
    )
    return Status(201, _shown(group))


@router.get("/groups/{group}", response=GroupCounted)
def one(request: ApiRequest, group: schemas.Id) -> dict[str, Any]:
    found = visibility.get(by=request.by, pk=group)
    size = audiences.count(
        community=request.community,
        rule={"group": {"any": [found.key]}},
        by=request.by,
        at=request.at,
    )
    return _shown(found) | {"size": size}


@router.patch("/groups/{group}", response=GroupShown)
def change(
    request: ApiRequest, group: schemas.Id, given: GroupChange
) -> dict[str, Any]:
    found = visibility.get(by=request.by, pk=group)
    groups.update(group=found, by=request.by, at=request.at, **_about(given))
    return _shown(found)


@router.post("/groups/{group}/stage", response=GroupShown)
def move(request: ApiRequest, group: schemas.Id, given: Step) -> dict[str, Any]:
    """Take a step of the group's life."""
    found = visibility.get(by=request.by, pk=group)
    groups.change_stage(group=found, transition=given.step, by=request.by, at=request.at)
    return _shown(found)


@router.get("/groups/{group}/members", response=schemas.Page[MembershipShown])
def memberships(
    request: ApiRequest,
    group: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """Who is in it now, by account."""
    found = visibility.get(by=request.by, pk=group)
    there = Membership.objects.filter(group=found, present=True).order_by("account_id")
    rows, more = schemas.paginate(
        lambda start, most: list(there.filter(account_id__gt=start)[:most]),
        after=after,
        limit=limit,
        number=lambda row: row.account_id,
        keep=None if request.by.scope is None else lambda some: _seen(request, some),
    )
    heads = account_queries.person_ids(row.account_id for row in rows)
    items = [
        {
            "account": row.account_id,
            "member": heads[row.account_id],
            "role": row.role,
            "joined_at": row.joined_at,
        }
        for row in rows
    ]
    return {"items": items, "next": more}


def _seen(call: ApiRequest, some: Sequence[Membership]) -> list[Membership]:
    heads = account_queries.person_ids(row.account_id for row in some)
    seen = people.filter_visible(by=call.by, accounts=heads, at=call.at)
    return [row for row in some if heads[row.account_id] in seen]


@router.post("/groups/{group}/members", response=Changed)
def join(request: ApiRequest, group: schemas.Id, given: Joining) -> dict[str, int]:
    """Put accounts in the group; who is in it already stays as they are."""
    found = visibility.get(by=request.by, pk=group)
    people.check_visible(by=request.by, accounts=given.members, at=request.at)
    changed = groups.add_members(
        group=found,
        accounts=given.members,
        role=given.role,
        happened_at=given.happened_at,
        by=request.by,
        at=request.at,
    )
    return {"changed": changed}


@router.post("/groups/{group}/members/removal", response=Changed)
def leave(request: ApiRequest, group: schemas.Id, given: Leaving) -> dict[str, int]:
    """Take accounts out of the group."""
    found = visibility.get(by=request.by, pk=group)
    people.check_visible(by=request.by, accounts=given.members, at=request.at)
    changed = groups.remove_members(
        group=found,
        accounts=given.members,
        happened_at=given.happened_at,
        by=request.by,
        at=request.at,
    )
    return {"changed": changed}
