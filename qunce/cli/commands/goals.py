"""`qunce goals`: targets of metrics, and how they stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from qunce.cli import base, options
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.insight.goals import goals as goal_verbs
from qunce.insight.goals import progress, results
from qunce.insight.goals.models import Direction, Goal

DAY = click.DateTime(["%Y-%m-%d"])
GOAL_HELP = N_("number of the goal")

goals = base.Group("goals")
FIELDS = (
    ("name", N_("name of the goal")),
    ("group", N_("key of a group; the community by default")),
    ("owner", N_("login of the owner")),
)


def _to_json(goal: Goal, invocation: Invocation) -> dict[str, Any]:
    found = progress.load(goal, by=invocation.by, at=invocation.at)
    return {
        "id": goal.pk,
        "title": found.title,
        "metric": goal.metric,
        "group": goal.group,
        "direction": goal.direction,
        "target": found.target_text,
        "first": goal.first.isoformat(),
        "last": goal.last.isoformat(),
        "owner": goal.owner.login if goal.owner else "",
        "state": goal.state,
        "standing": found.standing.value,
        "standing_label": str(found.standing.label),
        "value": found.value_text,
        "share": found.share,
        "elapsed": found.elapsed,
        "expected": found.expected_text,
    }


def _to_line(row: dict[str, Any]) -> str:
    share = "–" if row["share"] is None else f"{row['share']} %"
    return (
        f"{row['id']:>5} {row['first']} – {row['last']}  {row['title']}: {row['value']}"
        f" / {row['target']} ({share}), {row['standing_label']}"
    )


def _answer(invocation: Invocation, goal: Goal) -> None:
    row = _to_json(goal, invocation)
    invocation.out.answer(row, _to_line(row))


def _field_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, text in reversed(FIELDS):
        command = base.option(f"--{name}", help=text)(command)
    return command


def _given(invocation: Invocation, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that options were given for."""
    given = {name: value for name, value in fields.items() if value is not None}
    for name in ("first", "last"):
        if name in given:
            given[name] = given[name].date()
    if "owner" in given:
        given["owner"] = goal_verbs.find_owner(invocation.by, given["owner"])
    return given


@goals.command("list", help=N_("List goals with how they stand"))
@base.option("--archived", is_flag=True, help=N_("list archived goals"))
@options.pass_invocation
def list_goals(invocation: Invocation, archived: bool) -> None:
    found = goal_verbs.list_visible(invocation.by, archived=archived)
    rows = [_to_json(goal, invocation) for goal in found]
    invocation.out.write_list("goals", rows, _to_line)


@goals.command("show", help=N_("Show a goal, and what late facts changed"))
@base.argument("goal", type=int, help=GOAL_HELP)
@options.pass_invocation
def show(invocation: Invocation, goal: int) -> None:
    found = goal_verbs.get(by=invocation.by, pk=goal)
    change = results.find_change(found, by=invocation.by, at=invocation.at)
    row = _to_json(found, invocation)
    lines = [_to_line(row)]
    if change is not None:
        lines.append(f"{change.difference} → {change.now}".strip())
    invocation.out.answer(
        row | {"change": None if change is None else change.__dict__},
        "\n".join(lines),
    )


@goals.command("add", help=N_("Set a goal"))
@base.argument("metric", help=N_("name of a metric or a ratio"))
@base.argument(
    "direction",
    type=click.Choice(Direction.values),
    help=N_("at_least or at_most"),
)
@base.argument("target", help=N_("number, whole units of the currency, or per cent"))
@base.argument("first", type=DAY, help=N_("first day"))
@base.argument("last", type=DAY, help=N_("last day"))
@_field_options
@options.pass_invocation
def add(
    invocation: Invocation,
    metric: str,
    direction: str,
    target: str,
    first: datetime,
    last: datetime,
    **fields: Any,
) -> None:
    goal = goal_verbs.create(
        metric=metric,
        direction=direction,
        target=target,
        first=first.date(),
        last=last.date(),
        **_given(invocation, fields),
        **invocation.query_args,
    )
    _answer(invocation, goal)


@goals.command("update", help=N_("Change fields of a goal"))
@base.argument("goal", type=int, help=GOAL_HELP)
@base.option("--metric", help=N_("name of a metric or a ratio"))
@base.option("--direction", type=click.Choice(Direction.values), help=N_("direction"))
@base.option("--target", help=N_("number, whole units of the currency, or per cent"))
@base.option("--first", type=DAY, help=N_("first day"))
@base.option("--last", type=DAY, help=N_("last day"))
@_field_options
@options.pass_invocation
def update(invocation: Invocation, goal: int, **fields: Any) -> None:
    found = goal_verbs.get(by=invocation.by, pk=goal)
    given = _given(invocation, fields)
    goal_verbs.update(goal=found, **given, **invocation.verb_args)
    _answer(invocation, found)


@goals.command("archive", help=N_("Archive a goal"))
@base.argument("goal", type=int, help=GOAL_HELP)
@options.pass_invocation
def archive(invocation: Invocation, goal: int) -> None:
    found = goal_verbs.get(by=invocation.by, pk=goal)
    goal_verbs.archive(goal=found, **invocation.verb_args)
    _answer(invocation, found)


@goals.command("restore", help=N_("Restore an archived goal"))
@base.argument("goal", type=int, help=GOAL_HELP)
@options.pass_invocation
def restore(invocation: Invocation, goal: int) -> None:
    found = goal_verbs.get(by=invocation.by, pk=goal)
    goal_verbs.restore(goal=found, **invocation.verb_args)
    _answer(invocation, found)
