"""Groups and their members."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core.staff import staff
from qunce.groups import group_cards, groups, memberships, visibility
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility as people
from qunce.sets import audiences

router = Router(auth=RequiresScope("groups"), tags=["groups"])
Audience = Literal["customers", "new_customers", "old_customers", "guides"]


class CardIn(schemas.InputSchema):
    """The positioning card; an empty text removes the entry."""

    whom: Annotated[str, Field(max_length=300)] | None = None
    value: Annotated[str, Field(max_length=300)] | None = None
    rhythm: Annotated[str, Field(max_length=300)] | None = None


class GroupUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are, also inside `card`.

    A `capacity` of null means no limit, an `owner_login` of null nobody.
    """

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    platform: Annotated[str, Field(min_length=1, max_length=30)] | None = None
    audience: Audience | None = None
    kind: Annotated[str, Field(max_length=40)] | None = None
    capacity: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    card: CardIn | None = None
    owner_login: schemas.ShortText | None = None


class GroupIn(GroupUpdateIn):
    key: schemas.Key


class ChangeStageIn(schemas.InputSchema):
    transition: Literal["stabilize", "recall", "close", "revive"]


class RemoveMembersIn(schemas.InputSchema):
    member_ids: schemas.IdList
    happened_at: schemas.Timestamp | None = None


class AddMembersIn(RemoveMembersIn):
    role: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,19}$")] = "member"


class RoleChangeIn(schemas.InputSchema):
    """`role` is such as member, owner, koc, service or volunteer."""

    member_id: schemas.Id
    role: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,19}$")]


class CardOut(schemas.OutputSchema):
    """The people the group is for, what they get, and what is posted when."""

    whom: str = ""
    value: str = ""
    rhythm: str = ""


class GroupOut(schemas.OutputSchema):
    id: int
    key: str
    name: str
    platform: str
    audience: str
    stage: str
    kind: str
    capacity: int | None
    card: CardOut
    owner_login: str | None
    created_at: datetime


class GroupDetailOut(GroupOut):
    """`member_count` counts the members whom the staff member sees.

    `staff_count` are the people in the group who are not counted: those who work here,
    bots and volunteers.
    """

    member_count: int
    staff_count: int


class MembershipOut(schemas.OutputSchema):
    account_id: int
    member_id: int
    role: str
    joined_at: datetime
    works_here: bool
    is_counted: bool


class MembershipResult(schemas.OutputSchema):
    members_changed: int


PLAIN_FIELDS = ("name", "platform", "audience", "kind", "capacity")


def _serialize(group: Group) -> dict[str, Any]:
    fields = {name: getattr(group, name) for name in ("key", *PLAIN_FIELDS)}
    return fields | {
        "id": group.pk,
        "stage": group.state,
        "card": group_cards.read(group),
        "owner_login": group.owner.login if group.owner else None,
        "created_at": group.created_at,
    }


def _fields(
    request: ApiRequest, data: GroupUpdateIn, group: Group | None = None
) -> dict[str, Any]:
    """Return the fields that were sent; null is a value of `capacity` and the owner."""
    # A field that is missing differs from one that is null.
    sent = data.model_dump(exclude_unset=True, exclude={"key"})
    fields = {
        name: value
        for name, value in sent.items()
        if name in PLAIN_FIELDS and (value is not None or name == "capacity")
    }
    if sent.get("card") is not None:
        fields["card"] = group_cards.change(group.card if group else {}, sent["card"])
    if "owner_login" in sent:
        login = sent["owner_login"]
        fields["owner"] = staff.get_by_login(request.by, login) if login else None
    return fields


# Groups


