"""The facts of levels, badges and memberships, and the permission to manage them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import permissions
from qunce.core.facts import facts

MANAGE = permissions.declare(
    "levels.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("define levels, badges and memberships"),
)
AWARD = permissions.declare(
    "levels.award",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("award badges and enter memberships by hand"),
)

LABELS = {
    "level": pgettext_lazy("fact field", "key of the level"),
    "before": gettext_lazy("key of the level before"),
    "is_up": gettext_lazy("whether it is a higher level"),
    "badge": gettext_lazy("key of the badge"),
    "plan": gettext_lazy("key of the membership"),
    "last_day": pgettext_lazy("membership", "last day"),
    "points": pgettext_lazy("amount", "points"),
    "award": gettext_lazy("number of the award"),
}


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LevelSchemeChanged(facts.FactKind):
    """`levels` are the keys in their order, from the lowest."""

    kind = "level.defined"
    label = gettext_lazy("levels defined")
    labels = {"levels": gettext_lazy("keys of the levels")}
    instead = gettext_lazy("Define levels in the console or through the API.")
    levels: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LevelChanged(facts.FactKind):
    """`level` and `before` are keys, "" for none."""

    kind = "level.changed"
    label = gettext_lazy("has another level")
    labels = LABELS
    instead = gettext_lazy("Levels follow from points. Earn or take back points.")
    level: str
    before: str
    is_up: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LevelGiftGiven(facts.FactKind):
    """The gift of a month: points, or the prize of an award, null for none."""

    kind = "level.gift_given"
    label = gettext_lazy("got the monthly gift of their level")
    labels = LABELS
    instead = gettext_lazy("Gifts are given when they are due.")
    level: str
    points: int
    award: int | None = None


@dataclass(frozen=True, kw_only=True)
class BadgeFact(facts.FactKind):
    labels = LABELS
    instead = gettext_lazy("Award badges in the console or through the API.")
    badge: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BadgeDefined(BadgeFact):
    kind = "badge.defined"
    label = gettext_lazy("badge defined")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BadgeArchived(BadgeFact):
    kind = "badge.archived"
    label = gettext_lazy("badge archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BadgeAwarded(BadgeFact):
    kind = "badge.awarded"
    label = gettext_lazy("was awarded a badge")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BadgeRevoked(BadgeFact):
    kind = "badge.revoked"
    label = gettext_lazy("had a badge revoked")


@dataclass(frozen=True, kw_only=True)
class MembershipFact(facts.FactKind):
    """`last_day` is that of the membership with all terms, such as 2026-03-05."""

    labels = LABELS
    instead = gettext_lazy("Enter memberships in the console or through the API.")
    plan: str
    last_day: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MembershipPlanDefined(facts.FactKind):
    kind = "membership.defined"
    label = gettext_lazy("membership defined")
    labels = LABELS
    instead = MembershipFact.instead
    plan: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MembershipBought(MembershipFact):
    kind = "membership.bought"
    label = gettext_lazy("bought or renewed a membership")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MembershipCancelled(MembershipFact):
    """`last_day` is "" if no other term is left."""

    kind = "membership.cancelled"
    label = gettext_lazy("had a term of a membership cancelled")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MembershipEnding(MembershipFact):
    kind = "membership.ending"
    label = gettext_lazy("has a membership that ends soon")
