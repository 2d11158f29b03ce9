"""The list of who is in a group: those with a part first, then everybody, by pages."""

from __future__ import annotations

from typing import Any

from qunce.console import http, paging
from qunce.core.staff.models import Staff
from qunce.groups import memberships
from qunce.groups.groups import Group
from qunce.members.accounts import masking


def shown(request: http.Request, group: Group) -> dict[str, Any]:
    """What the list of people draws."""
    by, at = request.staff, request.at
    after = paging.number(request, "after")
    people = memberships.list_members(
        group=group, by=by, at=at, after=after, limit=memberships.PAGE_SIZE + 1
    )
    return {
        "people": [(one, named(one, by)) for one in people[: memberships.PAGE_SIZE]],
        "parts": []
        if after
        else [
            (one, named(one, by))
            for one in memberships.list_members_with_role(group=group, by=by, at=at)
        ],
        "first": paging.link(request, after=None) if after else "",
        "next": _following(request, people),
    }


def _following(request: http.Request, people: list[memberships.GroupMember]) -> str:
    if len(people) <= memberships.PAGE_SIZE:
        return ""
    return paging.link(request, after=people[memberships.PAGE_SIZE - 1].account.pk)


def named(person: memberships.GroupMember, by: Staff) -> str:
    return person.account.name or masking.key(person.account.key, by)
