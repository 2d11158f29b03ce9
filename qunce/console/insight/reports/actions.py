"""Print a report on demand, and set the subscribers."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.insight.reports.forms import PeriodForm, SubscribersForm
from qunce.insight.reports import reports, subscribers


@require_POST
@http.page(reports.CREATE)
def create(request: http.Request) -> HttpResponse:
    report = reports.create(
        community=request.community,
        **PeriodForm(request.POST).period(),
        by=request.staff,
        at=request.at,
    )
    return http.redirect_back(request, reverse("insight:report", args=[report.pk]))


@require_POST
@http.page(subscribers.MANAGE)
def set_subscribers(request: http.Request, kind: str) -> HttpResponse:
    choices = subscribers.list_choices(by=request.staff)
    subscribers.set_subscribers(
        community=request.community,
        kind=kind,
        **SubscribersForm(request.POST, choices=choices, prefix=kind).chosen(),
        by=request.staff,
        at=request.at,
    )
    http.flash(request, _("Saved. They get each new report from now on."))
    return http.redirect_back(request, reverse("insight:report-settings"))
