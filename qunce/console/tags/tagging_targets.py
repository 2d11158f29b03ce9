"""The members that a form of tagging is about: single ones, a segment, a group, or a filtered list.

Every page uses one form. Its hidden fields, or the URL of the list, name the people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.members import filters
from qunce.groups import memberships
from qunce.groups import visibility as group_visibility
from qunce.members.people import visibility
from qunce.members.search import member_list, search
from qunce.members.segments import segments
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from django.http import QueryDict
    from pyroaring import BitMap

MEMBER, ROW, LIST, SEGMENT, GROUP = "member", "row", "list", "segment", "group"
MAX_NUMBER_LENGTH = 17


@dataclass(frozen=True)
class Target:
    """`name` is what the page calls the people; `fields` are the form's hidden fields."""

    context: str
    people: BitMap
    name: str
    fields: tuple[tuple[str, str], ...]

    @cached_property
    def only_member(self) -> int | None:
        return self.people[0] if len(self.people) == 1 else None


def find(request: http.Request) -> Target:
    """Return the members that the request names. Raises NotFound for what its sender may not see."""
    values = request.POST if request.method == "POST" else request.GET
    context = values.get("context", "")
    if segment := _number(values, "segment"):
        return _find_segment(request, segment)
    if group := _number(values, "group"):
        return _find_group(request, group)
    if context == LIST:
        return _find_listed(request, values)
    accounts = _numbers(values, "member")
    visibility.check_visible(by=request.staff, accounts=accounts, at=request.at)
    visible = visibility.filter_visible(
        by=request.staff, accounts=accounts, at=request.at
    )
    fields = tuple(("member", str(pk)) for pk in sorted(visible))
    context = context if context in (MEMBER, ROW) else ""
    return Target(context, bitmaps.of(visible), "", fields)


def _find_segment(request: http.Request, pk: int) -> Target:
    rows = segments.Segment.objects.filter(community=request.community)
    segment = rows.filter(pk=pk).first()
    if segment is None:
        raise segments.SegmentNotFound(_("There is no such segment."))
    rule = {"segment": {"any": [segment.key]}}
    people = audiences.people(
        community=request.community, rule=rule, by=request.staff, at=request.at
    )
    return Target(SEGMENT, people, segment.name, (("segment", str(pk)),))


def _find_group(request: http.Request, pk: int) -> Target:
    group = group_visibility.get(by=request.staff, pk=pk)
    people = audiences.people(
        community=request.community,
        rule=memberships.rule(group),
        by=request.staff,
        at=request.at,
    )
    return Target(GROUP, people, group.name, (("group", str(pk)),))


def _find_listed(request: http.Request, values: QueryDict) -> Target:
    """The checked members, or everyone who matches the filters in the URL."""
    by, at = request.staff, request.at
    if values.get("everyone") == "1":
        parsed = filters.parse(request.GET, by)
        query = request.GET.get("q", "")[: search.MAX_QUERY_LENGTH]
        people = member_list.find_people(by=by, at=at, rule=parsed.rule, query=query)
        return Target(LIST, people, "", (("everyone", "1"),))
    accounts = _numbers(values, "member")
    visible = sorted(visibility.filter_visible(by=by, accounts=accounts, at=at))
    fields = tuple(("member", str(pk)) for pk in visible)
    return Target(LIST, bitmaps.of(visible), "", fields)


def _number(values: Mapping[str, str], name: str) -> int:
    text = values.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_NUMBER_LENGTH
    return int(text) if is_number else 0


def _numbers(values: QueryDict, name: str) -> list[int]:
    return [
        number
        for text in values.getlist(name)
        if (number := _number({name: text}, name))
    ]
