"""How long members had been in a group when they wrote, for many messages at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from qunce.groups.groups import Membership, Stay
from qunce.members.accounts import queries as account_queries


class Written(Protocol):
    """A message with its group and author."""

    account_id: int
    group_id: int
    happened_at: datetime


class StayTimes:
    """The latest stays of the authors of some messages in their groups."""

    def __init__(self, messages: Iterable[Written]) -> None:
        accounts = sorted({message.account_id for message in messages})
        self.begins: dict[tuple[int, int], list[datetime]] = {}
        for chunk in account_queries.chunks(accounts):
            for model in (Membership, Stay):
                rows = model._default_manager.filter(account_id__in=chunk)
                for group, account, joined in rows.values_list(
                    "group_id", "account_id", "joined_at"
                ):
                    self.begins.setdefault((group, account), []).append(joined)

    def days_before(self, message: Written) -> float | None:
        """Days since the author joined the group the last time before the message."""
        begins = self.begins.get((message.group_id, message.account_id), ())
        earlier = [begin for begin in begins if begin <= message.happened_at]
        if not earlier:
            return None
        return (message.happened_at - max(earlier)) / timedelta(days=1)
