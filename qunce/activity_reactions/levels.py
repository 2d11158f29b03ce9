"""What follows from facts about levels, badges and memberships, and what changes levels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.levels import (
    erasure,
    holdings,
    level_facts,
    level_phrases,
    membership_orders,
)
from qunce.activities.levels.models import MembershipPlan
from qunce.activities.points import orders, point_facts
from qunce.core import community_days, timestamps
from qunce.groups import memberships
from qunce.members.people import merges, staff_accounts
from qunce.outreach import expiry_tasks, point_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def remind(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Write to members whose membership ends, or let staff write to them."""
    plans = dict(
        MembershipPlan.objects.filter(community=community).values_list("key", "name")
    )
    notices = []
    with translation.override(community.language):
        for fact in facts:
            last_day = str(fact.payload["last_day"])
            if fact.account is None:
                continue
            name = plans.get(str(fact.payload["plan"]), "")
            notice = point_messages.Notice(
                fact=fact.id,
                account=fact.account,
                text=level_phrases.ending(name, last_day),
                day=last_day,
                stale_at=_end_of(community, date.fromisoformat(last_day)),
            )
            notices.append(notice)
        point_messages.notify(
            community=community,
            notices=notices,
            at=at,
            subject=expiry_tasks.MEMBERSHIPS,
        )


def _end_of(community: Community, last_day: date) -> datetime:
    after = community_days.from_date(last_day) + 1
    return timestamps.from_micros(
        community_days.start_of(community.timezone, community.day_start, after)
    )


CLEARING: tuple[Reaction, ...] = (erasure.clear_erased,)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    orders.PAID: (membership_orders.react_to_paid,),
    orders.REFUNDED: (membership_orders.react_to_refunds,),
    point_facts.PointsEarned.kind: (holdings.react_to_points,),
    point_facts.PointsReversed.kind: (holdings.react_to_points,),
    merges.MemberMerged.kind: (
        membership_orders.react_to_merge,
        holdings.react_to_points,
    ),
    merges.MemberUnmerged.kind: (
        membership_orders.react_to_merge,
        holdings.react_to_points,
    ),
    level_facts.MembershipBought.kind: (holdings.react_to_points,),
    level_facts.MembershipCancelled.kind: (holdings.react_to_points,),
    level_facts.MembershipEnding.kind: (remind,),
    # People who work here have no level, from that moment on.
    staff_accounts.StaffAccountMarked.kind: (holdings.react_to_points,),
    staff_accounts.StaffAccountUnmarked.kind: (holdings.react_to_points,),
    memberships.GroupRoleChanged.kind: (holdings.react_to_points,),
}
