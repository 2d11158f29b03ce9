"""How the sweep calls verbs: points."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.points import adjustments, earning, rules, spending
from qunce.activities.points.models import PointRule
from tests.access.cases.base import Case, both, case, ids, just
from tests.access.world import World

ACCOUNT = ids("account_id")


def made_rule(world: World) -> PointRule:
    rule = rules.create(
        community=world.community,
        name="Reviews",
        event="review",
        points=5,
        starts_at=world.at - timedelta(days=9),
        by=world.owner,
        at=world.at - timedelta(days=9),
    )
    rules.switch_on(rule=rule, by=world.owner, at=world.at)
    return rule


def rule(world: World) -> dict[str, Any]:
    return {"rule": made_rule(world)}


def rule_pk(world: World) -> dict[str, Any]:
    return {"pk": made_rule(world).pk}


def rule_key(world: World) -> dict[str, Any]:
    return {"rule_key": made_rule(world).key}


def since(world: World) -> dict[str, Any]:
    return {"since": world.at - timedelta(days=8)}


def awarded(then: Case) -> Case:
    """Give the member points first."""

    def arguments(world: World) -> dict[str, Any]:
        earning.award(
            account_id=world.ids["account"], amount=9, key="p", by=None, at=world.at
        )
        return then(world)

    return arguments


def spent(world: World) -> dict[str, Any]:
    spending.spend(
        account_id=world.ids["account"], amount=1, key="s", by=None, at=world.at
    )
    return {"key": "s"}


def earned(world: World) -> dict[str, Any]:
    earning.earn(
        account_id=world.ids["account"],
        rule_key=made_rule(world).key,
        source_key="r",
        by=None,
        at=world.at,
    )
    return {"source_key": "r"}


def entries(world: World) -> dict[str, Any]:
    found = earning.get_award(world.community, "p")
    return {"entries": [found.pk]}


def asked(world: World) -> Any:
    done = adjustments.adjust(
        account_id=world.ids["account"],
        points=5_000,
        reason="Thanks",
        key="k",
        by=world.owner,
        at=world.at,
    )
    return done.waiting


def adjustment(world: World) -> dict[str, Any]:
    return {"adjustment": asked(world)}


def adjustment_pk(world: World) -> dict[str, Any]:
    return {"pk": asked(world).pk}


case(
    "activities.points.adjustments",
    adjust=both(ACCOUNT, just(points=5, reason="Thanks", key="k")),
    approve=adjustment,
    decline=adjustment,
    get=adjustment_pk,
    list_waiting=just(),
)
case(
    "activities.points.balances",
    get=ACCOUNT,
    list_lots=ACCOUNT,
    history=ACCOUNT,
    recount=ACCOUNT,
)
case(
    "activities.points.earning",
    award=both(ACCOUNT, just(amount=5, key="k")),
    earn=both(ACCOUNT, rule_key, just(source_key="r")),
)
case(
    "activities.points.leaderboard",
    load=just(),
    opt_in=ACCOUNT,
    opt_out=ACCOUNT,
)
case("activities.points.liability", load=just())
case(
    "activities.points.past_runs",
    preview=both(rule, since),
    run=both(rule, since),
)
case("activities.points.point_settings", update=just(hand_limit=5))
case(
    "activities.points.reversals",
    reverse_source=earned,
    reverse_order=both(earned, just(refunded=1, key="k")),
    reverse_awards=awarded(entries),
)
case(
    "activities.points.rules",
    list_all=just(),
    get=rule_pk,
    create=just(name="Reviews", event="review", points=5),
    update=both(rule, just(points=6)),
    switch_on=rule,
    switch_off=rule,
    archive=rule,
)
case(
    "activities.points.spending",
    spend=awarded(both(ACCOUNT, just(amount=1, key="k"))),
    restore=awarded(spent),
)
