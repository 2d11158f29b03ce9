"""Paying a reservation, which is shown on the page of the flash sale."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from qunce.portal import http
from qunce.portal.flash_sales import actions


@require_POST
@http.page()
def confirm(request: http.Request, public_id: str) -> HttpResponse:
    """Confirm it, and go back to the page, which shows that it is theirs."""
    activity = actions.confirm(
        visitor=request.visitor, public_id=public_id, at=request.at
    )
    url = reverse("portal:activity", args=[request.place, activity.public_id])
    return http.redirect(url)
