"""Expiry of sessions, and response headers that protect signed-in users."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from qunce.console import errors, http
from qunce.core.staff import sessions

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SessionMiddleware:
    """End expired sessions, record that the others are used, and forbid caching."""

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
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if response.get("Content-Type", "").startswith("text/html"):
            # On a shared computer, "back" must not show the previous user's page.
            response.setdefault("Cache-Control", "private, no-store")
        return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain a missing or outdated CSRF token, which changes with each sign-in."""
    return errors.render_error(
        request,
        _(
            "This page was open for too long, or was opened before you signed "
            "in. Reload it."
        ),
        403,
    )
