"""Pages of funnels: the list, the builder, a result, and the people of a step."""

from __future__ import annotations

from typing import Any

from django import forms as django_forms
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.insight import chart_downloads, people_lists
from qunce.console.insight.funnels import forms, presenters
from qunce.console.insight.funnels.forms import FunnelForm
from qunce.core import errors, label_texts, permissions
from qunce.core.facts import facts
from qunce.insight import breakdowns, heat_maps
from qunce.insight.funnels import definitions, funnels, results, templates
from qunce.insight.funnels.models import Funnel
from qunce.insight.funnels.results import FunnelResult
from qunce.members.rule_text import contact_masks
from qunce.sets.rules import base as rules

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@http.page()
def funnel_list(request: http.Request) -> HttpResponse:
    archived = request.GET.get("state") == "archived"
    offered = []
    for key, build in templates.TEMPLATES.items():
        name, definition = build(request.community)
        missing = templates.missing_kinds(definition)
        labels = rules.format_list(facts.label_of(kind) for kind in missing)
        offered.append((key, name, presenters.describe(definition), labels))
    rows = funnels.list_visible(request.staff, archived=archived)
    context = {
        "rows": [(funnel, presenters.describe(funnel.definition)) for funnel in rows],
        "archived": archived,
        "archived_count": len(funnels.list_visible(request.staff, archived=True)),
        "templates": offered,
        "may_manage": permissions.may(request.staff, funnels.MANAGE),
    }
    return http.render(request, "console/insight/funnels/list.html", context)


@GET_OR_POST
@http.page(funnels.MANAGE)
def new(request: http.Request) -> HttpResponse:
    """The builder; `preview` shows the result below, anything else saves."""
    if request.method == "POST":
        return _handle(request, None)
    build = templates.TEMPLATES.get(request.GET.get("template", ""))
    initial: dict[str, Any] = {"when": "within", "span": 90, "total": 7, "unit": "d"}
    if build is not None:
        name, definition = build(request.community)
        initial = forms.to_initial(definition, name, request.community.currency)
    form = FunnelForm(staff=request.staff, initial=initial)
    return _render_builder(request, form, None)


@GET_OR_POST
@http.page(funnels.MANAGE)
def edit(request: http.Request, pk: int) -> HttpResponse:
    funnel = funnels.get(by=request.staff, pk=pk)
    if request.method == "POST":
        return _handle(request, funnel)
    contact_masks.check_readable(funnel.definition, request.staff)
    initial = forms.to_initial(
        funnel.definition, funnel.name, request.community.currency
    )
    form = FunnelForm(staff=request.staff, initial=initial)
    return _render_builder(request, form, funnel)


def _handle(request: http.Request, funnel: Funnel | None) -> HttpResponse:
    form = FunnelForm(request.POST, staff=request.staff)
    if not form.is_valid():
        return _render_builder(request, form, funnel, status=422)
    asked: dict[str, Any] = {"by": request.staff, "at": request.at}
    try:
        definition = form.definition()
        if "preview" in request.POST:
            result = results.compute(definition=definition, **asked)
            return _render_builder(
                request, form, funnel, definition=definition, result=result
            )
        name = form.cleaned_data["name"]
        if funnel is None:
            funnel = funnels.create(
                community=request.community, name=name, definition=definition, **asked
            )
        else:
            funnels.update(funnel=funnel, name=name, definition=definition, **asked)
    except django_forms.ValidationError as error:
        form.add_error(None, error)
    except errors.Invalid as error:
        form.add_error(None, str(error))
    else:
        http.flash(request, _("Saved."))
        return http.redirect_back(request, reverse("insight:funnel", args=[funnel.pk]))
    return _render_builder(request, form, funnel, status=422)


def _render_builder(
    request: http.Request,
    form: FunnelForm,
    funnel: Funnel | None,
    *,
    definition: dict[str, Any] | None = None,
    result: FunnelResult | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "funnel": funnel, "result": result}
    if definition is not None and result is not None:
        context["steps"] = presenters.list_steps(
            definition, result, None, request.staff
        )
    return http.render(
        request, "console/insight/funnels/builder.html", context, status=status
    )


