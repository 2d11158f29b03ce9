"""The list of who is in a group: those with a part first, then everybody, by pages."""

from __future__ import annotations

from typing import Any

from qunce.console import entry, paging
from qunce.core.operators import Operator
from qunce.groups import inside
from qunce.groups.registry import Group
from qunce.members import masks


def shown(request: entry.Request, group: Group) -> dict[str, Any]:
    """What the list of people draws."""
    by, at = request.operator, request.at
    after = paging.number(request, "after")
    people = inside.listed(
        group=group, by=by, at=at, after=after, limit=inside.PAGE + 1
    )
    return {
        "people": [(one, named(one, by)) for one in people[: inside.PAGE]],
        "parts": []
        if after
        else [
            (one, named(one, by))
            for one in inside.with_parts(group=group, by=by, at=at)
        ],
        "first": paging.link(request, after=None) if after else "",
        "next": _following(request, people),
    }


def _following(request: entry.Request, people: list[inside.Person]) -> str:
    if len(people) <= inside.PAGE:
        return ""
    return paging.link(request, after=people[inside.PAGE - 1].account.pk)


def named(person: inside.Person, by: Operator) -> str:
    return person.account.name or masks.key(person.account.key, by)
