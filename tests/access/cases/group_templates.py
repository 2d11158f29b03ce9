"""How the sweep calls verbs: group templates, and playbooks in a group."""

from __future__ import annotations

from typing import Any

from qunce.outreach.group_templates import new_groups, previews
from qunce.outreach.playbooks import playbooks
from tests.access.cases.base import both, case, ids, just, one
from tests.access.world import World

CONTENT = {"card": {"whom": "readers"}}
TEMPLATE = one("template=group_template")
NUMBERING = new_groups.Numbering(pattern="Club {n}", first=1, last=2)


def with_digest(world: World) -> dict[str, Any]:
    asked = {**TEMPLATE(world), "groups": [world.ids["group"]]}
    shown = previews.compute(**asked, by=world.owner, at=world.at)
    return {**asked, "digest": shown.digest}


def new_names(world: World) -> dict[str, Any]:
    asked = {**TEMPLATE(world), "numbering": NUMBERING}
    shown = new_groups.plan(**asked, by=world.owner)
    return {**asked, "digest": shown.digest}


def group_playbook(world: World) -> dict[str, Any]:
    playbook = playbooks.create(
        community=world.community,
        name="Anniversary",
        definition={"for": "group", "entry": {"on": "founding"}},
        by=world.owner,
        at=world.at,
    )
    return {"playbook": playbook}


case(
    "outreach.group_templates.templates",
    create=just(name="New", content=CONTENT),
    copy_setup=one("group"),
    update=both(TEMPLATE, just(content=CONTENT)),
    archive=TEMPLATE,
    restore=TEMPLATE,
    list_visible=just(),
    get=ids("pk", "group_template"),
    visible_content=TEMPLATE,
    list_versions=TEMPLATE,
)
case(
    "outreach.group_templates.previews",
    compute=both(TEMPLATE, lambda w: {"groups": [w.ids["group"]]}),
)
case(
    "outreach.group_templates.following",
    pin=one("group", fields=[]),
    unfollow=one("group"),
    find=one("group"),
    compare_followers=TEMPLATE,
    compare_group=one("group"),
    count_followers=just(),
)
case(
    "outreach.group_templates.applications",
    apply=with_digest,
    undo=one("application"),
    get=ids("pk", "application"),
    list_results=one("application"),
    list_recent=TEMPLATE,
)
case(
    "outreach.group_templates.new_groups",
    plan=both(TEMPLATE, just(numbering=NUMBERING)),
    create=new_names,
)
case(
    "outreach.playbooks.excluded_groups",
    set_excluded=both(one("group", excluded=True), group_playbook),
)
