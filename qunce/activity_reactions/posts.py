"""What follows from facts about posts: messages to authors, and emptied materials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce import post_materials
from qunce.activities.posts import notices, post_facts, posts
from qunce.outreach import prize_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def notify(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Write to authors about their posts, or let staff write to them."""
    for fact in facts:
        if fact.account is None:
            continue
        with translation.override(community.language):
            text = notices.text_of(fact)
        prize_messages.notify(
            community=community, fact=fact.id, account=fact.account, text=text, at=at
        )


CLEARING: tuple[Reaction, ...] = (posts.clear_erased, post_materials.clear_deleted)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    post_facts.PostAccepted.kind: (notify,),
    post_facts.PostRejected.kind: (notify,),
    post_facts.PostRewarded.kind: (post_materials.note_reward, notify),
    post_facts.PostDeleted.kind: (post_materials.clear_deleted,),
}
