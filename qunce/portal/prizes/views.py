"""The page of a prize: what it is, how far it is, and claiming it."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from qunce.activities.prizes import claims
from qunce.activities.prizes.addresses import Address, InvalidAddress
from qunce.activities.prizes.claims import AddressNeeded, CannotClaim
from qunce.activities.prizes.kinds import base
from qunce.portal import http
from qunce.portal.prizes import actions

FIELDS = ("recipient", "phone", "address")
MAX_FIELD = 300


@require_safe
@http.page()
def prize(request: http.Request, public_id: str) -> HttpResponse:
    return _render(request, public_id)


def _render(
    request: http.Request,
    public_id: str,
    problem: str = "",
    typed: dict[str, str] | None = None,
) -> HttpResponse:
    award = actions.get(request.visitor, public_id)
    context = {
        "award": award,
        "kind": base.get(award.stock.kind),
        "may_claim": claims.may_claim(award, request.at),
        "code": actions.code_of(request.visitor, award),
        "problem": problem,
        "typed": typed or dict.fromkeys(FIELDS, ""),
    }
    status = 422 if problem else 200
    return http.render(request, "portal/prizes/prize.html", context, status=status)


@require_POST
@http.page()
def claim(request: http.Request, public_id: str) -> HttpResponse:
    """Claim it, and go back to its page, which shows what happens next."""
    award = actions.get(request.visitor, public_id)
    typed = {name: request.POST.get(name, "")[:MAX_FIELD] for name in FIELDS}
    needs_address = base.get(award.stock.kind).needs_address
    try:
        actions.claim(
            visitor=request.visitor,
            public_id=public_id,
            address=Address(**typed) if needs_address else None,
            at=request.at,
        )
    except (CannotClaim, AddressNeeded, InvalidAddress) as error:
        return _render(request, public_id, str(error), typed)
    url = reverse("portal:prize", args=[request.place, public_id])
    return http.redirect(url)
