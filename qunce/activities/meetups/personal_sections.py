"""The meet-ups of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.meetups.models import SignUp
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("meet_ups")
def _sign_ups(community: Community, ids: Sequence[int]) -> Records:
    rows = SignUp.objects.filter(activity__community=community, account_id__in=ids)
    return [
        {
            "activity": row.activity.name,
            "starts_at": row.slot.starts_at,
            "state": row.state,
            "answers": row.answers,
            "at": row.at,
            "cancelled_at": row.cancelled_at,
            "checked_in_at": row.checked_in_at,
        }
        for row in rows.select_related("activity", "slot").order_by("pk")
    ]
