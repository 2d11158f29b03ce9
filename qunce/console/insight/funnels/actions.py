"""Actions on funnels: archive and restore."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.insight.funnels import funnels


@require_POST
@http.page(funnels.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    funnel = funnels.get(by=request.staff, pk=pk)
    funnels.archive(funnel=funnel, by=request.staff, at=request.at)
    undo = reverse("insight:funnel-restore", args=[pk])
    http.flash(request, _("Archived."), undo=undo)
    return http.redirect_back(request, reverse("insight:funnels"))


@require_POST
@http.page(funnels.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    funnel = funnels.get(by=request.staff, pk=pk)
    funnels.restore(funnel=funnel, by=request.staff, at=request.at)
    http.flash(request, _("Restored."))
    return http.redirect_back(request, reverse("insight:funnel", args=[pk]))
