"""Wraps every API view: language, authentication, rate limit, idempotency, errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from qunce.api import api_key_cache, idempotency, problems, rate_limit
from qunce.api.auth import ApiRequest
from qunce.core import outages
from qunce.core.staff.api_keys import ApiKey

View = Callable[..., HttpResponse]
UNSAFE_METHODS = ("POST", "PUT", "PATCH", "DELETE")


def authenticated(view: View) -> View:
    """Wrap a view that requires an API key. The view gets an ApiRequest."""

    @csrf_exempt
    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        call = cast(ApiRequest, request)
        # The one place where a request reads the clock; everything below is given this
        # time.
        call.at = datetime.now(UTC)
        try:
            key = _find_key(call)
        except Exception as error:
            with translation.override(_language(request, None)):
                return _finish(problems.from_exception(request, error))
        # Errors are in the language of the staff member, so the key is looked up first.
        with translation.override(_language(request, key)):
            if key is None:
                response = problems.problem(
                    401,
                    _(
                        "Send a valid API key in the header “Authorization: Bearer qk_…”."
                    ),
                    kind="unknown-api-key",
                )
                response["WWW-Authenticate"] = 'Bearer realm="qunce"'
                return _finish(response)
            call.key, call.by, call.community = key, key.staff, key.community
            return _finish(_respond(call, lambda: view(call, *args, **kwargs)))

    return wrapper


def public(view: View) -> View:
    """Wrap a view that requires no key, such as the description of the API."""

    # Else a POST would be answered with the page about an outdated form.
    @csrf_exempt
    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with translation.override(_language(request, None)):
            return view(request, *args, **kwargs)

    return wrapper


@csrf_exempt
def not_found(request: HttpRequest) -> HttpResponse:
    return problem(request, 404)


def problem(
    request: HttpRequest, status: int, error: BaseException | None = None
) -> HttpResponse:
    """Return the problem document of an error that no view has answered."""
    with translation.override(_language(request, None)):
        if isinstance(error, Exception) and outages.is_outage(error):
            return _finish(problems.from_exception(request, error))
        kind = "internal-error" if status == 500 else ""
        return _finish(problems.problem(status, kind=kind))


def _find_key(request: ApiRequest) -> ApiKey | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    # PostgreSQL raises an error for NUL in a parameter.
    if scheme.lower() != "bearer" or not token or "\0" in token:
        return None
    return api_key_cache.CACHE.find(token.strip(), request.at)


def _language(request: HttpRequest, key: ApiKey | None) -> str:
    """Return the language of `Accept-Language`, or else that of the key's staff member."""
    if request.headers.get("Accept-Language") or key is None:
        return translation.get_language_from_request(request)
    return key.staff.language


def _respond(request: ApiRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        # First, so that a program in a loop costs as little as possible.
        rate_limit.check(request.key.pk)
        # PostgreSQL would raise an error deep inside a query, which would be a 500.
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise problems.UnreadableRequest(_("Remove the NUL character."))
        idempotency_key = request.headers.get(idempotency.HEADER)
        if idempotency_key is not None and request.method in UNSAFE_METHODS:
            return idempotency.replay_or_run(request, idempotency_key, run)
        return run()
    except rate_limit.RateLimitExceeded as error:
        response = problems.problem(429, str(error), kind="rate-limit-exceeded")
        response["Retry-After"] = str(error.retry_after)
        return response
    except Exception as error:
        # Ninja's own handlers cover the view only, not what the middleware does.
        return problems.from_exception(request, error)


def _finish(response: HttpResponse) -> HttpResponse:
    """Set the headers of every response; replace ninja's empty 405 by a problem."""
    if response.status_code == 405 and not response.get("Content-Type", "").startswith(
        problems.MEDIA_TYPE
    ):
        allowed = response["Allow"]
        response = problems.problem(405)
        response["Allow"] = allowed
    # Responses hold personal data, so that proxies and browsers must not store them.
    response["Cache-Control"] = "no-store"
    response["Content-Language"] = translation.get_language() or "en"
    return response
