"""How the sweep calls verbs: tag rules."""

from __future__ import annotations

from typing import Any

from qunce.members.tag_rules import previews, tag_rules
from tests.access.cases.base import case, ids, just, one
from tests.access.world import World


def new(world: World) -> dict[str, Any]:
    return {
        "name": "New",
        "condition": {"rule": {"all": []}},
        "effects": [{"do": "add", "tag": world.get("tag").key}],
        "mode": "daily",
    }


def active(world: World) -> dict[str, Any]:
    """The rule, activated."""
    rule = world.get("tag_rule")
    tag_rules.start(rule=rule, by=world.owner, at=world.at)
    return {"rule": rule}


def archived(world: World) -> dict[str, Any]:
    """The rule, archived."""
    rule = world.get("tag_rule")
    tag_rules.archive(rule=rule, by=world.owner, at=world.at)
    return {"rule": rule}


def tried(world: World) -> dict[str, Any]:
    """A dry run of the rule, and somebody in it."""
    rule = world.get("tag_rule")
    plan = previews.dry_run(rule=rule, by=world.owner, at=world.at)
    return {"plan": plan, "person": world.ids["account"]}


case(
    "members.tag_rules.tag_rules",
    create=new,
    update=one("rule=tag_rule", name="Newer"),
    start=one("rule=tag_rule"),
    pause=active,
    archive=one("rule=tag_rule"),
    restore=archived,
    move=one("rule=tag_rule", earlier=True),
    list_all=just(),
    get=ids("pk", "tag_rule"),
    get_by_name=just(name="Homely Rule"),
)
case(
    "members.tag_rules.activation",
    activate=one("rule=tag_rule", is_confirmed=True),
)
case("members.tag_rules.conflicts", list_conflicts=one("rule=tag_rule"))
case(
    "members.tag_rules.previews",
    dry_run=one("rule=tag_rule"),
    explain=tried,
)
case(
    "members.tag_rules.runs",
    run=active,
    undo=one("run=tag_rule_run"),
    list_runs=one("rule=tag_rule"),
    get=ids("pk", "tag_rule_run"),
)
