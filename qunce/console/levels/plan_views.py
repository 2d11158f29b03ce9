"""Pages of paid memberships: what can be bought, and the form."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.levels import level_facts, memberships
from qunce.activities.levels.models import MembershipPlan
from qunce.console import http
from qunce.console.levels.forms import PlanForm
from qunce.core import errors


@require_GET
@http.page(level_facts.MANAGE)
def plan_list(request: http.Request) -> HttpResponse:
    counts = memberships.count_members(request.staff, at=request.at)
    rows = [
        (plan, counts.get(plan.pk, 0)) for plan in memberships.list_plans(request.staff)
    ]
    return http.render(request, "console/levels/plans.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@http.page(level_facts.MANAGE)
def plan_create(request: http.Request) -> HttpResponse:
    form = PlanForm(request.POST or None, community=request.community)
    if request.method == "POST" and form.is_valid():
        try:
            memberships.create_plan(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_fields(),
            )
        except errors.QunceError as error:
            _add_error(form, error)
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("levels:plan-list"))
    return _render(request, form, None)


@require_http_methods(["GET", "POST"])
@http.page(level_facts.MANAGE)
def plan_update(request: http.Request, pk: int) -> HttpResponse:
    plan = memberships.get_plan(by=request.staff, pk=pk)
    form = PlanForm(request.POST or None, community=request.community, plan=plan)
    if request.method == "POST" and form.is_valid():
        try:
            memberships.update_plan(
                plan=plan, by=request.staff, at=request.at, **form.to_fields()
            )
        except errors.QunceError as error:
            _add_error(form, error)
        else:
            http.flash(request, _("Saved. Terms that were bought keep their months."))
            return http.redirect_back(request, reverse("levels:plan-list"))
    return _render(request, form, plan)


def _add_error(form: PlanForm, error: errors.QunceError) -> None:
    field = error.field if isinstance(error, memberships.InvalidMembership) else None
    form.add_error(field if field in form.fields else None, str(error))


def _render(
    request: http.Request, form: PlanForm, plan: MembershipPlan | None
) -> HttpResponse:
    status = 422 if form.errors else 200
    context = {"form": form, "plan": plan}
    return http.render(request, "console/levels/plan_form.html", context, status=status)
