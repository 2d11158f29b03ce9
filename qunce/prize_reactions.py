"""What follows from facts about prizes: messages to winners, and the next winner of an unclaimed prize."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation

from qunce.activities.draws import results as draw_results
from qunce.activities.prizes import addresses, codes, notices, prize_facts
from qunce.activities.prizes.models import Award
from qunce.outreach import prize_messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def _notify(text_of: Callable[[Award], str]) -> Reaction:
    """A reaction that writes a text about the award of each fact to its winner."""

    def react(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        rows = Award.objects.select_related("stock", "community")
        found = rows.in_bulk([fact.payload["award"] for fact in facts])
        for fact in facts:
            award = found.get(fact.payload["award"])
            if award is None:
                continue
            with translation.override(community.language):
                text = text_of(award)
            prize_messages.notify(
                community=community,
                fact=fact.id,
                account=award.account_id,
                text=text,
                at=at,
            )

    return react


def _code_text(award: Award) -> str:
    code = codes.shown_to_winner(award)
    return notices.code_given(award, code) if code else ""


CLEARING: tuple[Reaction, ...] = (addresses.delete_erased,)
REACTIONS: dict[str, tuple[Reaction, ...]] = {
    prize_facts.PrizeAwarded.kind: (_notify(notices.awarded),),
    prize_facts.PrizeReleased.kind: (_notify(notices.awarded),),
    prize_facts.PrizeReminded.kind: (_notify(notices.reminded),),
    prize_facts.PrizeSent.kind: (_notify(notices.sent),),
    prize_facts.PrizeDelivered.kind: (_notify(_code_text),),
    prize_facts.PrizeReturned.kind: (draw_results.react_to_returned,),
}
