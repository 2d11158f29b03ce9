"""The replies of a person to topics, in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.activities.topics.models import TopicReply, TopicReward
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("topic_replies")
def _replies(community: Community, ids: Sequence[int]) -> Records:
    rows = TopicReply.objects.filter(activity__community=community, account_id__in=ids)
    names = ("activity__name", "text", "state", "said_at", "at")
    return list(rows.order_by("pk").values(*names))


@person_export.register("topic_rewards")
def _rewards(community: Community, ids: Sequence[int]) -> Records:
    rows = TopicReward.objects.filter(activity__community=community, account_id__in=ids)
    names = ("activity__name", "points", "reply__at")
    return list(rows.order_by("pk").values(*names))
