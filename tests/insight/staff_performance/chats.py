"""A community with two groups in which members ask and staff answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.people import staff_accounts
from qunce.sets.mirror import deriver
from tests import factories

START = datetime(2026, 4, 6, 1, tzinfo=UTC)
"""A Monday, 09:00 in Shanghai."""
AT = START + timedelta(days=20)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SPAN: dict[str, Any] = {
    "first": START.date(),
    "last": START.date() + timedelta(days=13),
}


@dataclass
class World:
    """`wang` and `xu` are operators, whose accounts are of the same keys."""

    shop: Community
    by: Staff
    wang: Staff
    xu: Staff

    def say(
        self, who: str, when: datetime, group: str | None = "north", kind: str = ""
    ) -> None:
        (account,) = factories.account_ids(self.shop, (who,))
        fact = IncomingFact(
            kind=kind or "message.posted",
            account=account,
            happened_at=when,
            group=group or "",
        )
        ingest.record_facts(community=self.shop, incoming=[fact], by=self.by, at=AT)

    def ask(
        self,
        number: int,
        *,
        by: str = "bob",
        answered_by: str = "",
        after: timedelta = MINUTE,
        group: str = "north",
    ) -> None:
        """A conversation of its own: each begins four days after the one before."""
        opened = START + number * DAY
        self.say(by, opened, group)
        if answered_by:
            self.say(answered_by, opened + after, group)


def create() -> World:
    shop = factories.community(
        timezone="Asia/Shanghai", language="en", at=START - 90 * DAY
    )
    by = factories.staff(shop, "owner", "ann", name="Ann", at=START)
    wang, xu = (
        factories.staff(shop, "operator", login, name=login.title(), at=START)
        for login in ("wang", "xu")
    )
    people = factories.members(
        shop, "bob", "cyd", "wang-wx", "xu-wx", "warm", joined_at=START - 60 * DAY
    )
    for key in ("north", "south"):
        group = groups.create(community=shop, key=key, by=by, at=START)
        groups.add_members(
            group=group, accounts=people, happened_at=START - 30 * DAY, by=by, at=START
        )
    common: dict[str, Any] = {"by": by, "at": START}
    staff_accounts.mark(accounts=[people[2]], staff=wang, **common)
    staff_accounts.mark(accounts=[people[3]], staff=xu, **common)
    staff_accounts.mark(accounts=[people[4]], **common)
    return World(shop, by, wang, xu)


def derive() -> None:
    deriver.catch_up()
