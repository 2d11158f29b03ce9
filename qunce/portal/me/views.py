"""A member's own page, and the picture of their card."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from qunce.members.personal_links import devices
from qunce.portal import http
from qunce.portal.me import presenters
from qunce.portal.me.sections import SECTIONS
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung


@require_safe
@http.page()
def me(request: http.Request) -> HttpResponse:
    visitor = request.visitor
    own = visitor.signed_in
    context = {
        "name": presenters.name_of(visitor),
        "sections": SECTIONS.load(visitor, request.at, public=False),
        "devices": devices.list_of_person(own, at=request.at) if own else [],
    }
    return http.render(request, "portal/me.html", context)


@require_safe
@http.page()
def card_page(request: http.Request) -> HttpResponse:
    rungs.require(request.visitor, Rung.CHANNEL)
    return http.render(request, "portal/card.html")


@require_safe
@http.page()
def card(request: http.Request) -> HttpResponse:
    """The card of the member as a picture, which chat apps can save and read."""
    account = rungs.require(request.visitor, Rung.CHANNEL)
    content = presenters.draw_card(
        request.visitor, account, root=request.build_absolute_uri("/").rstrip("/")
    )
    response = HttpResponse(content, content_type="image/png")
    response["Cache-Control"] = "private, max-age=300"
    return response
