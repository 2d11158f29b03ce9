"""Actions on member pages: revoking links, and answering requests for erasure."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.member_pages import views
from qunce.core import errors
from qunce.members.people import people
from qunce.members.personal_links import erasure_requests, links


def _back(request: Request) -> HttpResponse:
    return http.redirect_back(request, reverse("member_pages:settings"))


@require_POST
@http.page(links.MANAGE)
def revoke_purpose(request: Request) -> HttpResponse:
    try:
        links.revoke_purpose(
            community=request.community,
            purpose=request.POST.get("purpose", ""),
            by=request.staff,
            at=request.at,
        )
    except errors.Invalid as error:
        return views.render_settings(request, error=str(error))
    http.flash(request, _("All links for it are revoked."))
    return _back(request)


@require_POST
@http.page(people.ERASE)
def carry_out(request: Request, pk: int) -> HttpResponse:
    erasure_requests.carry_out(pk=pk, by=request.staff, at=request.at)
    http.flash(request, _("Erased."))
    return _back(request)


@require_POST
@http.page(people.ERASE)
def decline(request: Request, pk: int) -> HttpResponse:
    try:
        erasure_requests.decline(
            pk=pk,
            answer=request.POST.get("answer", ""),
            by=request.staff,
            at=request.at,
        )
    except errors.Invalid as error:
        return views.render_settings(request, error=str(error))
    http.flash(request, _("Declined. They read the reason on their page."))
    return _back(request)
