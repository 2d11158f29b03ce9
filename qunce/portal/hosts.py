"""Member pages on a domain of their own: nothing else answers there, nor they elsewhere.

Cookies belong to a host, so that none is shared with the console then.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from qunce.portal import http

MEMBER_PATHS = ("/p/", "/l/")
SHARED_PATHS = ("/static/", "/healthz")


class PortalHostMiddleware:
    """Answer 404 for what belongs to the other host, if members have one of their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        host = urlsplit(settings.PORTAL_URL).netloc.lower()
        if not host or host == urlsplit(settings.PUBLIC_URL).netloc.lower():
            return self.get_response(request)
        is_theirs = request.get_host().lower() == host
        if request.path.startswith("/p/") and not is_theirs:
            return http.not_found(request)
        if is_theirs and not request.path.startswith((*MEMBER_PATHS, *SHARED_PATHS)):
            return http.not_found(request)
        return self.get_response(request)
