"""How the sweep calls verbs: care."""

from __future__ import annotations

from typing import Any

from qunce.outreach.care import rules
from tests.access.cases.base import case, ids, just, one
from tests.access.world import World

OCCASION = {"on": "joined", "unit": "days", "numbers": [7]}


def on(world: World) -> dict[str, Any]:
    """The rule, switched on."""
    rule = world.get("care")
    rules.start(rule=rule, by=world.owner, at=world.at)
    return {"rule": rule}


def new(world: World) -> dict[str, Any]:
    return {"name": "New", "occasion": OCCASION, "text": "Hi", "staff": world.owner}


case(
    "outreach.care.rules",
    create=new,
    update=one("rule=care", name="Newer"),
    start=one("rule=care"),
    stop=on,
    archive=one("rule=care"),
    restore=one("rule=care"),
    list_all=just(),
    get=ids("pk", "care"),
)
case(
    "outreach.care.budgets",
    set_amount=just(amount=500),
    find=just(),
    get_occasion=ids("pk", "care_occasion"),
    release=one("occasion=care_occasion"),
)
case(
    "outreach.care.forecast",
    list_coming=just(),
    list_coming_of=one("rule=care"),
    list_next=ids("accounts"),
)
case(
    "outreach.care.results",
    count=one("rule=care"),
    list_days=one("rule=care"),
    list_occasions=one("rule=care"),
)
