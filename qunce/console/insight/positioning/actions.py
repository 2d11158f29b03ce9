"""Actions on the positioning sheet."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.insight.positioning import sheets


@require_POST
@http.page(sheets.EDIT)
def restore(request: http.Request, version: int) -> HttpResponse:
    found = sheets.get_version(by=request.staff, number=version)
    sheets.restore(version=found, by=request.staff, at=request.at)
    http.flash(request, _("Restored."))
    return http.redirect_back(request, reverse("insight:positioning"))
