"""Print a report on demand."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.insight.reports.forms import PeriodForm
from qunce.insight.reports import reports


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
