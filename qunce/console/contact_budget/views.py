"""The page of contact limits, quiet hours and the hold-out, with what they mean in numbers."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.channels import channel_contract
from qunce.console import http
from qunce.console.contact_budget.forms import (
    ApprovalForm,
    BudgetForm,
    HoldOutForm,
    LimitForms,
    ZoneForm,
    limit_forms_of,
)
from qunce.console.http import Request
from qunce.core import errors, permissions
from qunce.outreach.campaigns import approvals
from qunce.outreach.contact_budget import consequences, policies
from qunce.outreach.contact_budget.limits import Mode
from qunce.outreach.contact_budget.policies import Policy
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.sending.ledger import Purpose


@require_http_methods(["GET", "POST"])
@http.page(policies.MANAGE)
def contact_budget(request: Request) -> HttpResponse:
    policy = policies.get(request.community)
    if request.method != "POST":
        form = BudgetForm(initial=BudgetForm.initial_of(policy))
        return _render(request, form, limit_forms_of(policy), policy)
    form = BudgetForm(request.POST)
    rows = LimitForms(request.POST, prefix="limits")
    if not (form.is_valid() and rows.is_valid()):
        return _render(request, form, rows, policy, status=422)
    # A row that is off says nothing: it is how one is taken away.
    limits = [
        row.to_limit()
        for row in rows
        if row.cleaned_data and row.cleaned_data["mode"] != Mode.OFF
    ]
    budget = form.to_budget(limits)
    counts_assisted = form.cleaned_data["counts_assisted"]
    try:
        if "preview" in request.POST:
            policies.check(budget)
            draft = Policy(budget, policy.clock, counts_assisted)
            return _render(request, form, rows, draft, is_draft=True)
        policies.update(
            community=request.community,
            budget=budget,
            counts_assisted=counts_assisted,
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        form.add_error(None, str(error))
        return _render(request, form, rows, policy, status=422)
    http.flash(request, _("Saved. It holds for every message from now on."))
    return http.redirect_back(request, reverse("contact_budget:settings"))


@require_POST
@http.page(hold_outs.MANAGE)
def update_hold_out(request: Request) -> HttpResponse:
    hold_out_form = HoldOutForm(request.POST)
    if hold_out_form.is_valid():
        hold_outs.update(
            community=request.community,
            per_mille=int(hold_out_form.cleaned_data["percent"] * 10),
            by=request.staff,
            at=request.at,
        )
        http.flash(request, _("Saved."))
        return http.redirect_back(request, reverse("contact_budget:settings"))
    policy = policies.get(request.community)
    form = BudgetForm(initial=BudgetForm.initial_of(policy))
    return _render(
        request,
        form,
        limit_forms_of(policy),
        policy,
        status=422,
        hold_out_form=hold_out_form,
    )


@require_POST
@http.page(policies.MANAGE)
def update_zones(request: Request) -> HttpResponse:
    zone_form = ZoneForm(request.community, request.POST)
    if zone_form.is_valid():
        policies.set_zone_attribute(
            community=request.community,
            attribute=zone_form.cleaned_data["attribute"],
            by=request.staff,
            at=request.at,
        )
        http.flash(request, _("Saved."))
        return http.redirect_back(request, reverse("contact_budget:settings"))
    policy = policies.get(request.community)
    form = BudgetForm(initial=BudgetForm.initial_of(policy))
    rows = limit_forms_of(policy)
    return _render(request, form, rows, policy, status=422, zone_form=zone_form)


@require_POST
@http.page(approvals.MANAGE_RULE)
def update_approval(request: Request) -> HttpResponse:
    approval_form = ApprovalForm(request.POST)
    if approval_form.is_valid():
        approvals.set_from_size(
            community=request.community,
            from_size=approval_form.cleaned_data["from_size"],
            by=request.staff,
            at=request.at,
        )
        http.flash(request, _("Saved."))
        return http.redirect_back(request, reverse("contact_budget:settings"))
    policy = policies.get(request.community)
    form = BudgetForm(initial=BudgetForm.initial_of(policy))
    rows = limit_forms_of(policy)
    return _render(request, form, rows, policy, status=422, approval_form=approval_form)


def _render(
    request: Request,
    form: BudgetForm,
    rows: Any,
    policy: Policy,
    *,
    is_draft: bool = False,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    labels = {each.name: each.label for each in channel_contract.list_channels()}
    percent = hold_outs.get_per_mille(request.community) / 10
    context = {
        "form": form,
        "rows": rows,
        "is_draft": is_draft,
        "consequences": [
            (labels[each.channel], Purpose(each.purpose).label, each)
            for each in consequences.count(policy, by=request.staff, at=request.at)
        ],
        "approval_form": ApprovalForm(
            initial={"from_size": approvals.get_from_size(request.community)}
        ),
        "zone_form": ZoneForm(
            request.community, initial={"attribute": policy.zone_attribute}
        ),
        "may_set_approval": permissions.may(request.staff, approvals.MANAGE_RULE),
        "hold_out_form": HoldOutForm(initial={"percent": f"{percent:g}"}),
        "held_out": len(hold_outs.list_held_out(by=request.staff, at=request.at)),
        "is_large": hold_outs.is_large_enough(request.community, request.at),
        "min_members": hold_outs.MIN_MEMBERS,
        "quarter": hold_outs.quarter(request.community, request.at),
        "may_hold_out": permissions.may(request.staff, hold_outs.MANAGE),
        **context,
    }
    template = "console/contact_budget/settings.html"
    return http.render(request, template, context, status=status)
