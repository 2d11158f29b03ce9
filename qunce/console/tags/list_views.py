"""The tag library: every tag by group, with how many carry it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from qunce.console import http, paging
from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library as tag_library
from qunce.members.tags import models as tag_models
from qunce.members.tags import naming
from qunce.members.tags.models import Tag, TagGroup
from qunce.sets import set_sizes

PAGE = 100
NO_GROUP = "none"
BY_NAME, BY_CARRIERS = "name", "carriers"


@dataclass(frozen=True)
class Row:
    tag: Tag
    carriers: int
    url: str
    """Where the carriers are listed."""


@dataclass(frozen=True)
class Section:
    group: TagGroup | None
    rows: list[Row]

    @property
    def is_plain(self) -> bool:
        """Nothing is said of its tags but their names: they stand side by side."""
        return not any(row.tag.description or row.tag.owner_id for row in self.rows)


@http.page()
def listed(request: http.Request) -> HttpResponse:
    archived = request.GET.get("state") == "archived"
    library = tag_library.list_tags(request.community, archived=archived)
    every = list(library.select_related("group", "owner"))
    found = _filtered(request, every)
    by_carriers = request.GET.get("sort") == BY_CARRIERS
    number = max(paging.number(request, "page", 1), 1)
    cut = slice((number - 1) * PAGE, number * PAGE)
    if by_carriers:
        rows = rows_of(found, request.staff, request.at)
        rows.sort(key=lambda row: (-row.carriers, row.tag.name))
        sections = [Section(None, rows[cut])]
    else:
        found.sort(key=_by_group)
        rows = rows_of(found[cut], request.staff, request.at)
        sections = list(_sections(rows))
    context = {
        "sections": sections if found else [],
        "by_carriers": by_carriers,
        "total": len(found),
        "are_any": bool(every) or archived,
        "next": paging.link(request, page=number + 1)
        if number * PAGE < len(found)
        else "",
        "first": paging.link(request, page=None) if number > 1 else "",
        **_around(request, archived),
    }
    part = "console/tags/_rows.html"
    return http.render(request, "console/tags/list.html", context, part=part)


def _around(request: http.Request, archived: bool) -> dict[str, Any]:
    groups = tag_groups.list_all(request.community)
    by = request.staff
    return {
        "groups": groups,
        "chosen": request.GET.get("group", ""),
        "archived": archived,
        "searched": request.GET.get("q", ""),
        "may_manage": permissions.may(by, tag_models.MANAGE),
        "may_make": any(tag_library.may_create(group, by) for group in [None, *groups]),
    }


def _filtered(request: http.Request, every: Iterable[Tag]) -> list[Tag]:
    """Those of the chosen group whose name fits what is typed, in pinyin too."""
    group, pk = request.GET.get("group", ""), paging.number(request, "group", -1)
    text = naming.fold(request.GET.get("q", "")[:80])
    return [
        tag
        for tag in every
        if (not group or tag.group_id == (None if group == NO_GROUP else pk))
        and (not text or _fits(tag, text))
    ]


def _fits(tag: Tag, text: str) -> bool:
    names = {tag.name, tag.key}
    return any(text in naming.fold(name) for name in names) or any(
        text in naming.pinyin_of(name) for name in names
    )


def _by_group(tag: Tag) -> tuple[bool, str, int, str]:
    """Without a group last."""
    group = tag.group
    name = naming.pinyin_of(group.name) if group else ""
    return group is None, name, group.pk if group else 0, naming.pinyin_of(tag.name)


def rows_of(several: Sequence[Tag], by: Staff, at: datetime) -> list[Row]:
    carriers = set_sizes.count_by_ref(
        community=by.community,
        kind=tag_models.KIND.name,
        refs=[tag.pk for tag in several],
        by=by,
        at=at,
    )
    return [Row(tag, carriers[tag.pk], carriers_url(tag)) for tag in several]


def carriers_url(tag: Tag) -> str:
    return f"{reverse('members:list')}?tag={tag.pk}"


def _sections(rows: Iterable[Row]) -> Iterable[Section]:
    """Rows of one group stand together already."""
    section: Section | None = None
    for row in rows:
        if section is None or section.group != row.tag.group:
            if section is not None:
                yield section
            section = Section(row.tag.group, [])
        section.rows.append(row)
    if section is not None:
        yield section
