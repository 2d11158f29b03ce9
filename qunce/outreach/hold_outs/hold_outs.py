"""The hold-out of a community: members who get no marketing, to compare others with.

It is drawn again each quarter. People who work here are never in it, and service messages
are exempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors, permissions, revisions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.outreach.hold_outs import assignment
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

MANAGE = permissions.declare(
    "hold_outs.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("set how many members are held out"),
)
DEFAULT_PER_MILLE = 50
MAX_PER_MILLE = 500
MIN_MEMBERS = 1_000
"""In a smaller community nobody is held out: the comparison would show nothing."""
REVISION = "hold_out"
"""Of a community; raised when its share changes."""


class HoldOut(models.Model):
    """The share of a community that is held out; without a row it is the default."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    per_mille = models.PositiveSmallIntegerField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_hold_out"

    def __str__(self) -> str:
        return f"hold-out of {self.community}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class HoldOutChanged(facts.FactKind):
    """`per_mille` of a thousand members get no marketing; 0 is nobody."""

    kind = "hold_out.changed"
    label = gettext_lazy("hold-out changed")
    per_mille: int


class InvalidHoldOut(errors.Invalid):
    """At most half of the members may be held out."""


@transaction.atomic
def update(*, community: Community, per_mille: int, by: Staff, at: datetime) -> None:
    """Hold out `per_mille` of the members from now on; 0 holds nobody out."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    if not 0 <= per_mille <= MAX_PER_MILLE:
        raise InvalidHoldOut(_("Give a share from 0 to 50 percent."))
    HoldOut.objects.update_or_create(
        community=community,
        defaults={"per_mille": per_mille, "by": by, "changed_at": at},
    )
    revisions.bump(community.pk, REVISION, [community.pk])
    fact = HoldOutChanged(per_mille=per_mille)
    facts.record(fact, community=community, by=by, at=at)


# Reads


def get_per_mille(community: Community) -> int:
    rows = HoldOut.objects.filter(community=community)
    found = rows.values_list("per_mille", flat=True).first()
    return DEFAULT_PER_MILLE if found is None else found


def quarter(community: Community, at: datetime) -> str:
    """The quarter of a time in the community, such as 2026-Q1."""
    day = community_days.to_date(community.day(at))
    return f"{day.year}-Q{(day.month + 2) // 3}"


def salt(community: Community, at: datetime) -> str:
    return f"community {community.key} {quarter(community, at)}"


def held_out(community: Community, people: BitMap, at: datetime) -> BitMap:
    """Those of these people who are held out this quarter."""
    per_mille = get_per_mille(community)
    if not per_mille or not people or not is_large_enough(community, at):
        return bitmaps.of([])
    return assignment.select(people, salt=salt(community, at), per_mille=per_mille)


def list_held_out(*, by: Staff, at: datetime) -> BitMap:
    """The members that `by` sees and that are held out this quarter."""
    everyone = audiences.people(
        community=by.community, rule=audiences.EVERYONE, by=by, at=at
    )
    return held_out(by.community, everyone, at)


def is_large_enough(community: Community, at: datetime) -> bool:
    """Whether the community has enough members for a hold-out to show anything."""
    everyone = audiences.count(
        community=community,
        rule=audiences.EVERYONE,
        by=staff_models.system(community),
        at=at,
    )
    return everyone >= MIN_MEMBERS
