"""Orders that files call closed, so that payments reported later count as refunded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db.models import Q

from qunce.core import db, timestamps
from qunce.sales.models import ClosedOrder
from qunce.sales.order_changes import UNDATED

if TYPE_CHECKING:
    from qunce.core.communities import Community

OrderId = tuple[str, int]
"""Key and source, which identify an order."""
INSERT = (
    "INSERT INTO sales_closed_order (community_id, key, source_id, closed_at) VALUES"
)
KEYS_PER_QUERY = 5_000


def find(community_id: int, keys: Sequence[str]) -> dict[OrderId, int]:
    """Return when orders with these keys were closed, UNDATED without a time."""
    found: dict[OrderId, int] = {}
    for start in range(0, len(keys), KEYS_PER_QUERY):
        rows = ClosedOrder.objects.filter(
            community_id=community_id, key__in=keys[start : start + KEYS_PER_QUERY]
        )
        for key, source, at in rows.values_list("key", "source_id", "closed_at"):
            found[key, source] = UNDATED if at is None else timestamps.to_micros(at)
    return found


def close(community_id: int, closed: Iterable[tuple[OrderId, int]]) -> None:
    """Store that orders were closed, in the caller's transaction."""
    rows = [
        (community_id, key, source, None if at == UNDATED else at)
        for (key, source), at in closed
    ]
    db.insert(INSERT, rows, on_conflict="ON CONFLICT DO NOTHING")


def reopen(community: Community, closed: Iterable[OrderId]) -> int:
    """Forget that orders were closed, in the caller's transaction."""
    rows = Q(pk__in=[])
    for key, source in closed:
        rows |= Q(key=key, source_id=source)
    return ClosedOrder.objects.filter(rows, community_id=community.pk).delete()[0]
