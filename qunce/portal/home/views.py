"""The page of a community, how pages are shown, and the beacon of page views."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qunce.members.personal_links import purposes
from qunce.portal import http
from qunce.portal.home import actions
from qunce.portal.home.sections import SECTIONS
from qunce.portal.me import presenters
from qunce.portal.visitors import displays


@require_safe
@http.page()
def home(request: http.Request) -> HttpResponse:
    context = {
        "sections": SECTIONS.load(request.visitor, request.at, public=True),
        "name": presenters.name_of(request.visitor),
    }
    page = purposes.of(purposes.HOME)
    return http.render(request, "portal/home.html", context, page=page)


@require_POST
@http.page(is_limited=False)
def display(request: http.Request) -> HttpResponse:
    """Store how the visitor wants to see pages, in a cookie of their browser only."""
    chosen = request.display
    language, theme, size = (
        request.POST.get(name, "") for name in ("language", "theme", "size")
    )
    if language in displays.LANGUAGES:
        chosen = replace(chosen, language=language)
    if theme in displays.THEMES:
        chosen = replace(chosen, theme=theme)
    if size in displays.SIZES:
        chosen = replace(chosen, size=size)
    response = http.redirect(http.local_path(request, request.POST.get("next", "")))
    displays.store(request, response, chosen)
    return response


@require_POST
@http.page(is_limited=False)
def seen(request: http.Request) -> HttpResponse:
    """Take the beacon of a page: a view, or the seconds that it was visible."""
    page = request.POST.get("page", "")[:60]
    proof = http.page_proof(request.community, page)
    if not constant_time_compare(request.POST.get("proof", ""), proof):
        raise http.PageNotFound(_("There is no such page."))
    actions.record_view(
        visitor=request.visitor,
        page=page,
        seconds=request.POST.get("seconds", "")[:6],
        reference=request.POST.get("from", "")[:80],
        agent=request.headers.get("User-Agent", ""),
        is_first=request.POST.get("first") == "1",
        address=http.address_of(request),
        at=request.at,
    )
    return HttpResponse(status=204)


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, which has to be where the pages are."""
    path = finders.find("portal/worker.js")
    if path is None:
        raise http.PageNotFound(_("There is no such page."))
    with Path(path).open() as file:
        response = HttpResponse(file.read(), content_type="text/javascript")
    response["Cache-Control"] = "max-age=3600"
    return response


setattr(worker, http.ACCESS_ATTRIBUTE, "member page")
