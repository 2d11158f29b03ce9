"""What follows from facts inside of activities: the verbs that each kind calls. One page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qunce.activities.activities import entries

if TYPE_CHECKING:
    from qunce.core.facts.fact_consumers import Reaction

CLEARING: tuple[Reaction, ...] = (entries.delete_erased,)
"""What activities hold about members, when they are gone."""
REACTIONS: dict[str, tuple[Reaction, ...]] = {}


def after(
    others: Mapping[str, Sequence[Reaction]],
) -> dict[str, tuple[Reaction, ...]]:
    """The reactions of other domains, followed by those of activities."""
    kinds = [*others, *(kind for kind in REACTIONS if kind not in others)]
    return {kind: (*others.get(kind, ()), *REACTIONS.get(kind, ())) for kind in kinds}
