"""What the page of the member list shows: its rows, columns, views and filters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import filters
from qunce.core import permissions
from qunce.groups import visibility as groups
from qunce.members.accounts import queries as account_queries
from qunce.members.columns import columns
from qunce.members.columns.columns import EMPTY, Cell, Column, People
from qunce.members.layers import layers
from qunce.members.saved_views import saved_views
from qunce.members.saved_views.models import ListLayout, SavedView
from qunce.members.search import member_list, search
from qunce.members.search.member_list import Cursor, Row
from qunce.members.segments import segments
from qunce.members.staff_in_charge import assignments
from qunce.members.tags import library

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.members.tags.models import Tag

MAX_CHOICES = 2_000
"""The most tags or groups that a filter offers."""
MAX_CHIPS = 4
MAX_LINKED_RULE = 6_000
"""Characters of a rule that a link can have."""


@dataclass(frozen=True)
class ListedRow:
    """A person with their cells, in the order of the columns."""

    row: Row
    cells: Sequence[tuple[Column, Cell]]


@dataclass(frozen=True)
class Heading:
    """A column's heading. `sort` is what a click sorts by, empty if it cannot."""

    column: Column
    sort: str
    direction: str

    @property
    def aria_sort(self) -> str:
        return self.direction or "none"


class ListPage:
    """One page of the list as a request asks for it."""

    def __init__(self, request: Request) -> None:
        self.by, self.at = request.staff, request.at
        self.parameters = request.GET
        self.filters = filters.parse(request.GET, request.staff)
        text = request.GET.get("q", "")
        self.query = text[: search.MAX_QUERY_LENGTH].replace("\0", "")

    # What is chosen

    @cached_property
    def layout(self) -> ListLayout:
        return saved_views.layout_of(self.by)

    @cached_property
    def all_columns(self) -> list[Column]:
        return columns.list_all(self.by.community)

    @cached_property
    def columns(self) -> list[Column]:
        """Those in the URL, which a view has, else those that the person has chosen."""
        keys = self.layout.columns
        if "columns" in self.parameters:
            keys = self.parameters["columns"].split(",")
        by_key = {column.key: column for column in self.all_columns}
        return [by_key[key] for key in dict.fromkeys(keys) if key in by_key]

    @cached_property
    def sort_by(self) -> str:
        text = self.parameters.get("sort", "")
        found = member_list.find_sorting(self.by.community, text)
        return text if found else member_list.DEFAULT_SORT

    @cached_property
    def page_size(self) -> int:
        text = self.parameters.get("size", "")
        sizes = {str(size): size for size in saved_views.PAGE_SIZES}
        return sizes.get(text, self.layout.page_size)

    @cached_property
    def view(self) -> SavedView | None:
        """The saved view that the URL names, if they may see it."""
        text = self.parameters.get("view", "")
        if not (text.isascii() and text.isdigit() and len(text) < 18):
            return None
        return next((v for v in self.views if v.pk == int(text)), None)

    @cached_property
    def views(self) -> list[SavedView]:
        return saved_views.list_for(self.by)

    @cached_property
    def people(self) -> BitMap:
        return member_list.find_people(
            by=self.by, at=self.at, rule=self.filters.rule, query=self.query
        )

    # What is shown

    def rows(self, ids: Sequence[int]) -> list[ListedRow]:
        rows = member_list.load_rows(ids, by=self.by)
        people = People(account_queries.accounts_by_person(ids), self.by, self.at)
        cells = [(column, column.cells(people)) for column in self.columns]
        return [
            ListedRow(row, [(column, own.get(row.id, EMPTY)) for column, own in cells])
            for row in rows
        ]

    def headings(self) -> list[Heading]:
        return [self._heading(column) for column in self.columns]

    def _heading(self, column: Column) -> Heading:
        if not column.is_sortable:
            return Heading(column, "", "")
        up, down = column.key, f"-{column.key}"
        first, second = (down, up) if column.descends_first else (up, down)
        direction = {up: "ascending", down: "descending"}.get(self.sort_by, "")
        return Heading(column, second if self.sort_by == first else first, direction)

    def segment_url(self) -> str:
        """The builder with these filters as a rule; empty if there are none."""
        text = json.dumps(self.filters.source, ensure_ascii=False)
        if not self.filters.chips or len(text) > MAX_LINKED_RULE:
            return ""
        return f"{reverse('segments:new')}?rule={quote(text)}"

    @property
    def kept_parameters(self) -> list[tuple[str, str]]:
        """Parameters that a new search keeps: how the list is shown."""
        return [
            (name, self.parameters[name])
            for name in ("columns", "sort", "size", "view")
            if name in self.parameters
        ]

    def selecting_parameters(self) -> dict[str, list[str]]:
        """The parameters that select members, as a view stores them."""
        names = (*filters.PARAMETERS, "q")
        return {
            name: texts
            for name in names
            if (texts := [t for t in self.parameters.getlist(name) if t])
        }


