"""Pages of welcomes: the list in its order, one welcome, its form, and the preview."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http
from qunce.console.materials import picker_views
from qunce.console.materials import presenters as material_presenters
from qunce.console.welcomes import presenters
from qunce.console.welcomes.forms import TimeLimitsForm, WelcomeForm
from qunce.core import errors
from qunce.core.facts import interned_names
from qunce.groups import visibility as group_visibility
from qunce.members.accounts.accounts import SOURCE_NAMESPACE
from qunce.members.people import people
from qunce.members.search import search
from qunce.outreach.content import variable_values
from qunce.outreach.content.materials import library
from qunce.outreach.welcomes import (
    explanations,
    fingerprints,
    results,
    time_limits,
    welcomes,
)
from qunce.outreach.welcomes.explanations import Wanted
from qunce.outreach.welcomes.models import Welcome

MAX_QUERY_LENGTH = 80


@require_GET
@http.page(welcomes.VIEW)
def welcome_list(request: http.Request) -> HttpResponse:
    return _render_list(request)


def _render_list(
    request: http.Request, form: TimeLimitsForm | None = None
) -> HttpResponse:
    limits = time_limits.get(request.community)
    context = {
        "rows": presenters.rows(request, welcomes.list_all(request.staff)),
        "may_manage": welcomes.may_manage(request.staff),
        "limits_form": form
        or TimeLimitsForm(initial=TimeLimitsForm.initial_of(limits)),
        "limits": limits,
    }
    status = 422 if form is not None else 200
    return http.render(request, "console/welcomes/list.html", context, status=status)


@require_POST
@http.page(welcomes.VIEW)
def time_limits_update(request: http.Request) -> HttpResponse:
    form = TimeLimitsForm(request.POST)
    if not form.is_valid():
        return _render_list(request, form)
    try:
        time_limits.update(
            community=request.community,
            limits=form.to_limits(),
            by=request.staff,
            at=request.at,
        )
    except errors.Invalid as error:
        form.add_error(None, str(error))
        return _render_list(request, form)
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("welcomes:list"))


@require_GET
@http.page(welcomes.VIEW)
def welcome_detail(request: http.Request, pk: int) -> HttpResponse:
    welcome = welcomes.get(by=request.staff, pk=pk)
    names = presenters.group_names(request, [welcome])
    result = results.list_results([welcome], by=request.staff)[pk]
    versions = library.find_versions(request.community, welcome.materials)
    context = {
        "welcome": welcome,
        "conditions": presenters.conditions(request, welcome, names),
        "channel": presenters.channel_of(welcome),
        "result": result,
        "lines": presenters.result_lines(result),
        "cards": [
            material_presenters.card_of(version, request.at) for version in versions
        ],
        "digest": fingerprints.digest(welcome),
        "may_manage": welcomes.may_manage(request.staff),
    }
    return http.render(request, "console/welcomes/detail.html", context)


@require_http_methods(["GET", "POST"])
@http.page(welcomes.VIEW)
def welcome_create(request: http.Request) -> HttpResponse:
    welcomes.check_may_manage(request.staff)
    form = WelcomeForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            welcome = welcomes.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            text = _("Saved. Switch it on when its place in the list is right.")
            http.flash(request, text)
            url = reverse("welcomes:detail", args=[welcome.pk])
            return http.redirect_back(request, url)
    return _render_form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(welcomes.VIEW)
def welcome_update(request: http.Request, pk: int) -> HttpResponse:
    welcomes.check_may_manage(request.staff)
    welcome = welcomes.get(by=request.staff, pk=pk)
    form = WelcomeForm(request, request.POST or None, welcome=welcome)
    if request.method == "POST" and form.is_valid():
        try:
            welcomes.update(
                welcome=welcome, by=request.staff, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved. It holds for joins from now on."))
            url = reverse("welcomes:detail", args=[pk])
            return http.redirect_back(request, url)
    return _render_form(request, form, welcome)


def _render_form(
    request: http.Request, form: WelcomeForm, welcome: Welcome | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "welcome": welcome,
        "variables": variable_values.list_variables(request.community, "members"),
        "picker": picker_views.build(request, form["materials"].value() or []),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/welcomes/form.html", context, status=status)


@require_GET
@http.page(welcomes.VIEW)
def preview(request: http.Request) -> HttpResponse:
    """What somebody would get if they joined now, and why; nothing is sent."""
    query = request.GET.get("q", "").replace("\0", "")[:MAX_QUERY_LENGTH]
    source = request.GET.get("source", "").replace("\0", "")[:200]
    group = request.GET.get("group", "")
    groups = group_visibility.list_visible(request.staff).exclude(state="dead")
    context: dict[str, Any] = {
        "query": query,
        "source": source,
        "group": group,
        "groups": groups.values_list("pk", "name"),
        "sources": sorted(
            interned_names.names_by_id(SOURCE_NAMESPACE, request.community.pk).values()
        )[:200],
    }
    account = None
    if query:
        found = search.suggest(by=request.staff, query=query, at=request.at, limit=1)
        account = found[0] if found else None
        context["nobody"] = not found
        if found:
            context["member"] = people.get_by_account(found[0])
    if "q" in request.GET and not context.get("nobody"):
        is_id = group.isascii() and group.isdigit() and len(group) < 20
        wanted = Wanted(
            account=account,
            source=source,
            group=int(group) if is_id else None,
        )
        context["preview"] = explanations.preview(
            wanted, by=request.staff, at=request.at
        )
    return http.render(request, "console/welcomes/preview.html", context)
