"""The certificate of a draw, which everybody can verify, and the pictures of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qunce.activities.draws import certificates, drand, entrants, verifier
from qunce.activities.draws.models import Draw, Ticket
from qunce.core.pictures.pictures import Picture
from qunce.portal import http, member_pictures
from qunce.portal.draws import actions, presenters
from qunce.portal.me import presenters as me

MAX_NUMBER = 64


@require_safe
@http.page()
def certificate(request: http.Request, public_id: str) -> HttpResponse:
    """What was published, the list, the values, the winners and how to verify them."""
    draw = actions.get(request.visitor, public_id)
    number = request.GET.get("number", "")[:MAX_NUMBER]
    context = {
        "draw": draw,
        "activity": draw.activity,
        "terms": json.loads(draw.terms),
        "sentences": certificates.sentences(draw),
        "removed": [
            (entrants.removal_label(reason), count)
            for reason, count in draw.removed.items()
        ],
        "winners": certificates.list_winners(draw) if draw.value else [],
        "is_final": certificates.is_final(draw),
        "round_due_at": drand.due_at(draw.drand_round) if draw.drand_round else None,
        "own": actions.own_tickets(request.visitor, draw),
        "number": number,
        "found": actions.find_in_list(draw, number) if number else None,
        "javascript": read_script() if draw.value else "",
        "python": Path(verifier.__file__).read_text() if draw.value else "",
    }
    return http.render(request, "portal/draws/certificate.html", context)


@cache
def read_script() -> str:
    """The verifier in JavaScript, which the page shows and runs."""
    path = finders.find("portal/verify_draw.js")
    return Path(str(path)).read_text() if path else ""


@require_safe
@http.page()
def certificate_file(request: http.Request, public_id: str) -> HttpResponse:
    """The certificate as the file that everybody can verify."""
    draw = actions.get(request.visitor, public_id)
    response = HttpResponse(
        certificates.to_text(draw), content_type="application/json; charset=utf-8"
    )
    name = f"draw-{draw.activity.public_id}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@http.page()
def ticket_page(request: http.Request, public_id: str) -> HttpResponse:
    """The visitor's own tickets as pictures, with a personal link or signed in."""
    draw = actions.get(request.visitor, public_id)
    return member_pictures.render_page(
        request,
        title=_("My ticket"),
        hint=_("Press and hold to save it. Its code opens the page that verifies it."),
        file=_url(request, "ticket-picture", public_id),
        shown=[
            (_ticket(request, draw, row), {"number": row.number})
            for row in actions.require_tickets(request.visitor, draw)
        ],
        back=_url(request, "activity", public_id),
    )


@require_safe
@http.page()
def ticket(request: http.Request, public_id: str) -> HttpResponse:
    draw = actions.get(request.visitor, public_id)
    number = request.GET.get("number", "")[:MAX_NUMBER]
    row = actions.require_ticket(request.visitor, draw, number)
    return member_pictures.respond(_ticket(request, draw, row))


def _ticket(request: http.Request, draw: Draw, row: Ticket) -> Picture:
    path = f"draws/{draw.activity.public_id}/certificate?number={row.number}"
    return presenters.ticket(
        draw,
        row,
        name=me.masked_name_of(row.account_id),
        address=member_pictures.address(request, path),
    )


@require_safe
@http.page()
def winners_page(request: http.Request, public_id: str) -> HttpResponse:
    """The winners as a picture, for everybody."""
    return member_pictures.render_page(
        request,
        title=_("Winners"),
        hint=_("Press and hold to save it or pass it on. Names are shortened."),
        file=_url(request, "winners-picture", public_id),
        shown=[(_winners(request, public_id), {})],
        back=_url(request, "activity", public_id),
    )


@require_safe
@http.page()
def winners(request: http.Request, public_id: str) -> HttpResponse:
    return member_pictures.respond(_winners(request, public_id))


def _winners(request: http.Request, public_id: str) -> Picture:
    draw = actions.get_drawn(request.visitor, public_id)
    path = f"draws/{public_id}/certificate"
    return presenters.winners(draw, address=member_pictures.address(request, path))


def _url(request: http.Request, name: str, public_id: str) -> str:
    return reverse(f"portal:{name}", args=[request.place, public_id])
