"""Decisions about findings, from the buttons below them."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.insight.findings import presenters
from qunce.insight.findings import daily, decisions


def _withdraw_url(pk: int) -> str:
    return reverse("insight:finding-withdraw", args=[pk])


@require_POST
@http.page(decisions.DECIDE)
def dismiss(request: http.Request) -> HttpResponse:
    decision = decisions.dismiss(
        community=request.community,
        cell=request.POST.get("cell", ""),
        reason=request.POST.get("own_reason") or request.POST.get("reason", ""),
        by=request.staff,
        at=request.at,
    )
    text = ngettext(
        "Dismissed. It does not come back for %(n)s day.",
        "Dismissed. It does not come back for %(n)s days.",
        daily.DAYS_AWAY,
    )
    http.flash(request, text % {"n": daily.DAYS_AWAY}, undo=_withdraw_url(decision.pk))
    return http.redirect_back(request, reverse("insight:findings"))


@require_POST
@http.page(decisions.DECIDE)
def act(request: http.Request) -> HttpResponse:
    """Record the action and open the page where it is done."""
    decision = decisions.act(
        community=request.community,
        cell=request.POST.get("cell", ""),
        action=request.POST.get("action", ""),
        by=request.staff,
        at=request.at,
    )
    http.flash(
        request,
        _("Noted. From tomorrow on, the page of findings says what came of it."),
        undo=_withdraw_url(decision.pk),
    )
    finding = decisions.finding_of(decision)
    return http.redirect_back(
        request, presenters.action_url(finding, decision.action, request)
    )


@require_POST
@http.page(decisions.DECIDE)
def withdraw(request: http.Request, pk: int) -> HttpResponse:
    decision = decisions.get(by=request.staff, pk=pk)
    decisions.withdraw(decision=decision, by=request.staff, at=request.at)
    http.flash(request, _("Undone. The finding is open again if it is still there."))
    return http.redirect_back(request, reverse("insight:findings"))


@require_POST
@http.page(decisions.DECIDE)
def count_again(request: http.Request) -> HttpResponse:
    daily.compute(by=request.staff, at=request.at)
    http.flash(request, _("Counted again."))
    return http.redirect_back(request, reverse("insight:findings"))
