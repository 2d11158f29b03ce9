"""Actions on care rules and on the budget."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.care import views
from qunce.console.care.forms import BudgetForm
from qunce.core import errors
from qunce.outreach import review_digests
from qunce.outreach.care import budgets, rules


@require_POST
@http.page(rules.MANAGE)
def start(request: http.Request, pk: int) -> HttpResponse:
    """Switch the rule on that the page showed, or show what it is now."""
    rule = rules.get(by=request.staff, pk=pk)
    digest = http.shown_digest(request)
    try:
        rules.start(rule=rule, digest=digest, by=request.staff, at=request.at)
    except (errors.Invalid, review_digests.ChangedSinceReview) as error:
        return views.render_detail(request, rule, problem=str(error), status=422)
    http.flash(request, _("“%(name)s” is on from now on.") % {"name": rule})
    return http.redirect_back(request, reverse("care:detail", args=[pk]))


@require_POST
@http.page(rules.MANAGE)
def stop(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    rules.stop(rule=rule, by=request.staff, at=request.at)
    text = _("“%(name)s” is off. What is planned already stays.") % {"name": rule}
    undo = f"{reverse('care:start', args=[pk])}?digest={rules.digest_of(rule)}"
    http.flash(request, text, undo=undo)
    return http.redirect_back(request, reverse("care:detail", args=[pk]))


@require_POST
@http.page(rules.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    rules.archive(rule=rule, by=request.staff, at=request.at)
    undo = reverse("care:restore", args=[pk])
    http.flash(request, _("“%(name)s” is archived.") % {"name": rule}, undo=undo)
    return http.redirect_back(request, reverse("care:list"))


@require_POST
@http.page(rules.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    rules.restore(rule=rule, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” is restored. It is off.") % {"name": rule})
    return http.redirect_back(request, reverse("care:detail", args=[pk]))


@require_POST
@http.page(budgets.MANAGE)
def set_budget(request: http.Request) -> HttpResponse:
    form = BudgetForm(request, request.POST)
    if not form.is_valid():
        return views.render_list(request, budget_form=form, status=422)
    try:
        budgets.set_amount(
            community=request.community,
            amount=form.cleaned_data["amount"],
            by=request.staff,
            at=request.at,
        )
    except errors.Invalid as error:
        form.add_error("amount", str(error))
        return views.render_list(request, budget_form=form, status=422)
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("care:list"))


@require_POST
@http.page(budgets.MANAGE)
def release(request: http.Request, pk: int) -> HttpResponse:
    occasion = budgets.get_occasion(by=request.staff, pk=pk)
    budgets.release(occasion=occasion, by=request.staff, at=request.at)
    http.flash(request, _("Not given. The amount can be spent again."))
    return http.redirect_back(request, reverse("care:detail", args=[occasion.rule_id]))
