"""Late facts: those recorded since a moment about what happened before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from qunce.core.communities import Community

SELECT = """
SELECT 1 FROM facts
WHERE community = ? AND recorded_at >= ? AND happened_at < ? LIMIT 1
"""


def exist(*, community: Community, since: int) -> bool:
    """Whether there is a late fact; `since` is in microseconds."""
    return bool(mirror.query(SELECT, [community.pk, since, since]).num_rows)
