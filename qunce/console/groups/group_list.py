"""The list of groups: filters, and the order, which each staff member chooses once.

Groups without members come last in every order, and retired ones are listed apart.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django_stubs_ext import StrOrPromise

from qunce.console import http, paging
from qunce.console.groups import group_orders, presenters
from qunce.core.staff.models import Staff
from qunce.groups import groups, labels, visibility
from qunce.groups.group_filters import GroupFilter
from qunce.groups.groups import Group, Stage
from qunce.insight import group_numbers
from qunce.insight.group_numbers import GroupNumbers

PAGE_SIZE = 50
MAX_PAGES = 10_000
FILTERS = ("state", "kind", "platform", "audience", "owner")


ORDERS: dict[str, StrOrPromise] = {
    "size": gettext_lazy("number of members"),
    "active": gettext_lazy("active in 7 days"),
    "message": gettext_lazy("last message"),
    "growth": gettext_lazy("net growth in 28 days"),
    "name": gettext_lazy("name"),
}
DEFAULT_ORDER = "size"


def choose_order(request: http.Request) -> str:
    """Return the order in the URL, which is then remembered, or the remembered one."""
    order = request.GET.get("sort", "")
    if order in ORDERS:
        group_orders.choose(request.staff, order)
        return order
    chosen = group_orders.find(request.staff)
    return chosen if chosen in ORDERS else DEFAULT_ORDER


def find_groups(
    request: http.Request, visible: models.QuerySet[Group]
) -> models.QuerySet[Group]:
    """Return the groups that match the filters in the URL."""
    values = {name: request.GET.get(name, "").replace("\0", "") for name in FILTERS}
    owner = paging.parse_number(request, "owner") if values["owner"] else None
    return GroupFilter(
        stage=values["state"],
        kind=values["kind"],
        platform=values["platform"],
        audience=values["audience"],
        owner=owner,
        text=request.GET.get("q", "").replace("\0", "").strip(),
    ).apply(visible)


def sort_groups(
    found: models.QuerySet[Group], order: str, *, by: Staff, at: datetime
) -> list[tuple[int, GroupNumbers]]:
    """Return ids of groups with their numbers, empty groups last."""
    names = dict(found.values_list("pk", "name"))
    numbers = group_numbers.load(by=by, group_ids=list(names), at=at)
    ranked = group_numbers.sort(names, numbers, order=order)
    return [(pk, numbers[pk]) for pk in ranked]


def list_context(request: http.Request) -> dict[str, Any]:
    """Return the context of the list's page."""
    by, at = request.staff, request.at
    visible = visibility.list_visible(by)
    order = choose_order(request)
    ranked = sort_groups(find_groups(request, visible), order, by=by, at=at)
    page = max(min(paging.parse_number(request, "page", 1), MAX_PAGES), 1)
    shown = ranked[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    rows = visible.select_related("owner").in_bulk([pk for pk, _numbers in shown])
    is_retired = request.GET.get("state") == Stage.DEAD
    return {
        "rows": [presenters.GroupRow(rows[pk], numbers) for pk, numbers in shown],
        "total": len(ranked),
        "are_any": bool(ranked) or visible.exists(),
        "retired": 0 if is_retired else visible.filter(state=Stage.DEAD).count(),
        "is_retired": is_retired,
        "order": order,
        "orders": list(ORDERS.items()),
        "filter_choices": list_filters(request, visible),
        "searched": request.GET.get("q", ""),
        "next": paging.link(request, page=page + 1)
        if len(ranked) > page * PAGE_SIZE
        else "",
        "first": paging.link(request, page=None) if page > 1 else "",
        "may_manage": groups.may_create(by),
    }


def list_filters(
    request: http.Request, visible: models.QuerySet[Group]
) -> list[presenters.FilterChoice]:
    def used_values(field: str) -> list[Any]:
        values = visible.order_by(field).values_list(field, flat=True).distinct()
        return [value for value in values if value]

    kinds = [(key, labels.label_of(labels.KINDS, key)) for key in used_values("kind")]
    platforms = [
        (key, labels.label_of(labels.PLATFORMS, key)) for key in used_values("platform")
    ]
    audiences = [
        (key, str(groups.Audience(key).label))
        for key in used_values("audience")
        if key in groups.Audience.values
    ]
    owned = visible.filter(owner__isnull=False).order_by("owner__name", "owner_id")
    owners = [
        (str(pk), name)
        for pk, name in owned.values_list("owner_id", "owner__name").distinct()
    ]
    stages = [(str(stage.value), str(stage.label)) for stage in Stage]
    return [
        presenters.FilterChoice(name, label, options, request.GET.get(name, ""))
        for name, label, options in (
            ("state", _("Stage"), stages),
            ("kind", _("Kind"), kinds),
            ("platform", _("Platform"), platforms),
            ("audience", _("Group audience"), audiences),
            ("owner", pgettext("group", "Owner"), owners),
        )
        if len(options) > 1 or request.GET.get(name)
    ]
