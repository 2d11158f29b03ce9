"""Entering by a link or QR code that a manager has made."""

from __future__ import annotations

from typing import Any

from django.contrib import auth
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from qunce.console import http, limited_sessions
from qunce.console.login import login_flow
from qunce.core import errors
from qunce.core.staff import entry_links, sessions

PAGE = "console/login/enter.html"


@require_http_methods(["GET", "POST"])
@never_cache
@http.public
def enter(request: Any, token: str) -> HttpResponse:
    """Ask before anything else, as chat apps request links for their previews."""
    try:
        link = entry_links.get_by_token(token)
        if request.session.get(limited_sessions.KEY) == link.pk:
            return redirect(limited_sessions.home(link))
        translation.activate(link.staff.language)
        request.LANGUAGE_CODE = link.staff.language
        if request.method == "GET":
            entry_links.check_open(link, request.at)
            return http.render(request, PAGE, {"link": link})
        address = login_flow.client_address(request)
        entry_links.use(link=link, address=address, at=request.at)
    except errors.QunceError as error:
        status = 404 if isinstance(error, errors.NotFound) else 410
        return http.render(request, PAGE, {"error": str(error)}, status=status)
    request.session.flush()
    auth.login(request, link.staff, backend=login_flow.BACKEND)
    agent = request.headers.get("User-Agent", "")
    sessions.start(request.session, address=address, agent=agent, at=request.at)
    limited_sessions.begin(request, link)
    response = redirect(limited_sessions.home(link))
    response.status_code = 303
    return response
