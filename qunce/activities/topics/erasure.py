"""What topics keep of somebody who was erased: that they replied, not what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.topics.models import ReplyState, TopicReply

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to an erased person."""
    gone = {fact.account for fact in facts if fact.account is not None}
    rows = TopicReply.objects.filter(account_id__in=gone, activity__community=community)
    rows.update(state=ReplyState.DELETED, text="", reason="", key="")
