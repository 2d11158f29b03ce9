"""Signing in with the sign-in service of the organisation."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.login import login_flow, provider, views
from qunce.core import errors
from qunce.core.staff import provider_accounts

NEXT_URL = "provider_next_url"
"""Key of the session: the page that was requested."""


@require_GET
@never_cache
@http.public
def begin(request: Any) -> HttpResponse:
    if not provider.is_configured():
        raise Http404
    next_url = login_flow.safe_redirect_url(request, request.GET.get("next") or "/")
    try:
        response = provider.redirect(request)
    except errors.QunceError as error:
        return views.render_failed_sign_in(request, error)
    request.session[NEXT_URL] = next_url
    return response


@require_GET
@never_cache
@http.public
def finish(request: Any) -> HttpResponse:
    """The address to which the service sends people back."""
    if not provider.is_configured():
        raise Http404
    next_url = str(request.session.get(NEXT_URL, "/"))
    try:
        answer = provider.read_answer(request)
        claims = provider.parse_claims(answer)
        staff = provider_accounts.sign_in(claims, at=request.at)
    except errors.QunceError as error:
        return views.render_failed_sign_in(request, error)
    login_flow.start(
        request,
        staff,
        next_url=next_url,
        at=request.at,
        provider=True,
        second_factor=provider.has_second_factor(answer),
    )
    return views.continue_login(request, staff)
