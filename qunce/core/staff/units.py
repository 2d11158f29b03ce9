"""Units: headquarters, the front office that serves members, and local branches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, personal_texts, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import scopes

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_NAME_LENGTH = 120
MAX_DEPTH = 6


class UnitKind(models.TextChoices):
    HEADQUARTERS = "headquarters", gettext_lazy("headquarters")
    FRONT = "front", gettext_lazy("front")
    LOCAL = "local", gettext_lazy("local")


@personal_texts.erased_in("name", "scope", "groups")
class Unit(models.Model):
    """A unit is closed rather than deleted, so that the staff of the past keep it.

    `scope` and `groups` limit what the staff of the unit, and of those below it, see.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="units")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="children"
    )
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    kind = models.CharField(max_length=20, choices=UnitKind.choices)
    scope: models.JSONField[Any, Any] = models.JSONField(null=True)
    groups: models.JSONField[Any, Any] = models.JSONField(null=True)
    closed_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"], name="one_unit_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


@facts.declare
@dataclass(frozen=True, kw_only=True)
class UnitOpened(facts.FactKind):
    kind = "unit.opened"
    label = gettext_lazy("unit opened")
    unit: int
    name: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class UnitChanged(facts.FactKind):
    kind = "unit.changed"
    label = gettext_lazy("unit changed")
    unit: int
    name: str
    changed: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class UnitClosed(facts.FactKind):
    kind = "unit.closed"
    label = gettext_lazy("unit closed")
    unit: int
    name: str


class UnitNotFound(errors.NotFound):
    """There is no such unit."""


class InvalidUnit(errors.Invalid):
    """The name, kind or parent of a unit is not valid."""


class UnitInUse(errors.Refused):
    """The unit still has staff or open units below it."""


def check_name_and_kind(
    *, unit: Unit | None, community: Community, name: str, kind: str
) -> None:
    if (
        not name.strip()
        or len(name) > MAX_NAME_LENGTH
        or not text_validation.is_valid(name)
    ):
        raise InvalidUnit(
            _("Give the unit a name of at most %(most)s characters.")
            % {"most": MAX_NAME_LENGTH}
        )
    if kind not in UnitKind.values:
        raise InvalidUnit(_("The kind of a unit must be headquarters, front or local."))
    # Closed units count too, because they can be reopened.
    same = Unit.objects.filter(community=community, name=name.strip())
    if (same.exclude(pk=unit.pk) if unit else same).exists():
        raise InvalidUnit(_("A unit “%(name)s” already exists.") % {"name": name})


def check_of_community(unit: Unit, by: Staff) -> None:
    if unit.community_id != by.community_id:
        raise UnitNotFound(_("There is no such unit."))


def check_parent(*, unit: Unit | None, parent: Unit | None, community_id: int) -> None:
    """Check that the tree stays a tree of at most `MAX_DEPTH` levels."""
    if parent is not None and parent.community_id != community_id:
        raise UnitNotFound(_("There is no such unit."))
    depth, ancestor = 1, parent
    while ancestor is not None:
        if unit is not None and ancestor.pk == unit.pk:
            raise InvalidUnit(_("A unit cannot be placed below itself."))
        depth, ancestor = depth + 1, ancestor.parent
    if depth + (_height(unit) if unit else 0) > MAX_DEPTH:
        raise InvalidUnit(
            _("Units can be at most %(most)s levels deep.") % {"most": MAX_DEPTH}
        )


def _height(unit: Unit) -> int:
    """The number of levels below a unit."""
    children = unit.children.order_by("pk")
    return max((1 + _height(child) for child in children), default=0)


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    kind: str,
    by: Staff,
    at: datetime,
    parent: Unit | None = None,
    scope: Any = None,
    groups: Iterable[str] | None = None,
) -> Unit:
    permissions.check_manage_staff(by)
    check_name_and_kind(unit=None, community=community, name=name, kind=kind)
    check_parent(unit=None, parent=parent, community_id=by.community_id)
    unit = Unit.objects.create(
        community=community,
        parent=parent,
        name=name.strip(),
        kind=kind,
        scope=scopes.prepare(community, scope),
        groups=scopes.sort_groups(groups),
        created_at=at,
    )
    opened = UnitOpened(unit=unit.pk, name=unit.name)
    facts.record(opened, community=community, by=by, at=at)
    return unit


