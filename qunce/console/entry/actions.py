"""Actions on gates, rules and newcomers."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.entry import views
from qunce.console.entry.forms import RulesForm
from qunce.core import errors
from qunce.groups import visibility as group_visibility
from qunce.groups.entry import gates, group_rules, requests
from qunce.groups.entry.gate_terms import Verdict
from qunce.groups.entry.models import EntryRequest
from qunce.members.people import named_members


@require_POST
@http.page(gates.MANAGE)
def switch(request: http.Request, pk: int) -> HttpResponse:
    group = group_visibility.get(by=request.staff, pk=pk)
    is_on = request.POST.get("on") == "1"
    try:
        gates.switch(group=group, is_on=is_on, by=request.staff, at=request.at)
    except gates.EmptyGate as error:
        http.flash(request, str(error), level="bad")
    else:
        text = _("The gate is on.") if is_on else _("The gate is off.")
        http.flash(request, text)
    return http.redirect_back(request, reverse("entry:gate", args=[pk]))


@require_POST
@http.page(gates.MANAGE)
def publish(request: http.Request, pk: int) -> HttpResponse:
    group = group_visibility.get(by=request.staff, pk=pk)
    form = RulesForm(group_rules.find(group), request.POST)
    if form.is_valid():
        try:
            rules = group_rules.publish(
                group=group, by=request.staff, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            text = _("Version %(n)s is published.") % {"n": rules.version}
            http.flash(request, text)
            return http.redirect_back(
                request, reverse("entry:gate", args=[pk]) + "#rules"
            )
    return views.render_gate(request, group, rules_form=form)


@require_POST
@http.page(gates.DECIDE)
def accept(request: http.Request, pk: int) -> HttpResponse:
    """Record that a member has accepted the rules to staff."""
    group = group_visibility.get(by=request.staff, pk=pk)
    try:
        account = named_members.get_by_key(
            by=request.staff, key=request.POST.get("member", "").strip(), at=request.at
        )
        group_rules.accept(
            group=group, account=account.pk, by=request.staff, at=request.at
        )
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("entry:gate", args=[pk]) + "#rules")


@require_POST
@http.page(gates.DECIDE)
def open_request(request: http.Request, pk: int) -> HttpResponse:
    """Begin to ask somebody who wants to enter, by hand."""
    group = group_visibility.get(by=request.staff, pk=pk)
    try:
        account = named_members.get_by_key(
            by=request.staff, key=request.POST.get("member", "").strip(), at=request.at
        )
        row = requests.open_request(
            group=group, account=account.pk, by=request.staff, at=request.at
        )
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, reverse("entry:gate", args=[pk]))
    return http.redirect_back(request, reverse("entry:detail", args=[row.pk]))


@require_POST
@http.page(gates.DECIDE)
def answer(request: http.Request, pk: int) -> HttpResponse:
    row = _get(request, pk)
    verdict = requests.answer(
        request=row,
        text=request.POST.get("text", ""),
        by=request.staff,
        at=request.at,
    )
    if verdict == Verdict.ACCEPTED:
        http.flash(request, _("That is right."))
    else:
        http.flash(request, _("That does not fit."), level="bad")
    return redirect("entry:detail", pk)


@require_POST
@http.page(gates.DECIDE)
def let_in(request: http.Request, pk: int) -> HttpResponse:
    row = _get(request, pk)
    requests.let_in(request=row, by=request.staff, at=request.at)
    http.flash(request, _("%(name)s is let in.") % {"name": row.name or "–"})
    return http.redirect_back(request, reverse("entry:list"))


@require_POST
@http.page(gates.DECIDE)
def refuse(request: http.Request, pk: int) -> HttpResponse:
    row = _get(request, pk)
    requests.refuse(request=row, by=request.staff, at=request.at)
    text = _("%(name)s is refused.") % {"name": row.name or "–"}
    http.flash(request, text, undo=reverse("entry:let-in", args=[pk]))
    return http.redirect_back(request, reverse("entry:list"))


@require_POST
@http.page(gates.DECIDE)
def mark_done(request: http.Request, pk: int) -> HttpResponse:
    row = _get(request, pk)
    requests.mark_done(request=row, by=request.staff, at=request.at)
    http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("entry:list"))


def _get(request: http.Request, pk: int) -> EntryRequest:
    return requests.get(pk=pk, by=request.staff, at=request.at)
