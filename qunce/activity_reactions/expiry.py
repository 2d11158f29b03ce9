"""What follows from facts about points that expire soon: members read of it in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.points import phrases, point_facts
from qunce.core import community_days, timestamps
from qunce.outreach import point_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def notify(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Write to members whose points expire; once their last day is over, it is too late."""
    notices = []
    with translation.override(community.language):
        for fact in facts:
            last_day = str(fact.payload["last_day"])
            if fact.account is not None:
                notice = point_messages.Notice(
                    fact=fact.id,
                    account=fact.account,
                    text=phrases.expiring(int(fact.payload["points"]), last_day),
                    day=last_day,
                    stale_at=_end_of(community, date.fromisoformat(last_day)),
                )
                notices.append(notice)
        point_messages.notify(community=community, notices=notices, at=at)


def _end_of(community: Community, last_day: date) -> datetime:
    after = community_days.from_date(last_day) + 1
    return timestamps.from_micros(
        community_days.start_of(community.timezone, community.day_start, after)
    )


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    point_facts.PointsExpiring.kind: (notify,),
}
