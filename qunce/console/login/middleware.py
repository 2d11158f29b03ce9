"""What every answer to a signed-in reader goes through."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from qunce.console import errors, http
from qunce.core.staff import sessions

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SessionMiddleware:
    """Sessions end after a week, are seen every few minutes, and pages are not kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        at = http.now()
        request.at = at  # type: ignore[attr-defined]
        if request.session.get(sessions.INFO):
            if sessions.is_expired(request.session, at):
                auth.logout(request)
            else:
                sessions.touch(request.session, at)
        answer = self.get_response(request)
        answer.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if answer.get("Content-Type", "").startswith("text/html"):
            # The next person at a shared computer does not get it by "back".
            answer.setdefault("Cache-Control", "private, no-store")
        return answer


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the right token: of another site, or of before the last sign-in."""
    return errors.render_error(
        request,
        _(
            "This page was open for too long, or was opened before you signed "
            "in. Reload it."
        ),
        403,
    )
