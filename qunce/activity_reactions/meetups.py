"""What follows from facts about meet-ups: messages to those who signed up, and seats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.activities import activity_facts
from qunce.activities.meetups import meetup_facts, notices, seats, sign_ups
from qunce.activities.meetups.models import SignUp
from qunce.members.people import merges
from qunce.outreach import prize_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def notify(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Write to members about their sign-ups, or let staff write to them."""
    rows = SignUp.objects.select_related("activity__community", "slot")
    found = rows.in_bulk([fact.payload["sign_up"] for fact in facts])
    for fact in facts:
        row = found.get(fact.payload["sign_up"])
        if row is None or fact.account is None:
            continue
        with translation.override(community.language):
            text = notices.text_of(fact.kind, row)
        prize_messages.notify(
            community=community, fact=fact.id, account=fact.account, text=text, at=at
        )


CLEARING: tuple[Reaction, ...] = (sign_ups.clear_erased,)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    meetup_facts.MeetupMovedUp.kind: (notify,),
    meetup_facts.MeetupReminded.kind: (notify,),
    meetup_facts.MeetupPlaceChanged.kind: (notify,),
    meetup_facts.MeetupCalledOff.kind: (notify,),
    activity_facts.ActivityChanged.kind: (seats.react_to_changed,),
    activity_facts.ActivityEntryStruckOut.kind: (sign_ups.react_to_struck_out,),
    merges.MemberMerged.kind: (seats.react_to_merge,),
    merges.MemberUnmerged.kind: (seats.react_to_merge,),
}
