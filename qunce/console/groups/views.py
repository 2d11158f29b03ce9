"""Pages of groups: the list, one group with its members and charts, and forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.groups import group_list as list_page
from qunce.console.groups import presenters
from qunce.console.groups.forms import GroupForm, JoinForm
from qunce.console.insight import chart_downloads
from qunce.console.insight import presenters as ratio_presenters
from qunce.console.typed_numbers import presenters as typed_numbers
from qunce.core import errors, permissions
from qunce.groups import advice, groups, labels, memberships, visibility
from qunce.groups import groups as group_groups
from qunce.groups.entry import gates
from qunce.groups.groups import Group
from qunce.insight import period_comparison
from qunce.insight.charts import Figure, Series
from qunce.insight.metric_query import MetricQuery
from qunce.insight.period_comparison import Comparison
from qunce.insight.typed_numbers.models import Field
from qunce.outreach.contact_budget import pressure
from qunce.outreach.group_templates import templates

CHARTS = ("members", "moves", "active_members", "messages", "interactions")
RATIO_SPAN = period_comparison.DEFAULT_SPAN
METRICS = ("members", "joins", "leaves", "active_members", "messages", "interactions")


@http.page()
def group_detail(request: http.Request, pk: int) -> HttpResponse:
    group = visibility.get(by=request.staff, pk=pk)
    return render_detail(request, group)


def render_detail(
    request: http.Request, group: Group, form: JoinForm | None = None
) -> HttpResponse:
    """Render the group's page, with the rejected form to add members if there is one."""
    by = request.staff
    query = period_comparison.create_query(
        community=request.community, by=by, at=request.at, group=group.key
    )
    numbers = _compare(request, group, query)
    active: Sequence[float] = numbers["active_members"].values[:-1]
    group_numbers = advice.GroupNumbers(
        size=memberships.count_members(group, request.staff, request.at),
        capacity=group.capacity,
        joins=int(numbers["joins"].total),
        leaves=int(numbers["leaves"].total),
        active=advice.mean(active),
    )
    base_url = reverse("groups:chart", args=[group.pk, "x"]).removesuffix("x/")
    figures = [_figure(numbers, name) for name in CHARTS if _has_data(numbers, name)]
    context = {
        "group": group,
        "card": presenters.card_rows(
            group, may_edit=permissions.may(by, groups.MANAGE)
        ),
        "gate": presenters.gate_summary(group, by),
        "may_open_gate": permissions.may(by, gates.DECIDE),
        "kind": labels.label_of(labels.KINDS, group.kind),
        "platform": labels.label_of(labels.PLATFORMS, group.platform),
        "size": group_numbers.size,
        "staff_count": memberships.count_uncounted(group, request.staff, request.at),
        "advice": advice.advise(group.state, group_numbers),
        "steps": [
            (transition, labels.label_of(labels.TRANSITIONS, transition))
            for transition in groups.STATES.transitions
            if groups.STATES.may(transition, group.state)
        ],
        "figures": [(figure, f"{base_url}{figure.name}/?as=") for figure in figures],
        "ratios": ratio_presenters.ratio_rows(query, RATIO_SPAN) if figures else (),
        "span": RATIO_SPAN,
        # Benchmarks are of communities.
        "benchmarks": {},
        "form": form or JoinForm(by),
        "roles": labels.ROLES.items(),
        "may_manage": permissions.may(by, groups.MANAGE),
        "may_view_templates": permissions.may(by, templates.VIEW),
        "may_edit_members": permissions.may(by, groups.EDIT_MEMBERS),
        "pressure": pressure.count_of_group(group.pk, request.at),
        "typed_days": typed_numbers.typed_days(request, group),
        "typed_fields": Field,
        **presenters.members_context(request, group),
        **presenters.messages_context(request, group),
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


def _compare(
    request: http.Request, group: Group, query: MetricQuery | None = None
) -> dict[str, Comparison]:
    comparisons = period_comparison.compare_group(
        community=request.community,
        key=group.key,
        by=request.staff,
        at=request.at,
        names=METRICS,
        query=query,
    )
    return {comparison.metric.name: comparison for comparison in comparisons}


def _has_data(numbers: dict[str, Comparison], name: str) -> bool:
    parts = ("joins", "leaves") if name == "moves" else (name,)
    return any(not numbers[part].is_empty for part in parts)


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
        definition=f"{joins.definition} {leaves.definition}",
        series=[
            Series(label=comparison.label, values=comparison.values)
            for comparison in (joins, leaves)
        ],
    )


@http.page()
def group_list(request: http.Request) -> HttpResponse:
    context = list_page.list_context(request)
    part = "console/groups/_rows.html"
    return http.render(request, "console/groups/list.html", context, part=part)


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