@transaction.atomic
def update(
    *,
    unit: Unit,
    name: str,
    kind: str,
    parent: Unit | None,
    by: Staff,
    at: datetime,
    scope: Any = None,
    groups: Iterable[str] | None = None,
) -> None:
    """Change the unit. `scope` and `groups` are what its staff see; None is no limit."""
    permissions.check_manage_staff(by)
    check_of_community(unit, by)
    check_name_and_kind(unit=unit, community=unit.community, name=name, kind=kind)
    check_parent(unit=unit, parent=parent, community_id=by.community_id)
    new = {
        "name": name.strip(),
        "kind": kind,
        "parent": parent,
        "scope": scopes.prepare(unit.community, scope),
        "groups": scopes.sort_groups(groups),
    }
    changed = [field for field, value in new.items() if getattr(unit, field) != value]
    if not changed:
        return
    for field in changed:
        setattr(unit, field, new[field])
    unit.save(update_fields=changed)
    _refresh_scopes(unit, at)
    fact = UnitChanged(unit=unit.pk, name=unit.name, changed=changed)
    facts.record(fact, community=unit.community, by=by, at=at)


def _refresh_scopes(unit: Unit, at: datetime) -> None:
    """Let the staff of a unit, and of those below it, see what they see from now on."""
    for staff in unit.staff.select_related("unit").order_by("pk"):
        # Not the copy of the unit that another row may have loaded before the change.
        staff.unit = unit
        if fields := scopes.refresh(staff, at):
            staff.save(update_fields=fields)
    for child in unit.children.order_by("pk"):
        child.parent = unit
        _refresh_scopes(child, at)


def check_close(unit: Unit) -> None:
    if unit.children.filter(closed_at__isnull=True).exists():
        raise UnitInUse(_("This unit has units below it. Move or close them first."))
    if unit.staff.filter(is_active=True).exists():
        raise UnitInUse(_("This unit still has staff. Move them first."))


def may_close(unit: Unit) -> bool:
    try:
        check_close(unit)
    except UnitInUse:
        return False
    return True


@transaction.atomic
def close(*, unit: Unit, by: Staff, at: datetime) -> None:
    permissions.check_manage_staff(by)
    check_of_community(unit, by)
    check_close(unit)
    if Unit.objects.filter(pk=unit.pk, closed_at__isnull=True).update(closed_at=at):
        closed = UnitClosed(unit=unit.pk, name=unit.name)
        facts.record(closed, community=unit.community, by=by, at=at)


@transaction.atomic
def reopen(*, unit: Unit, by: Staff, at: datetime) -> None:
    permissions.check_manage_staff(by)
    check_of_community(unit, by)
    if Unit.objects.filter(pk=unit.pk, closed_at__isnull=False).update(closed_at=None):
        opened = UnitOpened(unit=unit.pk, name=unit.name)
        facts.record(opened, community=unit.community, by=by, at=at)


def get(community: Community, pk: int) -> Unit:
    for unit in Unit.objects.filter(community=community, pk=pk):
        return unit
    raise UnitNotFound(_("There is no such unit."))


def list_tree(community: Community) -> list[tuple[int, Unit]]:
    """Every unit after its parent, with its depth (0 at the top)."""
    children: dict[int | None, list[Unit]] = {}
    for unit in Unit.objects.filter(community=community).order_by("name", "pk"):
        children.setdefault(unit.parent_id, []).append(unit)

    def walk(parent: int | None, depth: int) -> Iterator[tuple[int, Unit]]:
        for unit in children.get(parent, []):
            yield depth, unit
            yield from walk(unit.pk, depth + 1)

    return list(walk(None, 0))
