"""Settings of member pages, how they are used, and requests for erasure."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.member_pages import presenters
from qunce.console.member_pages.forms import SettingsForm
from qunce.core import errors, permissions
from qunce.members.people import people
from qunce.members.personal_links import erasure_requests, links, portal_settings

DAYS = 28


@require_http_methods(["GET", "POST"])
@http.page(links.MANAGE)
def settings(request: Request) -> HttpResponse:
    row = portal_settings.of(request.community)
    form = SettingsForm(row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            portal_settings.configure(
                community=request.community,
                by=request.staff,
                at=request.at,
                **form.cleaned_data,
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("member_pages:settings"))
    return render_settings(request, form=form)


def render_settings(
    request: Request, *, form: SettingsForm | None = None, error: str = ""
) -> HttpResponse:
    by, at = request.staff, request.at
    row = portal_settings.of(request.community)
    may_erase = permissions.may(by, people.ERASE)
    context = {
        "form": form or SettingsForm(row),
        "error": error,
        "settings": row,
        "address": presenters.address(request),
        "has_address": portal_settings.has_address(),
        "pages": presenters.pages(request, DAYS),
        "days": DAYS,
        "purposes": presenters.list_purposes(request),
        "erasures": presenters.erasures(
            request, erasure_requests.list_open(by=by, at=at)
        )
        if may_erase
        else [],
    }
    status = 422 if error or (form is not None and form.errors) else 200
    template = "console/member_pages/settings.html"
    return http.render(request, template, context, status=status)
