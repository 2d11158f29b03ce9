"""The levels, gifts, badges and memberships of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.levels.models import (
    BadgeAward,
    LevelGift,
    LevelHolding,
    MembershipTerm,
)
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("levels")
def _levels(community: Community, ids: Sequence[int]) -> Records:
    rows = LevelHolding.objects.filter(person_id__in=ids, level__isnull=False)
    return list(rows.order_by("person_id").values("level__name", "since", "until"))


@person_export.register("level_gifts")
def _gifts(community: Community, ids: Sequence[int]) -> Records:
    rows = LevelGift.objects.filter(account_id__in=ids).order_by("pk")
    return list(rows.values("level__name", "month", "points", "at"))


@person_export.register("badges")
def _badges(community: Community, ids: Sequence[int]) -> Records:
    rows = BadgeAward.objects.filter(account_id__in=ids).order_by("pk")
    names = ("badge__name", "at", "reason", "revoked_at", "revoke_reason")
    return list(rows.values(*names))


@person_export.register("memberships")
def _memberships(community: Community, ids: Sequence[int]) -> Records:
    rows = MembershipTerm.objects.filter(account_id__in=ids).order_by("pk")
    names = ("plan__name", "months", "first_day", "last_day", "source", "source_key")
    return list(rows.values(*names, "reason", "at", "cancelled_at", "cancel_reason"))
