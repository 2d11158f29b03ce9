"""Pages of care: rules with what comes in 30 days, one rule with its results, the form."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.care import presenters
from qunce.console.care.forms import FIELDS_OF, BudgetForm, RuleForm
from qunce.console.materials import picker_views
from qunce.core import community_days, errors, money, permissions
from qunce.outreach.care import budgets, forecast, occasions, results, rules
from qunce.outreach.care.models import CareRule
from qunce.outreach.content.materials import library

MAX_GIFTS = 50


@require_GET
@http.page(rules.VIEW)
def care_list(request: http.Request) -> HttpResponse:
    return render_list(request)


def render_list(
    request: http.Request, *, budget_form: BudgetForm | None = None, status: int = 200
) -> HttpResponse:
    by, at, community = request.staff, request.at, request.community
    archived = request.GET.get("state") == "archived"
    today = community_days.to_date(community.day(at))
    state = budgets.find(by=by, at=at)
    if budget_form is None:
        amount = money.format_amount(state.amount or 0, community.currency)
        budget_form = BudgetForm(request, initial={"amount": amount})
    context = {
        "rows": [
            presenters.row_of(rule) for rule in rules.list_all(by, archived=archived)
        ],
        "archived": archived,
        "days": presenters.day_rows(forecast.list_coming(by=by, at=at), today),
        "days_ahead": forecast.DAYS,
        "state": state,
        "budget_form": budget_form,
        "may_manage": permissions.may(by, rules.MANAGE),
        "may_budget": permissions.may(by, budgets.MANAGE),
    }
    return http.render(request, "console/care/list.html", context, status=status)


@require_GET
@http.page(rules.MANAGE)
def kind_list(request: http.Request) -> HttpResponse:
    kinds = [(kind.on, kind.label, _describe(kind.on)) for kind in occasions.KINDS]
    return http.render(request, "console/care/kinds.html", {"kinds": kinds})


def _describe(kind: str) -> str:
    return {
        "birthday": _("On the solar or the lunar birthday, once a year."),
        "joined": _("Days, months or years after a member joined."),
        "first_order": _("Days, months or years after their first order."),
        "festival": _("On festivals, solar or lunar, and on dates of your own."),
        "surprise": _("A small gift for members who are drawn, within the budget."),
    }[kind]


@require_http_methods(["GET", "POST"])
@http.page(rules.MANAGE)
def create(request: http.Request, kind: str) -> HttpResponse:
    if kind not in FIELDS_OF:
        raise Http404
    form = RuleForm(request, kind, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rule = rules.create(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.to_arguments(),
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved. Switch it on when it is ready."))
            url = reverse("care:detail", args=[rule.pk])
            return http.redirect_back(request, url)
    return _render_form(request, form)


@require_http_methods(["GET", "POST"])
@http.page(rules.MANAGE)
def update(request: http.Request, pk: int) -> HttpResponse:
    rule = rules.get(by=request.staff, pk=pk)
    kind = rule.occasion["on"]
    form = RuleForm(request, kind, request.POST or None, rule=rule)
    if request.method == "POST" and form.is_valid():
        try:
            rules.update(
                rule=rule, by=request.staff, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved. It holds from the next occasion on."))
            return http.redirect_back(request, reverse("care:detail", args=[pk]))
    return _render_form(request, form, rule)


def _render_form(
    request: http.Request, form: RuleForm, rule: CareRule | None = None
) -> HttpResponse:
    labels = {kind.on: kind.label for kind in occasions.KINDS}
    context = {
        "form": form,
        "rule": rule,
        "kind_label": labels[form.kind],
        "occasion_fields": [form[name] for name in FIELDS_OF[form.kind]],
        "picker": picker_views.build(request, form["materials"].value() or []),
    }
    status = 422 if form.errors else 200
    return http.render(request, "console/care/form.html", context, status=status)


@require_GET
@http.page(rules.VIEW)
def detail(request: http.Request, pk: int) -> HttpResponse:
    return render_detail(request, rules.get(by=request.staff, pk=pk))


def render_detail(
    request: http.Request, rule: CareRule, *, problem: str = "", status: int = 200
) -> HttpResponse:
    by, at = request.staff, request.at
    found = results.count(rule=rule, by=by)
    gifts = results.list_occasions(by=by, rule=rule, at=at).filter(amount__gt=0)
    context: dict[str, Any] = {
        "rule": rule,
        "problem": problem,
        "facts": presenters.facts_of(rule, by),
        "lines": presenters.result_lines(found),
        "spent": found.spent,
        "days": results.list_days(rule=rule, by=by),
        "materials": library.find_versions(rule.community, rule.materials),
        "digest": rules.digest_of(rule),
        "days_ahead": forecast.DAYS,
        "gifts": presenters.gifts(list(gifts[:MAX_GIFTS]), by),
        "may_manage": permissions.may(by, rules.MANAGE),
        "may_budget": permissions.may(by, budgets.MANAGE),
    }
    if rule.archived_at is None:
        try:
            coming = forecast.list_coming_of(rule=rule, by=by, at=at)
        except errors.QunceError as error:
            context["problem"] = problem or str(error)
        else:
            today = community_days.to_date(request.community.day(at))
            context["coming"] = presenters.day_rows(coming, today)
    return http.render(request, "console/care/detail.html", context, status=status)
