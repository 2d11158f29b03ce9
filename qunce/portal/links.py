"""Short addresses of tracked links: members are sent on to where a link leads."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qunce.outreach.links import clicks, tracked_links

COOKIE = "qunce_visitor"
COOKIE_AGE = timedelta(days=365)
PURPOSE_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    browser = request.COOKIES.get(COOKIE, "")[:64] or secrets.token_urlsafe(16)
    purposes = [request.headers.get(name, "") for name in PURPOSE_HEADERS]
    opened = clicks.Request(
        token=token,
        browser=browser,
        method=request.method or "",
        agent=request.headers.get("User-Agent", ""),
        purpose=" ".join(purposes),
        is_by_staff=request.user.is_authenticated,
    )
    response = HttpResponse(status=302)
    response["Location"] = clicks.open_link(opened, at=_time_of(request))
    # The next one who opens the address has to be counted, too, and the site behind it
    # does not learn which message it was.
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    response.set_cookie(
        COOKIE,
        browser,
        max_age=COOKIE_AGE,
        path=tracked_links.PATH,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


def _time_of(request: Any) -> datetime:
    """The time that the middleware has read from the clock."""
    at: datetime = request.at
    return at
