"""How the sweep calls verbs: instant draws and red packets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.instant_draws import instant_draws
from qunce.activities.kinds import base
from qunce.activities.prizes import prizes
from tests.access.cases.base import case
from tests.access.world import World


def made(world: World, kind: str) -> Activity:
    """A published one of the group that is tried."""
    by, at = world.owner, world.at
    settings: dict[str, Any] = {}
    if kind == "instant_draw":
        prize = prizes.create(
            community=world.community,
            name="Mug",
            kind="service",
            total=2,
            instructions="Shop",
            by=by,
            at=at,
        )
        row = {"prize": str(prize.pk), "odds": "1", "count": 2, "per_hour": None}
        settings = {"prizes": [row]}
    activity = activities.create(
        community=world.community,
        kind=kind,
        name="Luck",
        text="Tea",
        refusal="For readers",
        groups=[world.ids["group"]],
        starts_at=at,
        ends_at=at + timedelta(days=1),
        settings=settings,
        by=by,
        at=at,
    )
    base.get(kind).publish(activity, at)
    return activity


def a_draw(world: World) -> dict[str, Any]:
    return {"activity": made(world, "instant_draw")}


def found(world: World) -> dict[str, Any]:
    return {"found": instant_draws.find(made(world, "instant_draw")), "limit": 5}


def packets(world: World) -> dict[str, Any]:
    return {"activity": made(world, "red_packet"), "limit": 5}


case("activities.instant_draws.instant_draws", get_visible=a_draw)
case("activities.instant_draws.tickets", list_visible=found)
case("activities.red_packets.red_packets", list_visible=packets)
