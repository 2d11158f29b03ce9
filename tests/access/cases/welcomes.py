"""How the sweep calls verbs: welcomes and styles of service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.outreach.service_styles import styles
from qunce.outreach.welcomes.explanations import Wanted
from qunce.outreach.welcomes.time_limits import TimeLimits
from tests.access.cases.base import both, case, ids, just, one
from tests.access.world import World


def listed(world: World) -> dict[str, Any]:
    return {"listed": [world.get("welcome")]}


def unused(world: World) -> dict[str, Any]:
    """A style that nobody has."""
    return {
        "style": styles.create(
            community=world.community, name="Spare", by=world.owner, at=world.at
        )
    }


case(
    "outreach.welcomes.welcomes",
    create=just(name="New", text="Hi", event="group"),
    update=one("welcome", name="Newer"),
    set_group=both(lambda w: {"welcome": _for_groups(w)}, one("group", included=True)),
    switch_on=one("welcome"),
    switch_off=one("welcome"),
    archive=one("welcome"),
    move=lambda w: {"welcome": _for_groups(w), "position": 0},
    list_all=just(),
    get=ids("pk", "welcome"),
)
case("outreach.welcomes.playbook_overlap", list_welcomes=one("playbook"))
case("outreach.welcomes.time_limits", update=just(limits=TimeLimits()))
case(
    "outreach.welcomes.results",
    list_results=listed,
    count_sent=lambda w: {"since": w.at - timedelta(days=1)},
)
case(
    "outreach.welcomes.explanations",
    preview=lambda w: {"wanted": Wanted(account=w.ids["account"])},
    why=ids("account"),
)
case(
    "outreach.service_styles.styles",
    create=just(name="New"),
    create_usual=just(),
    update=one("style", name="Newer"),
    delete=unused,
    list_all=just(),
    get=ids("pk", "style"),
)
case(
    "outreach.service_styles.rules",
    update=lambda w: {"rules": [], "default": w.get("style")},
)
case(
    "outreach.service_styles.explanations",
    find_style=ids("account"),
    overview=just(),
)


def _for_groups(world: World) -> Any:
    """The welcome, with conditions instead of being for everyone else."""
    welcome = world.get("welcome")
    type(welcome).objects.filter(pk=welcome.pk).update(
        is_for_others=False, event="group"
    )
    return world.get("welcome")
