"""Rows of groups and their members as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.console import http, paging
from qunce.core.staff.models import Staff
from qunce.groups import labels, memberships
from qunce.groups.groups import Group
from qunce.insight import period_comparison
from qunce.members.accounts import masking


@dataclass(frozen=True)
class GroupRow:
    """`joins` and `leaves` are those of the last 28 complete days."""

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
    """A filter of the list. `name` is its parameter in the URL."""

    name: str
    label: str
    options: list[tuple[str, str]]
    selected: str


def members_context(request: http.Request, group: Group) -> dict[str, Any]:
    """Return the context of the list of members."""
    by, at = request.staff, request.at
    after = paging.parse_number(request, "after", maximum=paging.MAX_MEMBER_ID)
    people = memberships.list_members(
        group=group, by=by, at=at, after=after, limit=memberships.PAGE_SIZE + 1
    )
    shown = people[: memberships.PAGE_SIZE]
    has_more = len(people) > len(shown)
    return {
        "people": [(person, _display_name(person, by)) for person in shown],
        "members_with_role": []
        if after
        else [
            (person, _display_name(person, by))
            for person in memberships.list_members_with_role(group=group, by=by, at=at)
        ],
        "first": paging.link(request, after=None) if after else "",
        "next": paging.link(request, after=shown[-1].account.pk) if has_more else "",
    }


def _display_name(person: memberships.GroupMember, by: Staff) -> str:
    return person.account.name or masking.key(person.account.key, by)


def group_rows(groups: Sequence[Group], by: Staff, at: datetime) -> list[GroupRow]:
    moves = period_comparison.count_joins_and_leaves(
        community=by.community, keys=[group.key for group in groups], by=by, at=at
    )
    return [
        GroupRow(group, memberships.count_members(group, by, at), *moves[group.key])
        for group in groups
    ]


def card_rows(group: Group) -> list[tuple[str, str]]:
    """Return labels and texts of the group's positioning card."""
    card = group.card if isinstance(group.card, dict) else {}
    return [
        (_("Intended for"), card.get("whom", "")),
        (_("Value"), card.get("value", "")),
        (_("Rhythm"), card.get("rhythm", "")),
        (_("Entry gate"), group.threshold),
        (_("Owner"), group.owner.name if group.owner else ""),
    ]
