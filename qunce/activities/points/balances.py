"""What a person has: usable points, what is owed, and what becomes usable or expires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class Expiry:
    last_day: date
    points: int


@dataclass(frozen=True)
class Balance:
    """`pending` is earned and not usable yet. `next_expiry` is None if nothing expires."""

    usable: int
    owed: int
    pending: int
    next_expiry: Expiry | None


def balance(*, account_id: int, at: datetime) -> Balance:
    """The balance of the account's person, judged by the day of `at`."""
    raise NotImplementedError


def get(*, account_id: int, by: Staff, at: datetime) -> Balance:
    """The balance of a member whom `by` sees; raises MemberNotFound."""
    raise NotImplementedError
