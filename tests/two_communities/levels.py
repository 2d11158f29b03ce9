"""Levels, a badge and a membership of the hidden member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qunce.activities.levels import badges, memberships, schemes
from qunce.activities.levels.schemes import LevelInput, SchemeInput

if TYPE_CHECKING:
    from tests.two_communities.data import TwoCommunities


def add_levels(data: TwoCommunities) -> None:
    schemes.define(
        community=data.community,
        wanted=SchemeInput(levels=[LevelInput(name="Homely level", points=10)]),
        by=data.owner,
        at=data.at,
    )
    badge = badges.create(
        community=data.community,
        name="Homely badge",
        letters="H",
        by=data.owner,
        at=data.at,
    )
    member = data.ids["member"]
    badges.award(badge=badge, account_id=member, by=data.owner, at=data.at)
    plan = memberships.create_plan(
        community=data.community, name="Homely club", by=data.owner, at=data.at
    )
    term = memberships.enter(
        plan=plan, account_id=member, key="homely", by=data.owner, at=data.at
    )
    data.ids |= {
        "badge": badge.pk,
        "membership plan": plan.pk,
        "membership term": term.pk,
    }
