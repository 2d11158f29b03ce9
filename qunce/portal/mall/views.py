"""Undoing a redemption, which is shown on the page of the mall."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from qunce.portal import http
from qunce.portal.mall import actions


@require_POST
@http.page()
def undo(request: http.Request, public_id: str) -> HttpResponse:
    """Undo it, and go back to the page, which shows the points again."""
    activity = actions.undo(visitor=request.visitor, public_id=public_id, at=request.at)
    url = reverse("portal:activity", args=[request.place, activity.public_id])
    return http.redirect(f"{url}#redeemed")
