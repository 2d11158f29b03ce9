"""Roles that a community makes itself: a built-in role with other permissions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_NAME_LENGTH = 60
MAX_ROLES = 50
"""Roles of a community, as they are the columns of a page."""


class CustomRole(models.Model):
    """`base` is the built-in role whose rank it has; it decides who may give the role."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="roles")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    base = models.CharField(max_length=20, choices=permissions.Role.choices)
    permissions: models.JSONField[list[str], list[str]] = models.JSONField()
    created_at = timestamps.TimestampField()

    class Meta:
        db_table = "core_custom_role"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"], name="one_role_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RoleCreated(facts.FactKind):
    kind = "role.created"
    label = gettext_lazy("role created")
    role: int
    name: str
    permissions: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RoleChanged(facts.FactKind):
    """`added` and `removed` are permissions."""

    kind = "role.changed"
    label = gettext_lazy("role changed")
    role: int
    name: str
    added: list[str]
    removed: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RoleDeleted(facts.FactKind):
    kind = "role.deleted"
    label = gettext_lazy("role deleted")
    role: int
    name: str


class RoleNotFound(errors.NotFound):
    """There is no such role in this community."""


class InvalidRole(errors.Invalid):
    """The name, base or permissions of a role are not valid."""


class RoleInUse(errors.Refused):
    """Staff still have the role."""


# Checks


def check_name(community: Community, name: str, role: CustomRole | None = None) -> str:
    """The cleaned name; raises InvalidRole."""
    name = names.clean(name)
    if not name or len(name) > MAX_NAME_LENGTH or not text_validation.is_valid(name):
        raise InvalidRole(
            _("Give the role a name of at most %(most)s characters.")
            % {"most": MAX_NAME_LENGTH}
        )
    same = CustomRole.objects.filter(community=community, name__iexact=name)
    labels = {str(built_in.label).casefold() for built_in in permissions.Role}
    if (
        name.casefold() in labels
        or (same.exclude(pk=role.pk) if role else same).exists()
    ):
        raise InvalidRole(_("A role “%(name)s” already exists.") % {"name": name})
    return name


def check_permissions(chosen: Iterable[str]) -> list[str]:
    """The permissions, sorted; raises InvalidRole for one that does not exist."""
    known = permissions.declared()
    for permission in chosen:
        if permission not in known:
            raise InvalidRole(
                _("There is no permission “%(permission)s”.")
                % {"permission": permission}
            )
    return sorted(set(chosen))


def check_may_edit(role: CustomRole, by: Staff) -> None:
    """Raise NotAllowed unless `by` has all that the role has."""
    permissions.check_manage_staff(by)
    check_of_community(role, by)
    permissions.check_give(by, permissions.Role(role.base), role.permissions)


def check_of_community(role: CustomRole, by: Staff) -> None:
    if role.community_id != by.community_id:
        raise RoleNotFound(_("There is no such role."))


def may_edit(role: CustomRole, by: Staff) -> bool:
    try:
        check_may_edit(role, by)
    except errors.QunceError:
        return False
    return True


def check_unused(role: CustomRole) -> None:
    holders = role.staff.order_by("name", "pk").values_list("name", flat=True)
    if holders:
        raise RoleInUse(
            _("“%(role)s” is the role of: %(names)s. Give them another one first.")
            % {"role": role.name, "names": ", ".join(holders)}
        )


# Verbs


@transaction.atomic
def create(
    *, name: str, base: str, chosen: Iterable[str], by: Staff, at: datetime
) -> CustomRole:
    """Create a role with the rank of `base` and the chosen permissions."""
    permissions.check_manage_staff(by)
    if base not in permissions.Role.values or base == permissions.Role.OWNER:
        raise InvalidRole(_("Choose a role to start from."))
    allowed = check_permissions(list(chosen))
    permissions.check_give(by, permissions.Role(base), allowed)
    name = check_name(by.community, name)
    if CustomRole.objects.filter(community=by.community).count() >= MAX_ROLES:
        raise InvalidRole(
            _("A community can have at most %(most)s roles of its own.")
            % {"most": MAX_ROLES}
        )
    role = CustomRole.objects.create(
        community=by.community, name=name, base=base, permissions=allowed, created_at=at
    )
    fact = RoleCreated(role=role.pk, name=name, permissions=allowed)
    facts.record(fact, community=by.community, by=by, at=at)
    return role


@transaction.atomic
def update(
    *, role: CustomRole, name: str, chosen: Iterable[str], by: Staff, at: datetime
) -> None:
    """Change the name and the permissions; they apply to all who have the role."""
    check_may_edit(role, by)
    allowed = check_permissions(list(chosen))
    permissions.check_give(by, permissions.Role(role.base), allowed)
    name = check_name(by.community, name, role)
    before = set(role.permissions)
    if (role.name, sorted(before)) == (name, allowed):
        return
    role.name, role.permissions = name, allowed
    role.save(update_fields=["name", "permissions"])
    fact = RoleChanged(
        role=role.pk,
        name=name,
        added=sorted(set(allowed) - before),
        removed=sorted(before - set(allowed)),
    )
    facts.record(fact, community=by.community, by=by, at=at)


@transaction.atomic
def delete(*, role: CustomRole, by: Staff, at: datetime) -> None:
    """Delete a role that nobody has."""
    check_may_edit(role, by)
    check_unused(role)
    fact = RoleDeleted(role=role.pk, name=role.name)
    role.delete()
    facts.record(fact, community=by.community, by=by, at=at)


# Reads


def get(by: Staff, pk: int) -> CustomRole:
    for role in list_all(by.community).filter(pk=pk):
        return role
    raise RoleNotFound(_("There is no such role."))


def find(community: Community, name: str) -> CustomRole | None:
    """The role of this name."""
    return list_all(community).filter(name__iexact=names.clean(name)).first()


def list_all(community: Community) -> models.QuerySet[CustomRole]:
    return CustomRole.objects.filter(community=community).order_by("name", "pk")
