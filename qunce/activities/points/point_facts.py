"""The facts of points, recorded by our own verbs only, and the permissions."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import permissions
from qunce.core.facts import facts

MANAGE = permissions.declare(
    "points.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set for what members earn points"),
)
ADJUST = permissions.declare(
    "points.adjust",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("give, spend and take back points by hand"),
)


@dataclass(frozen=True, kw_only=True)
class PointFact(facts.FactKind):
    """`entry` is the number of the entry; `rule` the key of the rule, "" for none."""

    labels = {
        "points": pgettext_lazy("amount", "points"),
        "rule": gettext_lazy("key of the rule"),
        "entry": gettext_lazy("number of the entry"),
        "last_day": pgettext_lazy("points", "last day"),
    }
    instead = gettext_lazy("Change points through the API, or import balances.")
    points: int
    entry: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointsEarned(PointFact):
    kind = "points.earned"
    label = gettext_lazy("earned points")
    rule: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointsSpent(PointFact):
    kind = "points.spent"
    label = gettext_lazy("spent points")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointsRestored(PointFact):
    kind = "points.restored"
    label = gettext_lazy("got spent points back")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointsReversed(PointFact):
    kind = "points.reversed"
    label = gettext_lazy("had points taken back")
    rule: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointsExpired(PointFact):
    kind = "points.expired"
    label = gettext_lazy("had points expire")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointsExpiring(facts.FactKind):
    """Points of the member expire in 7 days; `last_day` is written 2026-03-05."""

    kind = "points.expiring"
    label = gettext_lazy("has points that expire soon")
    labels = PointFact.labels
    instead = PointFact.instead
    points: int
    last_day: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class PointsAsked(facts.FactKind):
    """A member asked for their balance in a chat, and is answered directly."""

    kind = "points.asked"
    label = gettext_lazy("asked for their points")
    instead = gettext_lazy("Members write it in a chat.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LeaderboardLeft(facts.FactKind):
    kind = "leaderboard.left"
    label = gettext_lazy("does not want to be on the leaderboard")
    instead = PointFact.instead


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LeaderboardJoined(facts.FactKind):
    kind = "leaderboard.joined"
    label = gettext_lazy("is on the leaderboard again")
    instead = PointFact.instead
