"""What follows from facts about games: questions and results in the groups. One page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities import announcements
from qunce.activities.games import erasure, game_facts, group_texts
from qunce.activities.games.models import Round
from qunce.outreach import activity_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def _post(text_of: Callable[[Round], str]) -> Reaction:
    """A reaction that posts a text about a round in the groups of its activity.

    Where the channel cannot post, staff copy the text from the page of the game.
    """

    def react(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        for fact in facts:
            row = (
                Round.objects.filter(
                    activity=fact.payload["activity"], number=fact.payload["round"]
                )
                .select_related("activity__community", "winner")
                .first()  # unique
            )
            if row is None:
                continue
            with translation.override(community.language):
                text = text_of(row)
            if text:
                activity_messages.post(
                    community=community,
                    fact=fact.id,
                    groups=announcements.list_groups(row.activity),
                    text=text,
                    fallback=None,
                    at=at,
                )

    return react


CLEARING: tuple[Reaction, ...] = (erasure.clear_erased,)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    game_facts.RoundOpened.kind: (_post(group_texts.opening),),
    game_facts.RoundClosed.kind: (_post(group_texts.closing),),
}
