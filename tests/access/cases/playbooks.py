"""How the sweep calls verbs: playbooks, and messages that staff post by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.outreach.playbooks import lifecycle, playbooks
from qunce.outreach.playbooks.lifecycle import Choice, Pause
from tests.access.cases.base import both, case, ids, just, one
from tests.access.world import World

DEFINITION: dict[str, Any] = {
    "entry": {"on": "fact", "fact": "coupon.redeemed"},
    "steps": [{"id": "w", "kind": "wait", "delay": {"minutes": 5}}],
}
HOUR = timedelta(hours=1)


def draft(world: World) -> dict[str, Any]:
    """A playbook that was never switched on."""
    return {
        "playbook": playbooks.create(
            community=world.community,
            name="Draft",
            definition=DEFINITION,
            by=world.owner,
            at=world.at,
        )
    }


def paused(world: World) -> dict[str, Any]:
    playbook = world.get("playbook")
    lifecycle.pause(playbook=playbook, pause=Pause(), by=world.owner, at=world.at)
    return {"playbook": playbook}


case(
    "outreach.playbooks.playbooks",
    create=just(name="New", definition=DEFINITION),
    update=one("playbook", name="Newer"),
    duplicate=one("playbook"),
    delete=draft,
    list_all=just(),
    get=ids("pk", "playbook"),
    get_by_key=just(key="Homely Playbook"),
)
case(
    "outreach.playbooks.lifecycle",
    switch_on=both(draft, just(choice=Choice())),
    pause=one("playbook", pause=Pause()),
    resume=paused,
    close=one("playbook"),
    stop=one("playbook"),
    publish=one("playbook", in_flight="stay"),
    settle_stale=one("playbook", choice="go_on"),
)
case(
    "outreach.playbooks.rehearsal",
    rehearse=both(one("playbook"), lambda w: {"since": w.at - HOUR, "until": w.at}),
    preview_start=one("playbook", choice=Choice()),
)
case(
    "outreach.playbooks.results",
    count=one("playbook"),
    list_runs=one("playbook"),
    list_troubled=just(),
)
case("outreach.playbooks.variant_results", measure=one("playbook"))
case(
    "outreach.playbooks.staff_notices",
    list_open=just(),
    get=ids("pk", "notice"),
    mark_done=one("notice"),
)
case(
    "outreach.playbooks.explanations",
    why=both(one("playbook"), ids("account")),
    list_of_member=ids("account"),
)
case(
    "outreach.sending.assisted_messages",
    list_open=just(),
    open_due=just(),
    get=ids("pk", "post"),
    mark_sent=one("message=post"),
    mark_failed=one("message=post", reason="other"),
)
