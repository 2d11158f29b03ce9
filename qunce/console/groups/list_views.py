"""The registry of groups: which there are, how full, and who cares for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpResponse
from django.utils.translation import gettext as _

from qunce.console import http, paging
from qunce.core import permissions
from qunce.groups import groups as group_groups
from qunce.groups import labels, memberships, visibility
from qunce.groups.groups import Group
from qunce.insight import period_comparison

PAGE = 50
MOST_PAGES = 10_000
FILTERS = ("state", "kind", "platform", "owner")


@dataclass(frozen=True)
class Row:
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
class Choice:
    """One filter above the list: its name in the address, what can be chosen."""

    name: str
    words: str
    options: list[tuple[str, str]]
    chosen: str


@http.page()
def listed(request: http.Request) -> HttpResponse:
    seen = visibility.list_visible(request.staff)
    found = _filtered(request, seen)
    number = max(min(paging.number(request, "page", 1), MOST_PAGES), 1)
    some = list(found.select_related("owner")[(number - 1) * PAGE : number * PAGE + 1])
    context = {
        "rows": _rows(request, some[:PAGE]),
        "total": found.count(),
        "are_any": seen.exists(),
        "choices": _choices(request, seen),
        "searched": request.GET.get("q", ""),
        "next": paging.link(request, page=number + 1) if len(some) > PAGE else "",
        "first": paging.link(request, page=None) if number > 1 else "",
        "may_manage": may_open(request),
    }
    part = "console/groups/_rows.html"
    return http.render(request, "console/groups/list.html", context, part=part)


def may_open(request: http.Request) -> bool:
    """A new group would be out of sight for who sees some groups only."""
    by = request.staff
    return by.groups is None and permissions.may(by, group_groups.MANAGE)


def _filtered(
    request: http.Request, groups: models.QuerySet[Group]
) -> models.QuerySet[Group]:
    given: dict[str, Any] = {
        name: value.replace("\0", "")
        for name in FILTERS
        if (value := request.GET.get(name, ""))
    }
    if given.pop("owner", ""):
        given["owner_id"] = paging.number(request, "owner")
    found = groups.filter(**given)
    text = request.GET.get("q", "").replace("\0", "").strip()
    if text:
        found = found.filter(
            models.Q(name__icontains=text) | models.Q(key__icontains=text)
        )
    return found


def _rows(request: http.Request, groups: list[Group]) -> list[Row]:
    by, at = request.staff, request.at
    moves = period_comparison.moves(
        community=request.community, keys=[each.key for each in groups], by=by, at=at
    )
    return [
        Row(each, memberships.count_members(each, by, at), *moves[each.key])
        for each in groups
    ]


def _choices(request: http.Request, groups: models.QuerySet[Group]) -> list[Choice]:
    def there(field: str) -> list[Any]:
        values = groups.order_by(field).values_list(field, flat=True).distinct()
        return [value for value in values if value]

    kinds = [(key, labels.label_of(labels.KINDS, key)) for key in there("kind")]
    platforms = [
        (key, labels.label_of(labels.PLATFORMS, key)) for key in there("platform")
    ]
    owned = groups.filter(owner__isnull=False).order_by("owner__name", "owner_id")
    owners = [
        (str(pk), name)
        for pk, name in owned.values_list("owner_id", "owner__name").distinct()
    ]
    stages = [(str(stage.value), str(stage.label)) for stage in group_groups.Stage]
    return [
        Choice(name, said, options, request.GET.get(name, ""))
        for name, said, options in (
            ("state", _("Stage"), stages),
            ("kind", _("Kind"), kinds),
            ("platform", _("Platform"), platforms),
            ("owner", _("Owner"), owners),
        )
        if options
    ]
