"""Staff, their roles, and the units to which they belong.

Adding staff, passwords and API keys stay with people: whoever finds a key must not be
able to make themselves a way in that outlives it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Field, Router, Status

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import permissions
from qunce.core.staff import roles, staff, units
from qunce.core.staff.models import Staff
from qunce.core.staff.roles import CustomRole
from qunce.core.staff.units import Unit
from qunce.members.rule_text import contact_masks

router = Router(auth=RequiresScope("staff"), tags=["staff"])
BuiltInRole = Literal["owner", "manager", "operator", "viewer"]
Permissions = Annotated[list[schemas.ShortText], Field(max_length=200)]
GroupKeys = Annotated[list[schemas.Key], Field(max_length=1_000)]
RoleName = Annotated[str, Field(min_length=1, max_length=roles.MAX_NAME_LENGTH)]
UnitName = Annotated[str, Field(min_length=1, max_length=units.MAX_NAME_LENGTH)]
UnitKind = Literal["headquarters", "front", "local"]
Name = Annotated[str, Field(min_length=1, max_length=staff.MAX_LENGTH)]


class StaffUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    Give `role`, or `role_id` for a role of the community. `scope` is a rule that selects
    the members whom they see, `group_keys` are the groups; null is no limit.
    """

    name: Name | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    role: BuiltInRole | None = None
    role_id: schemas.Id | None = None
    unit_id: schemas.Id | None = None
    scope: schemas.Rule | None = None
    group_keys: GroupKeys | None = None


class StaffMemberOut(schemas.OutputSchema):
    """`scope` and `group_keys` are their own limits, beside those of their unit."""

    id: int
    login: str
    name: str
    email: str
    role: str
    role_id: int | None
    unit_id: int | None
    scope: dict[str, Any] | None
    group_keys: list[str] | None
    active: bool
    created_at: datetime


class RoleUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are."""

    name: RoleName | None = None
    permissions: Permissions | None = None


class RoleIn(schemas.InputSchema):
    """The role has the rank of `base`, and these permissions instead of its own."""

    name: RoleName
    base: Literal["manager", "operator", "viewer"]
    permissions: Permissions


class RoleOut(schemas.OutputSchema):
    """`id` is null for a built-in role, which cannot be changed."""

    id: int | None
    name: str
    base: str
    permissions: list[str]


class UnitUpdateIn(schemas.InputSchema):
    """Fields that are missing stay as they are.

    `scope` and `group_keys` limit what its staff see; null is no limit.
    """

    name: UnitName | None = None
    kind: UnitKind | None = None
    parent_id: schemas.Id | None = None
    scope: schemas.Rule | None = None
    group_keys: GroupKeys | None = None


class UnitIn(UnitUpdateIn):
    name: UnitName
    kind: UnitKind


class UnitOut(schemas.OutputSchema):
    id: int
    name: str
    kind: str
    parent_id: int | None
    scope: dict[str, Any] | None
    group_keys: list[str] | None
    closed_at: datetime | None


# Staff


def _serialize(row: Staff, by: Staff) -> dict[str, Any]:
    names = ("login", "name", "email", "role", "unit_id", "created_at")
    return {name: getattr(row, name) for name in names} | {
        "id": row.pk,
        "role_id": row.custom_role_id,
        "scope": contact_masks.masked(row.own_scope, by),
        "group_keys": row.own_groups,
        "active": row.is_active,
    }


@router.get("/staff", response=schemas.Page[StaffMemberOut])
def list_(
    request: ApiRequest, after: schemas.Cursor = None, limit: schemas.Limit = 50
) -> dict[str, Any]:
    """List the staff by id, those who are deactivated too."""
    permissions.check_manage_staff(request.by)
    query = staff.list_all(request.community).order_by("pk")
    page, more = schemas.paginate_rows(query, after=after, limit=limit)
    return {"items": [_serialize(row, request.by) for row in page], "next": more}


@router.get("/staff/{staff_id}", response=StaffMemberOut)
def get(request: ApiRequest, staff_id: schemas.Id) -> dict[str, Any]:
    """Get a staff member."""
    permissions.check_manage_staff(request.by)
    return _serialize(staff.get(request.by, staff_id), request.by)


@router.patch("/staff/{staff_id}", response=StaffMemberOut)
def update(
    request: ApiRequest, staff_id: schemas.Id, data: StaffUpdateIn
) -> dict[str, Any]:
    """Update a staff member: their role, unit, or what they see."""
    permissions.check_manage_staff(request.by)
    row, sent = staff.get(request.by, staff_id), data.model_fields_set
    changes = {
        name: value
        for name in ("name", "email", "role")
        if (value := getattr(data, name)) is not None
    }
    if data.role_id is not None:
        role = roles.get(request.by, data.role_id)
        changes |= {"role": role.base, "custom_role": role}
    if "unit_id" in sent:
        unit = data.unit_id and units.get(request.community, data.unit_id)
        changes["unit"] = unit or None
    if "scope" in sent:
        changes["scope"] = data.scope
    if "group_keys" in sent:
        changes["groups"] = data.group_keys
    staff.update(staff=row, by=request.by, at=request.at, **changes)
    return get(request, staff_id)


@router.post("/staff/{staff_id}/deactivate", response=StaffMemberOut)
def deactivate(request: ApiRequest, staff_id: schemas.Id) -> dict[str, Any]:
    """Deactivate a staff member. All their sessions and keys end."""
    row = staff.get(request.by, staff_id)
    staff.deactivate(staff=row, by=request.by, at=request.at)
    return get(request, staff_id)


@router.post("/staff/{staff_id}/reactivate", response=StaffMemberOut)
def reactivate(request: ApiRequest, staff_id: schemas.Id) -> dict[str, Any]:
    """Let a deactivated staff member in again."""
    row = staff.get(request.by, staff_id)
    staff.reactivate(staff=row, by=request.by, at=request.at)
    return get(request, staff_id)


# Roles


def _serialize_role(role: CustomRole) -> dict[str, Any]:
    names = ("name", "base", "permissions")
    return {name: getattr(role, name) for name in names} | {"id": role.pk}


@router.get("/roles", response=list[RoleOut])
def list_roles(request: ApiRequest) -> list[dict[str, Any]]:
    """List the built-in roles and those of the community, with their permissions."""
    declared = permissions.declared()
    built_in = [
        {
            "id": None,
            "name": role.value,
            "base": role.value,
            "permissions": sorted(
                p for p, allowed in declared.items() if role in allowed
            ),
        }
        for role in permissions.Role
    ]
    return [*built_in, *map(_serialize_role, roles.list_all(request.community))]


@router.post("/roles", response={201: RoleOut})
def create_role(request: ApiRequest, data: RoleIn) -> Any:
    """Create a role of the community."""
    role = roles.create(
        name=data.name,
        base=data.base,
        chosen=data.permissions,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize_role(role))


@router.patch("/roles/{role_id}", response=RoleOut)
def update_role(
    request: ApiRequest, role_id: schemas.Id, data: RoleUpdateIn
) -> dict[str, Any]:
    """Update a role. The permissions apply to all who have it."""
    role = roles.get(request.by, role_id)
    roles.update(
        role=role,
        name=data.name or role.name,
        chosen=role.permissions if data.permissions is None else data.permissions,
        by=request.by,
        at=request.at,
    )
    return _serialize_role(role)


@router.delete("/roles/{role_id}", response={204: None})
def delete_role(request: ApiRequest, role_id: schemas.Id) -> Any:
    """Delete a role that nobody has."""
    role = roles.get(request.by, role_id)
    roles.delete(role=role, by=request.by, at=request.at)
    return Status(204, None)


# Units


def _serialize_unit(unit: Unit, by: Staff) -> dict[str, Any]:
    names = ("name", "kind", "parent_id", "closed_at")
    fields = {name: getattr(unit, name) for name in names}
    scope = contact_masks.masked(unit.scope, by)
    return fields | {"id": unit.pk, "scope": scope, "group_keys": unit.groups}


@router.get("/units", response=list[UnitOut])
def list_units(request: ApiRequest) -> list[dict[str, Any]]:
    """List the units, each before those below it."""
    permissions.check_manage_staff(request.by)
    return [
        _serialize_unit(unit, request.by)
        for _depth, unit in units.list_tree(request.community)
    ]


@router.post("/units", response={201: UnitOut})
def create_unit(request: ApiRequest, data: UnitIn) -> Any:
    """Open a unit."""
    permissions.check_manage_staff(request.by)
    unit = units.create(
        community=request.community,
        name=data.name,
        kind=data.kind,
        parent=_find_unit(request, data.parent_id),
        scope=data.scope,
        groups=data.group_keys,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize_unit(unit, request.by))


@router.patch("/units/{unit_id}", response=UnitOut)
def update_unit(
    request: ApiRequest, unit_id: schemas.Id, data: UnitUpdateIn
) -> dict[str, Any]:
    """Update a unit: its name, its place, or what its staff see."""
    permissions.check_manage_staff(request.by)
    unit, sent = units.get(request.community, unit_id), data.model_fields_set
    moved = "parent_id" in sent
    units.update(
        unit=unit,
        name=data.name or unit.name,
        kind=data.kind or unit.kind,
        parent=_find_unit(request, data.parent_id) if moved else unit.parent,
        scope=data.scope if "scope" in sent else unit.scope,
        groups=data.group_keys if "group_keys" in sent else unit.groups,
        by=request.by,
        at=request.at,
    )
    return _serialize_unit(unit, request.by)


@router.post("/units/{unit_id}/close", response=UnitOut)
def close_unit(request: ApiRequest, unit_id: schemas.Id) -> dict[str, Any]:
    """Close a unit that has no staff and no open units below it."""
    permissions.check_manage_staff(request.by)
    unit = units.get(request.community, unit_id)
    units.close(unit=unit, by=request.by, at=request.at)
    return _serialize_unit(units.get(request.community, unit_id), request.by)


@router.post("/units/{unit_id}/reopen", response=UnitOut)
def reopen_unit(request: ApiRequest, unit_id: schemas.Id) -> dict[str, Any]:
    """Open a closed unit again."""
    permissions.check_manage_staff(request.by)
    unit = units.get(request.community, unit_id)
    units.reopen(unit=unit, by=request.by, at=request.at)
    return _serialize_unit(units.get(request.community, unit_id), request.by)


def _find_unit(request: ApiRequest, unit_id: int | None) -> Unit | None:
    return None if unit_id is None else units.get(request.community, unit_id)