@router.get("/groups", response=schemas.Page[GroupOut])
def list_(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=200)] = None,
    stage: groups.Stage | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List groups by id."""
    query = visibility.list_visible(request.by).select_related("owner").order_by("pk")
    if key is not None:
        query = query.filter(key=key)
    if stage is not None:
        query = query.filter(state=stage.value)
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": [_serialize(group) for group in page], "next": more}


@router.post("/groups", response={201: GroupOut})
def create(request: ApiRequest, data: GroupIn) -> Any:
    """Create a group."""
    group = groups.create(
        community=request.community,
        key=data.key,
        by=request.by,
        at=request.at,
        **_fields(request, data),
    )
    return Status(201, _serialize(group))


@router.get("/groups/{group_id}", response=GroupDetailOut)
def get(request: ApiRequest, group_id: schemas.Id) -> dict[str, Any]:
    """Get a group and how many members it has."""
    group = visibility.get(by=request.by, pk=group_id)
    query = (group, request.by, request.at)
    return _serialize(group) | {
        "member_count": memberships.count_members(*query),
        "staff_count": memberships.count_uncounted(*query),
    }


@router.patch("/groups/{group_id}", response=GroupOut)
def update(
    request: ApiRequest, group_id: schemas.Id, data: GroupUpdateIn
) -> dict[str, Any]:
    """Update a group."""
    group = visibility.get(by=request.by, pk=group_id)
    fields = _fields(request, data, group)
    groups.update(group=group, by=request.by, at=request.at, **fields)
    return _serialize(group)


@router.post("/groups/{group_id}/stage", response=GroupOut)
def change_stage(
    request: ApiRequest, group_id: schemas.Id, data: ChangeStageIn
) -> dict[str, Any]:
    """Change the stage of a group."""
    group = visibility.get(by=request.by, pk=group_id)
    groups.change_stage(
        group=group, transition=data.transition, by=request.by, at=request.at
    )
    return _serialize(group)


# Members of a group


@router.get("/groups/{group_id}/members", response=schemas.Page[MembershipOut])
def list_members(
    request: ApiRequest,
    group_id: schemas.Id,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the people in a group by account id, those who work here too."""
    group = visibility.get(by=request.by, pk=group_id)
    query = Membership.objects.filter(group=group, present=True).order_by("account_id")
    page, more = schemas.paginate(
        lambda start_id, size: list(query.filter(account_id__gt=start_id)[:size]),
        after=after,
        limit=limit,
        id_of=lambda row: row.account_id,
        filter_visible=members.visible_filter(request, lambda row: row.account_id),
    )
    person_ids = account_queries.person_ids(row.account_id for row in page)
    staff_people = audiences.staff_people(community=request.community, at=request.at)
    uncounted = audiences.uncounted_people(community=request.community, at=request.at)
    items = [
        {
            "account_id": row.account_id,
            "member_id": person_ids[row.account_id],
            "role": row.role,
            "joined_at": row.joined_at,
            "works_here": person_ids[row.account_id] in staff_people,
            "is_counted": person_ids[row.account_id] not in uncounted,
        }
        for row in page
    ]
    return {"items": items, "next": more}


@router.post("/groups/{group_id}/members", response=MembershipResult)
def add_members(
    request: ApiRequest, group_id: schemas.Id, data: AddMembersIn
) -> dict[str, int]:
    """Add members to a group.

    Members who are in the group already keep their role.
    """
    group = visibility.get(by=request.by, pk=group_id)
    people.check_visible(by=request.by, accounts=data.member_ids, at=request.at)
    changed = groups.add_members(
        group=group,
        accounts=data.member_ids,
        role=data.role,
        happened_at=data.happened_at,
        by=request.by,
        at=request.at,
    )
    return {"members_changed": changed}


@router.post("/groups/{group_id}/members/remove", response=MembershipResult)
def remove_members(
    request: ApiRequest, group_id: schemas.Id, data: RemoveMembersIn
) -> dict[str, int]:
    """Remove members from a group."""
    group = visibility.get(by=request.by, pk=group_id)
    people.check_visible(by=request.by, accounts=data.member_ids, at=request.at)
    changed = groups.remove_members(
        group=group,
        accounts=data.member_ids,
        happened_at=data.happened_at,
        by=request.by,
        at=request.at,
    )
    return {"members_changed": changed}


@router.post("/groups/{group_id}/members/role", response=GroupDetailOut)
def change_role(
    request: ApiRequest, group_id: schemas.Id, data: RoleChangeIn
) -> dict[str, Any]:
    """Give a role to all accounts of a member that are in the group."""
    group = visibility.get(by=request.by, pk=group_id)
    memberships.change_role(
        group=group,
        account=data.member_id,
        role=data.role,
        by=request.by,
        at=request.at,
    )
    return get(request, group_id)