@require_GET
@http.page()
def detail(request: http.Request, pk: int) -> HttpResponse:
    """The result, broken down with `by`; as a file with `as`."""
    funnel = funnels.get(by=request.staff, pk=pk)
    asked: dict[str, Any] = {
        "definition": funnel.definition,
        "by": request.staff,
        "at": request.at,
    }
    context: dict[str, Any] = {
        "funnel": funnel,
        "error": "",
        "chosen": request.GET.get("by", ""),
        "choices": breakdowns.list_choices(request.staff),
        "sentence": presenters.sentence(funnel.definition, request.staff),
        "is_loose": funnel.definition.get("order") == definitions.LOOSE,
        "may_manage": permissions.may(request.staff, funnels.MANAGE),
    }
    status = 200
    try:
        result = results.compute(**asked)
        breakdown = breakdowns.parse(context["chosen"])
        if breakdown is not None:
            lines = results.compare(breakdown=breakdown, **asked)
            context |= {
                "lines": presenters.list_lines(lines, funnel, breakdown.text),
                "breakdown": breakdowns.label_of(breakdown, request.community),
                "shares_people": breakdowns.may_share_people(breakdown),
            }
    except errors.QunceError as error:
        context["error"], status = str(error), 422
    else:
        if "as" in request.GET:
            return _download(funnel, result, request.GET["as"])
        steps = presenters.list_steps(funnel.definition, result, funnel, request.staff)
        context |= {"result": result, "steps": steps}
    return http.render(
        request, "console/insight/funnels/detail.html", context, status=status
    )


def _download(funnel: Funnel, result: FunnelResult, file_format: str) -> HttpResponse:
    if file_format in chart_downloads.TABLES:
        rows: list[list[object]] = [
            [
                _("Step"),
                _("People"),
                _("Of the first step"),
                _("Gone"),
                _("Median time"),
            ]
        ]
        for step in result.steps:
            of_first = "" if step.of_first is None else round(step.of_first, 1)
            median = presenters.format_duration(step.median)
            rows.append([step.label, step.people, of_first, step.dropped, median])
        return chart_downloads.render_table(rows, f"funnel-{funnel.pk}", file_format)
    if file_format == "svg":
        bars = [
            heat_maps.Bar(f"{index}. {step.label}", step.people, f"{step.people:,}")
            for index, step in enumerate(result.steps, start=1)
        ]
        svg = heat_maps.render_bars(bars, title=funnel.name)
        response = HttpResponse(svg, content_type="image/svg+xml")
        name = f"funnel-{funnel.pk}.svg"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    raise Http404


@require_GET
@http.page()
def people(request: http.Request, pk: int, step: int) -> HttpResponse:
    """The people who took a step; with `dropped`, those who then stopped."""
    funnel = funnels.get(by=request.staff, pk=pk)
    dropped = request.GET.get("dropped") == "1"
    part = None
    breakdown = breakdowns.parse(request.GET.get("by", ""))
    if breakdown is not None:
        part = breakdowns.find_part(
            breakdown, request.GET.get("part", ""), by=request.staff, at=request.at
        )
    found = results.find_people(
        definition=funnel.definition,
        step=step,
        dropped=dropped,
        part=part,
        by=request.staff,
        at=request.at,
    )
    label = results.label_steps(funnel.definition, request.staff)[step - 1]
    text = _("took step %(n)s and none after it: %(label)s")
    if not dropped:
        text = _("took step %(n)s: %(label)s")
    title = text % {"n": step, "label": label}
    rule = None
    if part is None:
        make = definitions.rule_of_drop if dropped else definitions.rule_of
        rule = make(funnel.definition, step)
    return people_lists.render(
        request,
        title=label_texts.with_label(part.label, title) if part else title,
        people=list(found),
        back=reverse("insight:funnel", args=[funnel.pk]),
        back_label=funnel.name,
        rule=rule,
    )
