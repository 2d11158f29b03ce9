"""The pages by which members verify instant draws and red packets."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from qunce.activities.instant_draws import odds, proofs, seeds, verifier
from qunce.activities.kinds import instant_draw
from qunce.activities.red_packets import red_packets
from qunce.portal import http
from qunce.portal.instant_draws import actions

MAX_NAME = 40


@require_safe
@http.page()
def terms(request: http.Request, public_id: str) -> HttpResponse:
    """What was published of an instant draw, whose hash the page shows."""
    draw = actions.get(request.visitor, public_id)
    return _file(draw.terms, f"instant-draw-{public_id}")


@require_safe
@http.page()
def ticket(request: http.Request, public_id: str, name: str) -> HttpResponse:
    """The visitor's own ticket, with what verifies it once its day is over."""
    draw = actions.get(request.visitor, public_id)
    row = actions.require_ticket(request.visitor, draw, name[:MAX_NAME])
    seed = seeds.find_revealed(draw, row.day)
    context = {
        "activity": draw.activity,
        "ticket": row,
        "name": instant_draw.name_of(row),
        "text": instant_draw.outcome_text(row),
        "holder": odds.holder_of(public_id, row.account_id),
        "roll": f"{row.roll:,}",
        "seed": seed,
        "seed_hash": seeds.find_hash(draw, row.day),
        "terms_hash": draw.terms_hash,
        "javascript": read_script() if seed else "",
        "python": Path(verifier.__file__).read_text() if seed else "",
    }
    return http.render(request, "portal/instant_draws/ticket.html", context)


@cache
def read_script() -> str:
    """The verifier in JavaScript, which the page shows and runs."""
    path = finders.find("portal/verify_ticket.js")
    return Path(str(path)).read_text() if path else ""


@require_safe
@http.page()
def ticket_file(request: http.Request, public_id: str, name: str) -> HttpResponse:
    """The visitor's own ticket as the file that everybody can verify."""
    draw = actions.get(request.visitor, public_id)
    row = actions.require_ticket(request.visitor, draw, name[:MAX_NAME])
    return _file(proofs.to_text(row), f"instant-draw-{public_id}-{row.number}")


@require_safe
@http.page()
def packet_file(request: http.Request, public_id: str, n: int) -> HttpResponse:
    """The shares of a red packet that is over, as a file that everybody can verify."""
    packet = actions.get_packet(request.visitor, public_id, n)
    return _file(red_packets.to_text(packet), f"red-packet-{public_id}-{n}")


def _file(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response
