"""Every call comes in here: language, key, pace, once, and errors as problems."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from qunce.api import idempotency, key_cache, problems, rate_limit
from qunce.api.auth import ApiRequest
from qunce.core.staff.api_keys import ApiKey

View = Callable[..., HttpResponse]
UNSAFE_METHODS = ("POST", "PUT", "PATCH", "DELETE")


def authenticated(view: View) -> View:
    """For who bears a key."""

    @csrf_exempt
    @functools.wraps(view)
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        call = cast(ApiRequest, request)
        call.at = datetime.now(UTC)
        key = _key(call)
        with translation.override(_language(request, key)):
            if key is None:
                return _closed(_unknown())
            call.key, call.by, call.community = key, key.staff, key.community
            return _closed(_answer(call, lambda: view(call, *args, **kwargs)))

    return entered


def public(view: View) -> View:
    """For the description of the API, which says nothing about anybody."""

    @functools.wraps(view)
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with translation.override(_language(request, None)):
            return view(request, *args, **kwargs)

    return entered


def not_found(request: HttpRequest) -> HttpResponse:
    with translation.override(_language(request, None)):
        return problems.problem(404)


def _key(call: ApiRequest) -> ApiKey | None:
    scheme, _space, token = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or "\0" in token:
        return None
    return key_cache.CACHE.find(token.strip(), call.at)


def _language(request: HttpRequest, key: ApiKey | None) -> str:
    """What the caller asks for, else what the key's operator reads."""
    if request.headers.get("Accept-Language") or key is None:
        return translation.get_language_from_request(request)
    return key.staff.language


def _unknown() -> HttpResponse:
    said = _("Send a valid API key in the header “Authorization: Bearer qk_…”.")
    answer = problems.problem(401, said, kind="unknown-key")
    answer["WWW-Authenticate"] = 'Bearer realm="qunce"'
    return answer


def _answer(call: ApiRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        rate_limit.check(call.key.pk)
        if "%00" in call.META.get("QUERY_STRING", ""):
            raise problems.UnreadableRequest(_("Remove the NUL character."))
        asked = call.headers.get(idempotency.HEADER)
        if asked is not None and call.method in UNSAFE_METHODS:
            return idempotency.replay_or_run(call, asked, act)
        return act()
    except rate_limit.RateLimitExceeded as error:
        answer = problems.problem(429, str(error), kind="too-many")
        answer["Retry-After"] = str(error.wait)
        return answer
    except Exception as error:
        return problems.from_exception(call, error)


def _closed(answer: HttpResponse) -> HttpResponse:
    """What ninja answers without a word gets one; nothing is to be kept on the way."""
    if answer.status_code == 405 and not answer.get("Content-Type", "").startswith(
        problems.MEDIA_TYPE
    ):
        allowed = answer["Allow"]
        answer = problems.problem(405)
        answer["Allow"] = allowed
    answer["Cache-Control"] = "no-store"
    answer["Content-Language"] = translation.get_language() or "en"
    return answer
