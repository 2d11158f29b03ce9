"""What games keep of somebody who was erased: that an answer counted, not what it said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.games.models import GameAnswer

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact


def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to an erased person. The idioms of a chain stay, as others followed them."""
    gone = {fact.account for fact in facts if fact.account is not None}
    rows = GameAnswer.objects.filter(
        account_id__in=gone, round__activity__community=community
    )
    rows.update(said="")
