"""What a contact budget means in numbers, before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qunce.channels import channel_contract
from qunce.core.staff.models import Staff
from qunce.outreach.contact_budget import member_policies, policies, pressure
from qunce.outreach.contact_budget.policies import Policy
from qunce.outreach.sending.ledger import Purpose
from qunce.sets import audiences


@dataclass(frozen=True)
class Consequence:
    """How many of the members cannot get one more message now.

    `before` is the number with the budget that holds now.
    """

    channel: str
    purpose: str
    members: int
    over: int
    before: int


def count(policy: Policy, *, by: Staff, at: datetime) -> list[Consequence]:
    """By channel, for marketing, and for service messages if they are limited."""
    community = by.community
    everyone = audiences.people(
        community=community, rule=audiences.EVERYONE, by=by, at=at
    )
    current = policies.get(community)
    found = []
    for channel in channel_contract.list_channels(community.pk):
        if not channel.capabilities.to_member:
            continue
        for purpose in (Purpose.MARKETING, Purpose.SERVICE):
            covered = [
                each
                for budget in (policy.budget, current.budget)
                for each in budget.limits_of(channel.name, purpose)
            ]
            if purpose == Purpose.SERVICE and not covered:
                continue
            over, before = (
                _count_over(each, channel.name, purpose, everyone, by, at)
                for each in (policy, current)
            )
            found.append(
                Consequence(channel.name, purpose.value, len(everyone), over, before)
            )
    return found


def _count_over(
    policy: Policy, channel: str, purpose: str, everyone: Any, by: Staff, at: datetime
) -> int:
    budgets = member_policies.load(by.community, at, common=policy)
    people = pressure.over_budget(
        community=by.community,
        policies=budgets,
        channel=channel,
        purpose=purpose,
        at=at,
    )
    return len(everyone) if people is None else len(everyone & people)
