"""Actions on styles of service."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.outreach.service_styles import styles


@require_POST
@http.page(styles.MANAGE)
def create_usual(request: http.Request) -> HttpResponse:
    styles.create_usual(community=request.community, by=request.staff, at=request.at)
    http.flash(request, _("The three usual styles were created. Set who has which."))
    return http.redirect_back(request, reverse("service_styles:list"))


@require_POST
@http.page(styles.MANAGE)
def delete(request: http.Request, pk: int) -> HttpResponse:
    style = styles.get(by=request.staff, pk=pk)
    styles.delete(style=style, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” was deleted.") % {"name": style})
    return http.redirect_back(request, reverse("service_styles:list"))
