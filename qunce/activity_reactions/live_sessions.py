"""What follows from facts about live sessions: messages to those who reserved, and points."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.activities import activity_facts
from qunce.activities.live_sessions import (
    attendance_points,
    live_session_facts,
    notices,
    reservations,
)
from qunce.activities.live_sessions.models import LiveReservation
from qunce.outreach import prize_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def notify(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Write to members about their reservations, or let staff write to them."""
    rows = LiveReservation.objects.select_related("activity__community")
    found = rows.in_bulk([fact.payload["reservation"] for fact in facts])
    for fact in facts:
        row = found.get(fact.payload["reservation"])
        if row is None or fact.account is None:
            continue
        with translation.override(community.language):
            text = notices.text_of(fact.kind, row)
        prize_messages.notify(
            community=community, fact=fact.id, account=fact.account, text=text, at=at
        )


CLEARING: tuple[Reaction, ...] = (reservations.clear_erased,)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    live_session_facts.LiveSessionReminded.kind: (notify,),
    live_session_facts.LiveSessionCalledOff.kind: (notify,),
    live_session_facts.LiveSessionAttended.kind: (attendance_points.react_to_attended,),
    activity_facts.ActivityEntryStruckOut.kind: (
        attendance_points.react_to_struck_out,
    ),
    activity_facts.ActivityEntryRestored.kind: (attendance_points.react_to_struck_out,),
}
