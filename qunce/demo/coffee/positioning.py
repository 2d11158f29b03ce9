"""The positioning sheet and goals of the coffee brand, and how members see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from qunce.demo import goals
from qunce.demo.coffee.context import Context
from qunce.demo.simulation.texts.positioning import GOALS, SHEETS, VIEWS
from qunce.insight.positioning import sheets
from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute

VIEW = "view"
ASKED, ASKED_AGAIN = timedelta(days=150), timedelta(days=20)
MAX_ASKED = 300


def create(context: Context) -> None:
    """Write what is missing; a sheet that staff have written since stays."""
    if not Attribute.objects.filter(community=context.community, name=VIEW).exists():
        _ask(context)
    if sheets.find_version(context.community) is None:
        sheets.save(
            community=context.community,
            content=_content(context),
            by=context.staff["manager"],
            at=context.at - timedelta(days=60),
        )
    _set_goals(context)


def _content(context: Context) -> dict[str, Any]:
    content = SHEETS[context.simulation.settings.language]
    hooks = [
        {**hook, "key": context.words.sources[hook["key"]]}
        if hook.get("kind") == "source"
        else hook
        for hook in content["hooks"]
    ]
    return content | {
        "hooks": hooks,
        "circle_attribute": _find_attribute(context, "taste"),
        "region_attribute": _find_attribute(context, "city"),
        "view_attribute": VIEW,
    }


def _find_attribute(context: Context, key: str) -> str:
    """The name of an attribute of the words of the simulation."""
    rows = Attribute.objects.filter(
        community=context.community, label=context.words.attributes[key]
    )
    return rows.get().name


def _set_goals(context: Context) -> None:
    names = GOALS[context.simulation.settings.language]
    goals.create(
        goals.Plan(
            on_course="net_sales", behind="new_members", met="buyers", names=names
        ),
        community=context.community,
        owner=context.staff["manager"],
        by=context.owner,
        at=context.at,
    )


def _ask(context: Context) -> None:
    """Some members answer twice; about a third of them have a warmer view by then."""
    label, answers = VIEWS[context.simulation.settings.language]
    begin = context.at - ASKED
    attribute = attributes.define(
        community=context.community,
        name=VIEW,
        label=label,
        type="choice",
        choices=list(answers),
        by=context.owner,
        at=begin,
    )
    chance = context.simulation.settings.chance("survey")
    rows = Account.objects.filter(
        community=context.community, joined_at__lt=begin
    ).order_by("pk")
    asked = list(rows.values_list("pk", flat=True)[:MAX_ASKED])
    first = {account: min(chance.poisson(0.5), 1) for account in asked}
    again = {
        account: min(view + min(chance.poisson(0.4), 1), 2)
        for account, view in first.items()
    }
    for views, at in ((first, begin), (again, context.at - ASKED_AGAIN)):
        attributes.set_values(
            attribute=attribute,
            values={account: answers[view] for account, view in views.items()},
            by=context.owner,
            at=at,
            source="survey",
        )
