"""Taking back what was earned, when its reason disappears."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qunce.activities.points.models import PointEntry
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


def reverse_source(
    *, community: Community, source_key: str, by: Staff | None, at: datetime
) -> list[PointEntry]:
    """Take back all that rules earned for a source, such as a check-in struck out."""
    raise NotImplementedError


def reverse_order(
    *,
    community: Community,
    source_key: str,
    refunded: int,
    key: str,
    by: Staff | None,
    at: datetime,
) -> list[PointEntry]:
    """Take back the share of a refund of `refunded`, cumulatively; once per `key`."""
    raise NotImplementedError
