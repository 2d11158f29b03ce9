"""A member's own page."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from qunce.members.personal_links import devices
from qunce.portal import http
from qunce.portal.me import presenters
from qunce.portal.me.sections import SECTIONS


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
