"""Spending points, and undoing a purchase that was made with them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import errors

if TYPE_CHECKING:
    from qunce.activities.points.models import PointEntry
    from qunce.core.staff.models import Staff


class NotEnoughPoints(errors.Refused):
    """The person has fewer usable points than that."""


def spend(
    *,
    account_id: int,
    amount: int,
    key: str,
    by: Staff | None,
    at: datetime,
    reason: str = "",
) -> PointEntry:
    """Spend points of the account's person, once per key; raises NotEnoughPoints.

    Without `by` the system acts for the member. `key` starts with what asks, such as
    `mall/17`. The same key with another amount or member is refused.
    """
    raise NotImplementedError


def restore(
    *, key: str, by: Staff | None, at: datetime, community_id: int
) -> PointEntry | None:
    """Undo the spend of this key: the same lots again. None if that was done before."""
    raise NotImplementedError