def url_of(view: SavedView) -> str:
    """The list as a view shows it."""
    query = QueryDict(mutable=True)
    for name, texts in view.filters.items():
        query.setlist(name, [str(text) for text in texts])
    query["columns"] = ",".join(view.columns)
    if view.sort_by:
        query["sort"] = view.sort_by
    query["view"] = str(view.pk)
    return f"{reverse('members:list')}?{query.urlencode()}"


def context(request: Request, *, before: Cursor | None) -> dict[str, Any]:
    """The context of the list, without what the caller may do with it."""
    listed = ListPage(request)
    by, at = request.staff, request.at
    order = member_list.sort(listed.people, by=by, at=at, sort_by=listed.sort_by)
    ids, after = order.page(before, listed.page_size)
    query = listed.query.strip()
    parsed = listed.filters
    return {
        "list": listed,
        "rows": listed.rows(ids),
        "headings": listed.headings(),
        "count": len(listed.people),
        "next_cursor": "-".join(map(str, after)) if after else "",
        "filters": parsed,
        "query": listed.query,
        # A click filters by one of them.
        "matching_tags": _find_tags(request.community, query) if query else [],
        "is_narrowed": bool(parsed.chips or parsed.error or query),
        "segment_url": listed.segment_url(),
        "may_assign": permissions.may(by, assignments.ASSIGN),
        "assignable": assignments.list_assignable(request.community),
        "max_chips": f":{MAX_CHIPS}",
        # The filters are outside the part that htmx replaces.
        **({} if http.is_partial(request) else _choices(request, listed)),
    }


def _find_tags(community: Community, query: str) -> list[Tag]:
    rows = library.list_tags(community)
    found = rows.filter(Q(name__icontains=query) | Q(key__icontains=query))
    return list(found[:MAX_CHIPS])


def _choices(request: Request, listed: ListPage) -> dict[str, Any]:
    """The choices of the filters, views and columns, and the current parameters."""
    community, parameters = request.community, request.GET
    chosen = listed.columns
    return {
        "views": [(view, url_of(view)) for view in listed.views],
        "may_share": permissions.may(request.staff, saved_views.SHARE),
        "may_change_view": listed.view is not None
        and saved_views.may_change(listed.view, request.staff),
        "chosen_columns": chosen,
        "other_columns": [each for each in listed.all_columns if each not in chosen],
        "page_sizes": saved_views.PAGE_SIZES,
        "all_segments": segments.list_active(community),
        "all_tags": list(library.list_tags(community)[:MAX_CHOICES]),
        "all_groups": list(groups.list_visible(request.staff)[:MAX_CHOICES]),
        "all_staff": assignments.list_assignable(community),
        "all_layers": [
            (
                layering.name,
                [
                    (
                        f"{layering.pk}:{layer['key']}",
                        str(layer.get("name") or layer["key"]),
                    )
                    for layer in layering.spec["layers"]
                ],
            )
            for layering in layers.list_active(community)
        ],
        "order_spans": [
            ("within:7d", _("in the last 7 days")),
            ("within:30d", _("in the last 30 days")),
            ("within:90d", _("in the last 90 days")),
            ("before:30d", _("more than 30 days ago")),
            ("before:90d", _("more than 90 days ago")),
            ("before:180d", _("more than 180 days ago")),
            ("never", _("never")),
        ],
        "parameters": {name: parameters.get(name, "") for name in filters.PARAMETERS},
    }
