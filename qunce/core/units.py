"""Organisation units: headquarters, the front that serves members, and local branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy

from qunce.core import access, errors, facts, instants
from qunce.core.communities import Community

if TYPE_CHECKING:
    pass

MANAGE = access.declare("units.manage", access.Role.MANAGER)
LONGEST = 120
DEEPEST = 6


class Kind(models.TextChoices):
    HEADQUARTERS = "headquarters", gettext_lazy("headquarters")
    FRONT = "front", gettext_lazy("front")
    LOCAL = "local", gettext_lazy("local")


class Unit(models.Model):
    """A unit is closed rather than deleted: who worked there remains known."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="units")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="below")
    name = models.CharField(max_length=LONGEST)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    closed_at = instants.InstantField(null=True)
    created_at = instants.InstantField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"], name="one_unit_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


@facts.declare
@dataclass(frozen=True, kw_only=True)
class UnitOpened(facts.Event):
    kind = "unit.opened"
    words = gettext_lazy("opened a unit")
    unit: int
    name: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class UnitChanged(facts.Event):
    kind = "unit.changed"
    words = gettext_lazy("changed a unit")
    unit: int
    name: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class UnitClosed(facts.Event):
    kind = "unit.closed"
    words = gettext_lazy("closed a unit")
    unit: int
    name: str


class UnknownUnit(errors.NotFound):
    """There is no such unit."""


class InvalidUnit(errors.Invalid):
    """A unit's name, kind or place in the tree is not valid."""


class UnitInUse(errors.Refused):
    """People still work in this unit, or units hang below it."""
