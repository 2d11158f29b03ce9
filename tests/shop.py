"""A small community that tests fill and ask in a line each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.sales import orders
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from qunce.sets.rules.base import RuleError

NOON = datetime(2026, 3, 15, 4, tzinfo=UTC)
"""Noon in Shanghai."""


@dataclass
class Shop:
    """A community whose members are named by the letters of a word."""

    community: Community
    by: Staff
    at: datetime

    def __getitem__(self, key: str) -> account_models.Account:
        return account_queries.get(self.community, key)

    def add(self, keys: str) -> None:
        for key in keys:
            accounts.create(community=self.community, key=key, by=self.by, at=self.at)

    def tag(self, tag: str, keys: str) -> None:
        given: dict[str, Any] = {"by": self.by, "at": self.at}
        known = library.ensure(community=self.community, keys=[tag], **given)
        chosen = [self[key].pk for key in keys]
        assignments.apply(tag=known[tag], accounts=chosen, **given)

    def leave(self, keys: str) -> None:
        for key in keys:
            accounts.leave(account=self[key], by=self.by, at=self.at)

    def merge(self, left: str, right: str) -> None:
        people.merge(left=self[left], right=self[right], by=self.by, at=self.at)

    def unmerge(self, left: str, right: str) -> None:
        people.unmerge(left=self[left], right=self[right], by=self.by, at=self.at)

    def buy(self, member: str, *times: datetime, amount: int = 100) -> None:
        for number, time in enumerate(times):
            orders.record_payment(
                community=self.community,
                key=f"{member} {time} {number}",
                account=self[member].pk,
                amount=amount,
                currency="CNY",
                paid_at=time,
                by=self.by,
                at=self.at,
            )
        deriver.catch_up()

    def define(self, key: str, rule: Any) -> segments.Segment:
        return segments.create(
            community=self.community, key=key, rule=rule, by=self.by, at=self.at
        )

    def ask(self, rule: Any, scope: Any = None) -> str:
        """The keys of everyone in it, one after the other; the count agrees."""
        by = self.by if scope is None else self.scoped(scope)
        asked: dict[str, Any] = {"community": self.community, "by": by, "at": self.at}
        found = audiences.list_ids(rule=rule, **asked)
        assert audiences.count(rule=rule, **asked) == len(found)
        return "".join(account_queries.keys_by_id(self.community, found).values())

    def scoped(self, scope: Any) -> Staff:
        found = Staff.objects.filter(login="ann").order_by("pk")
        return found.first() or staff_models.create(
            community=self.community, login="ann", scope=scope, at=self.at
        )

    def refusal(self, rule: Any) -> tuple[str, str]:
        with pytest.raises(RuleError) as refused:
            self.ask(rule)
        return refused.value.path, refused.value.message


def opened(at: datetime = NOON, zone: str = "Asia/Shanghai") -> Shop:
    community = communities.create(
        key="shop", timezone=zone, at=at - timedelta(days=99)
    )
    return Shop(community, staff_models.system(community), at)


def paid(**asked: Any) -> dict[str, Any]:
    return {"did": {"kind": "order.paid", **asked}}
