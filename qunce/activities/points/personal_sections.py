"""The points of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.points.models import (
    EntryKind,
    LeaderboardOptOut,
    PointAccount,
    PointAdjustment,
    PointEntry,
)
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("points")
def _points(community: Community, ids: Sequence[int]) -> Records:
    rows = PointEntry.objects.filter(account_id__in=ids).order_by("pk")
    names = ("id", "kind", "key", "amount", "owed", "at", "reason__text")
    lots = dict(rows.values_list("pk", "lot__left"))
    days = dict(rows.values_list("pk", "lot__last_day"))
    return [
        {
            "kind": EntryKind(row.pop("kind")).name.lower(),
            "reason": row.pop("reason__text"),
            "left": lots[row["id"]],
            "last_day": days[row["id"]],
            **row,
        }
        for row in rows.values(*names)
    ]


@person_export.register("points_owed")
def _owed(community: Community, ids: Sequence[int]) -> Records:
    rows = PointAccount.objects.filter(account_id__in=ids, owed__gt=0)
    return list(rows.order_by("account_id").values("account_id", "owed"))


@person_export.register("points_by_hand")
def _adjustments(community: Community, ids: Sequence[int]) -> Records:
    rows = PointAdjustment.objects.filter(account_id__in=ids).order_by("pk")
    names = ("points", "reason", "key", "state", "asked_at", "decided_at")
    return list(rows.values(*names))


@person_export.register("leaderboard_opt_outs")
def _opt_outs(community: Community, ids: Sequence[int]) -> Records:
    rows = LeaderboardOptOut.objects.filter(account_id__in=ids)
    return list(rows.order_by("account_id").values("account_id", "at"))
