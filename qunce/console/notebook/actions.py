"""Actions on an entry of the notebook."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.insight.notebook import notebook


@require_POST
@http.page(notebook.EDIT)
def archive(request: http.Request, pk: int) -> HttpResponse:
    entry = notebook.get(by=request.staff, pk=pk)
    notebook.archive(entry=entry, by=request.staff, at=request.at)
    http.flash(request, _("Archived."), undo=reverse("notebook:restore", args=[pk]))
    return http.redirect_back(request, reverse("notebook:list"))


@require_POST
@http.page(notebook.EDIT)
def restore(request: http.Request, pk: int) -> HttpResponse:
    entry = notebook.get(by=request.staff, pk=pk)
    notebook.restore(entry=entry, by=request.staff, at=request.at)
    http.flash(request, _("The entry is back."))
    return http.redirect_back(request, reverse("notebook:list"))
