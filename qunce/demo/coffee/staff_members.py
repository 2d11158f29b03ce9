"""The accounts of people who work at the brand: in groups, and never counted.

The staff's own accounts are marked; two accounts that warm up groups have the role of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce import ingest
from qunce.demo.coffee.context import Context
from qunce.demo.simulation.people import OPERATORS
from qunce.groups import groups
from qunce.groups.groups import Group, Stage
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account
from qunce.members.people import staff_accounts

ATMOSPHERE = 2
GROUPS_WARMED_UP = 5
MESSAGES = 6
DAY = timedelta(days=1)


def create(context: Context) -> None:
    """Create what is missing."""
    community = context.community
    if Account.objects.filter(community=community, key__startswith="crew-").exists():
        return
    opened = list(
        Group.objects.filter(community=community)
        .exclude(state=Stage.DEAD)
        .select_related("owner")
        .order_by("key")
    )
    common: dict[str, Any] = {"by": context.staff["manager"], "at": context.at}
    for key in OPERATORS:
        colleague = context.staff[key]
        account = _create_account(context, key, colleague.name)
        for group in opened:
            if group.owner_id == colleague.pk:
                _join(context, group, account, "owner")
        staff_accounts.mark(accounts=[account], staff=colleague, **common)
    for number in range(ATMOSPHERE):
        name = context.words.crew.format(number=number + 1)
        account = _create_account(context, f"warm-{number + 1}", name)
        for group in opened[number :: len(opened) // GROUPS_WARMED_UP]:
            _join(context, group, account, "atmosphere")


def _create_account(context: Context, key: str, name: str) -> int:
    created = accounts.create(
        community=context.community,
        key=f"crew-{key}",
        channel="wecom",
        name=name,
        joined_at=context.community.created_at,
        by=context.staff["manager"],
        at=context.at,
    )
    return created.pk


def _join(context: Context, group: Group, account: int, role: str) -> None:
    manager, at = context.staff["manager"], context.at
    groups.add_members(
        group=group,
        accounts=[account],
        role=role,
        happened_at=group.created_at,
        by=manager,
        at=at,
    )
    # They write more than most members, and no number shows it.
    incoming = [
        IncomingFact(
            kind="message.posted",
            happened_at=at - (number + 1) * DAY - timedelta(minutes=group.pk),
            account=account,
            group=group.key,
            payload={"length": 20 + number},
        )
        for number in range(MESSAGES)
    ]
    ingest.record_facts(
        community=context.community, incoming=incoming, by=manager, at=at
    )
