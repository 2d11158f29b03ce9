"""What a case shows of its order. Orders are above groups, so that they register here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.staff.models import Staff


@dataclass(frozen=True, kw_only=True)
class OrderCard:
    """`pk` is its id; `text` says what was bought, for how much and when; `status` is its state."""

    pk: int
    key: str
    text: str
    status: str = ""
    paid_at: datetime | None = None


class Orders:
    """The registered finders: one order by number, and the latest of some accounts.

    Both return only what `by` sees.
    """

    def __init__(self) -> None:
        self.find: Callable[[Staff, str, datetime], OrderCard | None] = (
            lambda _by, _key, _at: None
        )
        self.list_latest: Callable[
            [Staff, Sequence[int], datetime], list[OrderCard]
        ] = lambda _by, _accounts, _at: []


ORDERS = Orders()


def register(
    *,
    find: Callable[[Staff, str, datetime], OrderCard | None],
    list_latest: Callable[[Staff, Sequence[int], datetime], list[OrderCard]],
) -> None:
    ORDERS.find, ORDERS.list_latest = find, list_latest


def find(*, by: Staff, key: str, at: datetime) -> OrderCard | None:
    """Return the order of this number, None if there is none that `by` sees."""
    return ORDERS.find(by, key, at) if key else None


def list_latest(*, by: Staff, accounts: Sequence[int], at: datetime) -> list[OrderCard]:
    """Return the latest orders of a person's accounts, the newest first."""
    return ORDERS.list_latest(by, accounts, at)
