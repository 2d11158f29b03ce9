"""A member's own page, and the picture of their card."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qunce.core.pictures.pictures import Picture
from qunce.members.personal_links import tokens
from qunce.portal import http, member_pictures
from qunce.portal.me import presenters
from qunce.portal.me.sections import CARD_ROWS, SECTIONS
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
        "devices": presenters.list_devices(own, at=request.at) if own else [],
    }
    return http.render(request, "portal/me.html", context)


@require_safe
@http.page()
def card_page(request: http.Request) -> HttpResponse:
    return member_pictures.render_page(
        request,
        title=_("My card"),
        hint=_("Press and hold to save it or pass it on. It has your name."),
        file=reverse("portal:card-picture", args=[request.place]),
        shown=[(_card(request), {})],
        back=reverse("portal:me", args=[request.place]),
    )


@require_safe
@http.page()
def card(request: http.Request) -> HttpResponse:
    """The card of the member as a picture, which chat apps can save and read."""
    return member_pictures.respond(_card(request))


def _card(request: http.Request) -> Picture:
    """The card of the member; its code opens the page of the community."""
    account = rungs.require(request.visitor, Rung.CHANNEL)
    path = f"?from={tokens.reference_of(account)}"
    address = member_pictures.address(request, path)
    rows = [row for load in CARD_ROWS for row in load(account, request.at)]
    return presenters.card(request.visitor, account, address=address, rows=rows)
