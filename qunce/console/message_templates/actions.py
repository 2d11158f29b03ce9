"""Actions on message templates."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.outreach.content import files, message_templates


@require_POST
@http.page(files.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    template = message_templates.get(by=request.staff, pk=pk)
    message_templates.archive(template=template, by=request.staff, at=request.at)
    http.flash(
        request,
        _("“%(name)s” is archived. Campaigns keep their texts.") % {"name": template},
        undo=reverse("message_templates:restore", args=[pk]),
    )
    return http.redirect_back(request, reverse("message_templates:list"))


@require_POST
@http.page(files.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    template = message_templates.get(by=request.staff, pk=pk)
    message_templates.restore(template=template, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” can be used again.") % {"name": template})
    return http.redirect_back(request, reverse("message_templates:detail", args=[pk]))
