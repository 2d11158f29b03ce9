"""Forty WeChat groups without an API, whose numbers staff typed on some evenings."""

from __future__ import annotations

from datetime import date, timedelta

from qunce.core import community_days
from qunce.demo.coffee.context import Context
from qunce.demo.simulation.random_numbers import Chance
from qunce.demo.simulation.texts import evening_numbers as texts
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.insight.notebook import notebook
from qunce.insight.notebook.models import NotebookEntry
from qunce.insight.typed_numbers import typed_numbers
from qunce.insight.typed_numbers.models import TypedNumber
from qunce.insight.typed_numbers.typed_numbers import Entry

COUNT, DAYS = 40, 8
DAY = timedelta(days=1)
UNBALANCED, NOT_FILLED = 16, 2
"""The group whose last day lacks three leaves, and how many lack the last day."""


def create(context: Context) -> None:
    """Create what is missing; what staff have typed or noted since stays."""
    if not TypedNumber.objects.filter(community=context.community).exists():
        _type_numbers(context, _create_groups(context))
    if not NotebookEntry.objects.filter(community=context.community).exists():
        _write_notes(context)


def _create_groups(context: Context) -> list[Group]:
    words = context.words
    name = texts.GROUPS[context.simulation.settings.language]
    keys = [f"wx{number + 1:03}" for number in range(COUNT)]
    found = {
        group.key: group
        for group in Group.objects.filter(community=context.community, key__in=keys)
    }
    for number, key in enumerate(keys):
        if key not in found:
            shop = words.shops[number % len(words.shops)]
            found[key] = groups.create(
                community=context.community,
                key=key,
                name=name.format(shop=shop, number=number // len(words.shops) + 1),
                platform="wechat",
                by=context.staff["manager"],
                at=context.at - (DAYS + 2) * DAY,
            )
    return [found[key] for key in keys]


def _type_numbers(context: Context, rows: list[Group]) -> None:
    """The evenings up to yesterday, each saved in one go."""
    chance = context.simulation.settings.chance("evening numbers")
    sizes = [chance.whole(60, 420) for _group in rows]
    today = context.community.day(context.at)
    for ago in range(DAYS, 0, -1):
        day = community_days.to_date(today - ago)
        entries: list[Entry] = []
        for index, group in enumerate(rows):
            numbers = _draw(chance, sizes[index])
            sizes[index] = numbers["members"]
            if ago == 1 and index == UNBALANCED:
                numbers["members"] -= 3
            if ago > 1 or index < COUNT - NOT_FILLED:
                entries += _entries(group, day, numbers)
        typed_numbers.save(
            community=context.community,
            entries=entries,
            by=context.owner,
            at=context.at - ago * DAY,
        )


def _draw(chance: Chance, size: int) -> dict[str, int]:
    joins, leaves = chance.poisson(2.5), min(chance.poisson(2.0), size)
    members = size + joins - leaves
    speakers = min(members, chance.poisson(0.09 * members))
    messages = speakers + chance.poisson(1.8 * speakers)
    return {
        "members": members,
        "joins": joins,
        "leaves": leaves,
        "speakers": speakers,
        "messages": messages,
    }


def _entries(group: Group, day: date, numbers: dict[str, int]) -> list[Entry]:
    return [
        Entry(group=group, day=day, field=name, value=value)
        for name, value in numbers.items()
    ]


def _write_notes(context: Context) -> None:
    today = community_days.to_date(context.community.day(context.at))
    for note in texts.NOTES[context.simulation.settings.language]:
        fields = {name: value for name, value in note.items() if name != "ago"}
        ago = note["ago"]
        day = today - timedelta(days=ago if isinstance(ago, int) else 0)
        notebook.create(
            community=context.community,
            day=day,
            by=context.staff["manager"],
            at=context.at - max(today - day, timedelta(0)),
            **fields,
        )
