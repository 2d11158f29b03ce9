"""What follows from facts about homework: messages to members, and other reviewers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.activities import activity_facts
from qunce.activities.homework import hand_ins, homework_facts, notices, reviews
from qunce.members.people import merges
from qunce.outreach import prize_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def notify(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Write to members about their homework, or let staff write to them."""
    for fact in facts:
        if fact.account is None:
            continue
        with translation.override(community.language):
            text = notices.text_of(fact)
        prize_messages.notify(
            community=community, fact=fact.id, account=fact.account, text=text, at=at
        )


CLEARING: tuple[Reaction, ...] = (hand_ins.clear_erased, reviews.react_to_people)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    homework_facts.HomeworkReviewsAssigned.kind: (notify,),
    homework_facts.HomeworkCommented.kind: (notify,),
    homework_facts.HomeworkGraded.kind: (notify,),
    activity_facts.ActivityChanged.kind: (hand_ins.react_to_changed,),
    activity_facts.ActivityEntryStruckOut.kind: (reviews.react_to_people,),
    activity_facts.ActivityEntryRestored.kind: (reviews.react_to_people,),
    merges.MemberMerged.kind: (reviews.react_to_people,),
    merges.MemberUnmerged.kind: (reviews.react_to_people,),
}
