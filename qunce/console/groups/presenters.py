from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qunce.console import http, paging
from qunce.core.staff.models import Staff
from qunce.groups import labels, memberships
from qunce.groups.groups import Group
from qunce.members.accounts import masking


@dataclass(frozen=True)
class GroupRow:
    """`joins` and `leaves` are those of the 28 days that are over."""

    group: Group
    size: int
    joins: int
    leaves: int

    @property
    def kind(self) -> str:
        return labels.label_of(labels.KINDS, self.group.kind)

    @property
    def platform(self) -> str:
        return labels.label_of(labels.PLATFORMS, self.group.platform)

    @property
    def is_full(self) -> bool:
        return self.group.capacity is not None and self.size >= self.group.capacity


@dataclass(frozen=True)
class FilterChoice:
    """One filter above the list: its name in the address, what can be chosen."""

    name: str
    words: str
    options: list[tuple[str, str]]
    chosen: str


def members_context(request: http.Request, group: Group) -> dict[str, Any]:
    """What the list of people draws."""
    by, at = request.staff, request.at
    after = paging.parse_number(request, "after")
    people = memberships.list_members(
        group=group, by=by, at=at, after=after, limit=memberships.PAGE_SIZE + 1
    )
    return {
        "people": [
            (person, _display_name(person, by)) for person in people[: memberships.PAGE_SIZE]
        ],
        "parts": []
        if after
        else [
            (person, _display_name(person, by))
            for person in memberships.list_members_with_role(group=group, by=by, at=at)
        ],
        "first": paging.link(request, after=None) if after else "",
        "next": _next_page_url(request, people),
    }


def _next_page_url(request: http.Request, people: list[memberships.GroupMember]) -> str:
    if len(people) <= memberships.PAGE_SIZE:
        return ""
    return paging.link(request, after=people[memberships.PAGE_SIZE - 1].account.pk)


def _display_name(person: memberships.GroupMember, by: Staff) -> str:
    return person.account.name or masking.key(person.account.key, by)
