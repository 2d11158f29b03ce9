"""Error pages, in the user's language."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qunce.core import errors, outages, permissions
from qunce.core.facts import audit
from qunce.core.staff.models import Staff

log = logging.getLogger(__name__)

ACTION_DENIED = audit.declare("staff.refused", _("staff action denied"))
STATUS_BY_ERROR: tuple[tuple[type[Exception], int], ...] = (
    (errors.NotFound, 404),
    (errors.Refused, 403),
    (errors.Invalid, 422),
)


class ErrorPageMiddleware:
    """Turn a QunceError into a page with its sentence and the matching status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        if isinstance(error, permissions.NotAllowed) and request.method == "POST":
            match, user = request.resolver_match, request.user
            if isinstance(user, Staff):
                audit.log(
                    kind=ACTION_DENIED,
                    community=user.community,
                    by=user,
                    at=request.at,  # type: ignore[attr-defined]
                    detail={"page": match.view_name if match else ""},
                )
        if outages.is_outage(error):
            return unavailable(request, error)
        for error_class, status in STATUS_BY_ERROR:
            if isinstance(error, error_class):
                return render_error(request, _sentence_of(error), status)
        return None


def _sentence_of(error: Exception) -> str:
    if isinstance(error, permissions.PermissionMissing):
        label = permissions.label_of(error.permission)
        return gettext("Your role does not allow this: %(permission)s.") % {
            "permission": label
        }
    return str(error)


def render_error(request: HttpRequest, text: str, status: int) -> HttpResponse:
    """Render the error as a page, or as a notice alone for a request of htmx."""
    is_part = bool(getattr(request, "htmx", False))
    template = "console/parts/error.html" if is_part else "console/error.html"
    return render(request, template, {"text": text, "status": status}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_error(request, "", 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render_error(request, "", 403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "console/500.html", {"status": 400}, status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Render a page that needs neither the database nor the session."""
    error = sys.exc_info()[1]
    if isinstance(error, Exception) and outages.is_outage(error):
        return unavailable(request, error)
    return render(request, "console/500.html", {"status": 500}, status=500)


def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """Say that the request can be sent again in a moment."""
    log.warning("%s %s: %s", request.method, request.path, type(error).__name__)
    text = outages.sentence(error)
    is_part = bool(getattr(request, "htmx", False))
    template = "console/parts/error.html" if is_part else "console/500.html"
    context = {"text": text, "status": 503}
    # Rendered without the processors of context, which would ask the database again.
    response = HttpResponse(render_to_string(template, context), status=503)
    response["Retry-After"] = str(outages.RETRY_SECONDS)
    return response
