"""Pages of groups: the list, one group with its members and charts, and forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import http, paging
from qunce.console.groups import presenters
from qunce.console.groups.forms import GroupForm, JoinForm
from qunce.console.insight import chart_downloads
from qunce.core import errors, permissions
from qunce.groups import advice, groups, labels, memberships, visibility
from qunce.groups import groups as group_groups
from qunce.groups.groups import Group
from qunce.insight import period_comparison
from qunce.insight.charts import Figure, Series
from qunce.insight.period_comparison import Comparison

CHARTS = ("members", "moves", "active_members")


@http.page()
def group_detail(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    return render_detail(request, group)


def render_detail(
    request: http.Request, group: Group, form: JoinForm | None = None
) -> HttpResponse:
    """Render the group's page, with the rejected form to add members if there is one."""
    by = request.staff
    numbers = _compare(request, group)
    active: Sequence[float] = numbers["active_members"].values[:-1]
    group_numbers = advice.GroupNumbers(
        size=memberships.count_members(group, request.staff, request.at),
        capacity=group.capacity,
        joins=int(numbers["joins"].total),
        leaves=int(numbers["leaves"].total),
        active=advice.mean(active),
    )
    base_url = reverse("groups:chart", args=[group.pk, "x"]).removesuffix("x/")
    figures = [_figure(numbers, name) for name in CHARTS]
    context = {
        "group": group,
        "card": presenters.card_rows(group),
        "kind": labels.label_of(labels.KINDS, group.kind),
        "platform": labels.label_of(labels.PLATFORMS, group.platform),
        "size": group_numbers.size,
        "advice": advice.advise(group.state, group_numbers),
        "steps": [
            (transition, labels.label_of(labels.TRANSITIONS, transition))
            for transition in groups.STATES.transitions
            if groups.STATES.may(transition, group.state)
        ],
        "figures": [(figure, f"{base_url}{figure.name}/?as=") for figure in figures],
        "form": form or JoinForm(by),
        "roles": labels.ROLES.items(),
        "may_manage": permissions.may(by, groups.MANAGE),
        "may_edit_members": permissions.may(by, groups.EDIT_MEMBERS),
        **presenters.members_context(request, group),
    }
    status = 422 if form else 200
    part = "console/groups/_people.html" if "after" in request.GET else None
    return http.render(
        request, "console/groups/detail.html", context, part=part, status=status
    )


@http.page()
def group_chart(request: http.Request, pk: int, name: str) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    if name not in CHARTS:
        raise Http404
    figure = _figure(_compare(request, group), name)
    return chart_downloads.render_download(figure, request.GET.get("as", "json"))


def _compare(request: http.Request, group: Group) -> dict[str, Comparison]:
    comparisons = period_comparison.compare_group(
        community=request.community,
        key=group.key,
        by=request.staff,
        at=request.at,
        names=("members", "joins", "leaves", "active_members"),
    )
    return {comparison.metric.name: comparison for comparison in comparisons}


def _figure(numbers: dict[str, Comparison], name: str) -> Figure:
    if name != "moves":
        return numbers[name].figure
    joins, leaves = numbers["joins"], numbers["leaves"]
    return Figure(
        name="moves",
        title=_("Joins and leaves"),
        unit=joins.unit,
        days=joins.days,
        today=joins.days[-1],
        definition=f"{joins.metric.definition} {leaves.metric.definition}",
        series=[
            Series(label=str(comparison.metric.label), values=comparison.values)
            for comparison in (joins, leaves)
        ],
    )


PAGE_SIZE = 50
MAX_PAGES = 10_000
FILTERS = ("state", "kind", "platform", "owner")


@http.page()
def group_list(request: http.Request) -> HttpResponse:
    visible = visibility.list_visible(request.staff)
    lookups: dict[str, Any] = {
        name: value.replace("\0", "")
        for name in FILTERS
        if (value := request.GET.get(name, ""))
    }
    if lookups.pop("owner", ""):
        lookups["owner_id"] = paging.parse_number(request, "owner")
    filtered = visible.filter(**lookups)
    text = request.GET.get("q", "").replace("\0", "").strip()
    if text:
        filtered = filtered.filter(
            models.Q(name__icontains=text) | models.Q(key__icontains=text)
        )
    page_number = max(min(paging.parse_number(request, "page", 1), MAX_PAGES), 1)
    page = list(
        filtered.select_related("owner")[
            (page_number - 1) * PAGE_SIZE : page_number * PAGE_SIZE + 1
        ]
    )
    context = {
        "rows": presenters.group_rows(page[:PAGE_SIZE], request.staff, request.at),
        "total": filtered.count(),
        "are_any": visible.exists(),
        "filter_choices": _filter_choices(request, visible),
        "searched": request.GET.get("q", ""),
        "next": paging.link(request, page=page_number + 1)
        if len(page) > PAGE_SIZE
        else "",
        "first": paging.link(request, page=None) if page_number > 1 else "",
        "may_manage": group_groups.may_create(request.staff),
    }
    part = "console/groups/_rows.html"
    return http.render(request, "console/groups/list.html", context, part=part)


def _filter_choices(
    request: http.Request, groups: models.QuerySet[Group]
) -> list[presenters.FilterChoice]:
    def used_values(field: str) -> list[Any]:
        values = groups.order_by(field).values_list(field, flat=True).distinct()
        return [value for value in values if value]

    kinds = [(key, labels.label_of(labels.KINDS, key)) for key in used_values("kind")]
    platforms = [
        (key, labels.label_of(labels.PLATFORMS, key)) for key in used_values("platform")
    ]
    owned = groups.filter(owner__isnull=False).order_by("owner__name", "owner_id")
    owners = [
        (str(pk), name)
        for pk, name in owned.values_list("owner_id", "owner__name").distinct()
    ]
    stages = [(str(stage.value), str(stage.label)) for stage in group_groups.Stage]
    return [
        presenters.FilterChoice(name, label, options, request.GET.get(name, ""))
        for name, label, options in (
            ("state", _("Stage"), stages),
            ("kind", _("Kind"), kinds),
            ("platform", _("Platform"), platforms),
            ("owner", _("Owner"), owners),
        )
        if options
    ]


@require_http_methods(["GET", "POST"])
@http.page(groups.MANAGE)
def group_create(request: http.Request) -> HttpResponse:
    group_groups.check_may_create(request.staff)
    form = GroupForm(request.community, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            group = groups.create(
                community=request.community,
                key=form.cleaned_data["key"],
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error("key" if "key" in form.fields else None, str(error))
        else:
            return http.redirect_back(
                request, reverse("groups:detail", args=[group.pk])
            )
    return _render_form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(groups.MANAGE)
def group_update(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    form = GroupForm(request.community, request.POST or None, group=group)
    if request.method == "POST" and form.is_valid():
        try:
            groups.update(
                group=group, by=request.staff, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(
                request, reverse("groups:detail", args=[group.pk])
            )
    return _render_form(request, form, group)


def _render_form(
    request: http.Request, form: GroupForm, group: Group | None = None
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "group": group}
    status = 422 if form.errors else 200
    return http.render(request, "console/groups/form.html", context, status=status)
