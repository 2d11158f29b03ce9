"""How the sweep calls verbs: levels, badges and memberships."""

from __future__ import annotations

from typing import Any

from qunce.activities.levels import badges, memberships, schemes
from qunce.activities.levels.models import Badge, MembershipPlan
from qunce.activities.levels.schemes import LevelInput, SchemeInput
from tests.access.cases.base import both, case, ids, just
from tests.access.world import World

ACCOUNT = ids("account_id")
WANTED = SchemeInput(levels=[LevelInput(name="Silver", points=10)])


def made_badge(world: World) -> Badge:
    return badges.create(
        community=world.community,
        name="Regular",
        letters="R",
        rule={"all": []},
        by=world.owner,
        at=world.at,
    )


def made_plan(world: World) -> MembershipPlan:
    return memberships.create_plan(
        community=world.community, name="Club", by=world.owner, at=world.at
    )


def badge(world: World) -> dict[str, Any]:
    return {"badge": made_badge(world)}


def plan(world: World) -> dict[str, Any]:
    return {"plan": made_plan(world)}


def awarded(world: World) -> dict[str, Any]:
    """A badge that the member has."""
    made = made_badge(world)
    account = world.ids["account"]
    badges.award(badge=made, account_id=account, by=world.owner, at=world.at)
    return {"badge": made, "account_id": account}


def entered(world: World) -> Any:
    return memberships.enter(
        plan=made_plan(world),
        account_id=world.ids["account"],
        key="k",
        by=world.owner,
        at=world.at,
    )


def defined(world: World) -> dict[str, Any]:
    schemes.define(
        community=world.community, wanted=WANTED, by=world.owner, at=world.at
    )
    return {"community": world.community}


def community(world: World) -> dict[str, Any]:
    return {"community": world.community}


case(
    "activities.levels.badges",
    archive=badge,
    award=both(badge, ACCOUNT),
    count_awards=just(),
    create=both(community, just(name="Regular", letters="R")),
    get=lambda world: {"pk": made_badge(world).pk},
    get_by_key=lambda world: {"key": made_badge(world).key},
    list_all=just(),
    list_awards=badge,
    revoke=both(awarded, just(reason="Typed wrongly")),
    switch=both(badge, just(is_on=True)),
    update=both(badge, just(name="Other")),
)
case("activities.levels.cards", get=ACCOUNT)
case("activities.levels.gifts", count_given=community)
case("activities.levels.holdings", recount_by=just())
case(
    "activities.levels.memberships",
    archive_plan=plan,
    cancel=lambda world: {"term": entered(world), "reason": "Typed wrongly"},
    count_members=just(),
    create_plan=both(community, just(name="Club")),
    enter=both(plan, ACCOUNT, just(key="k")),
    get_plan=lambda world: {"pk": made_plan(world).pk},
    get_term=lambda world: {"pk": entered(world).pk},
    list_plans=just(),
    update_plan=both(plan, just(name="Other")),
)
case(
    "activities.levels.previews",
    preview=both(community, just(wanted=WANTED)),
)
case(
    "activities.levels.schemes",
    define=both(community, just(wanted=WANTED)),
    list_for=just(),
    switch_off=community,
    switch_on=defined,
)
