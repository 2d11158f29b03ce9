"""Earning points: by a rule, for a prize or by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qunce.activities.points.models import PointEntry
    from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class Earned:
    """`entry` is None if nothing was earned; `why_not` is then a sentence."""

    entry: PointEntry | None
    why_not: str = ""


def earn(
    *,
    account_id: int,
    rule_key: str,
    source_key: str,
    by: Staff | None,
    at: datetime,
    amount: int | None = None,
) -> Earned:
    """Earn by a rule, once per source; `amount` is that of the rule by default.

    A cap may leave less, or nothing. What is owed is paid first.
    """
    raise NotImplementedError


def award(
    *,
    account_id: int,
    amount: int,
    key: str,
    by: Staff | None,
    at: datetime,
    reason: str = "",
    valid_days: int | None = None,
) -> Earned:
    """Earn without a rule or a cap, once per key: a prize, or a balance from elsewhere.

    `key` starts with what asks, such as `prize/17`. `valid_days` None is for ever.
    """
    raise NotImplementedError
