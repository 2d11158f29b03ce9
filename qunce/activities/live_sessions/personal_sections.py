"""The live sessions of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.live_sessions.models import (
    LiveAttendance,
    LiveReservation,
    ReplayView,
)
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("live_reservations")
def _reservations(community: Community, ids: Sequence[int]) -> Records:
    rows = LiveReservation.objects.filter(
        activity__community=community, account_id__in=ids
    )
    return [
        {
            "activity": row.activity.name,
            "state": row.state,
            "at": row.at,
            "cancelled_at": row.cancelled_at,
        }
        for row in rows.select_related("activity").order_by("pk")
    ]


@person_export.register("live_attendances")
def _attendances(community: Community, ids: Sequence[int]) -> Records:
    rows = LiveAttendance.objects.filter(
        activity__community=community, account_id__in=ids
    )
    return [
        {"activity": row.activity.name, "how": row.how, "at": row.at}
        for row in rows.select_related("activity").order_by("pk")
    ]


@person_export.register("replay_views")
def _replay_views(community: Community, ids: Sequence[int]) -> Records:
    rows = ReplayView.objects.filter(activity__community=community, account_id__in=ids)
    return [
        {
            "activity": row.activity.name,
            "count": row.count,
            "first_at": row.first_at,
            "last_at": row.last_at,
        }
        for row in rows.select_related("activity").order_by("pk")
    ]
