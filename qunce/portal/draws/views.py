"""The certificate of a draw, for everybody: nobody has to sign in to verify it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from qunce.activities.draws import certificates, drand, entrants, verifier
from qunce.portal import http
from qunce.portal.draws import actions

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
