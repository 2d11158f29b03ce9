"""How a page of the console begins and ends: who asks, when, and what comes back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.shortcuts import render as to_html
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


class Request(HttpRequest):
    """A request of somebody who is signed in; `at` is the only clock of a page."""

    staff: Staff
    community: Community
    at: datetime
    htmx: HtmxDetails


class View(Protocol):
    def __call__(
        self, request: Request, /, *args: Any, **kwargs: Any
    ) -> HttpResponseBase: ...


ACCESS_ATTRIBUTE = "qunce_entry"
"""What a view carries once it has gone through here; a test looks for it."""


def now() -> datetime:
    """The console's clock, which the middleware reads once per request."""
    return datetime.now(UTC)


def page(permission: str | None = None) -> Callable[[View], View]:
    """For who is signed in, with the second factor done, and may do this."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def entered(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refused = _refuse(request)
            if refused is not None:
                return refused
            _bind_request(request)
            if permission is not None:
                permissions.check_may(request.staff, permission)
            with timezone.override(ZoneInfo(request.community.timezone)):
                return view(request, *args, **kwargs)

        setattr(entered, ACCESS_ATTRIBUTE, permission or "signed in")
        return entered

    return wrap


def public(view: View) -> View:
    """One of the few pages that ask for no sign-in."""

    @functools.wraps(view)
    def entered(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    setattr(entered, ACCESS_ATTRIBUTE, "public")
    return entered


def _refuse(request: HttpRequest) -> HttpResponseBase | None:
    user = request.user
    if isinstance(user, Staff) and user.is_active and is_verified(request):
        return None
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(str(settings.LOGIN_REDIRECT_URL))
    return redirect_to_login(request.get_full_path())


def is_verified(request: HttpRequest) -> bool:
    """Whether who is signed in owes no second factor."""
    from django_otp import user_has_device

    user: Any = request.user
    return bool(user.is_verified()) or not (
        user.community.two_factor_required or user_has_device(user)
    )


def _bind_request(request: Request) -> None:
    staff = request.user
    if not isinstance(staff, Staff):  # told apart before
        raise permissions.NotAllowed
    request.staff, request.community = staff, staff.community
    translation.activate(staff.language)
    request.LANGUAGE_CODE = staff.language


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    part: str | None = None,
    area: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, or for htmx the `part` of it alone; `area` chooses the tabs."""
    htmx: Any = getattr(request, "htmx", None)
    # Going back asks through htmx too, but for the whole page.
    whole = not htmx or htmx.boosted or htmx.history_restore_request
    alone = part is not None and not whole
    answer = to_html(
        request,
        part if alone and part else template,
        {"area": area, **(context or {})},
        status=status,
    )
    if part is not None:
        answer["Vary"] = "HX-Request"
    return answer


def flash(
    request: HttpRequest, text: str, *, undo: str | None = None, level: str = "good"
) -> None:
    """A word on the next page; `undo` is where a form is posted that takes it back."""
    messages.info(request, text, extra_tags=f"{level} {undo or ''}".strip())


def redirect_back(request: HttpRequest, url: str) -> HttpResponse:
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    answer = redirect(url)
    answer.status_code = 303
    return answer
