"""Decorators for the console's views, and the responses that they share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from qunce.console import limited_sessions
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff import sessions
from qunce.core.staff.models import Staff


class Request(HttpRequest):
    """A request of a signed-in user. `at` is the only clock that a view may use."""

    staff: Staff
    community: Community
    at: datetime
    htmx: HtmxDetails


class View(Protocol):
    def __call__(
        self, request: Request, /, *args: Any, **kwargs: Any
    ) -> HttpResponseBase: ...


ACCESS_ATTRIBUTE = "qunce_access"
"""Set on each decorated view. A test checks that no view of a URL lacks it."""


def now() -> datetime:
    """Return the current time. Only the middleware calls this, once per request."""
    return datetime.now(UTC)


def page(permission: str | None = None) -> Callable[[View], View]:
    """Require a signed-in user with two-factor done, and with `permission` if given."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapper(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refusal = _refuse(request)
            if refusal is not None:
                return refusal
            staff = request.user
            # For the type checker: `_refuse` has checked it.
            if not isinstance(staff, Staff):
                raise permissions.NotAllowed
            other_page = limited_sessions.apply(request, staff, request.at)
            if other_page is not None:
                return other_page
            request.staff, request.community = staff, staff.community
            translation.activate(staff.language)
            request.LANGUAGE_CODE = staff.language
            if permission is not None:
                permissions.check_may(request.staff, permission)
            _drop_nul(request)
            with timezone.override(ZoneInfo(request.community.timezone)):
                return view(request, *args, **kwargs)

        setattr(wrapper, ACCESS_ATTRIBUTE, permission or "signed in")
        return wrapper

    return decorate


def _drop_nul(request: Any) -> None:
    """Drop NUL from the query, as PostgreSQL would refuse it deep inside of its own.

    Raises Invalid for one in the path.
    """
    if "\0" in request.path_info:
        raise errors.Invalid(_("Remove the NUL character."))
    query = request.META.get("QUERY_STRING", "")
    if "%00" in query:
        request.GET = QueryDict(query.replace("%00", ""))


def public(view: View) -> View:
    """Mark one of the few views that need no sign-in."""

    @functools.wraps(view)
    def wrapper(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    setattr(wrapper, ACCESS_ATTRIBUTE, "public")
    return wrapper


def _refuse(request: HttpRequest) -> HttpResponseBase | None:
    """Return the redirect to the sign-in page, or None if the user may go on."""
    user = request.user
    if isinstance(user, Staff) and user.is_active and is_verified(request):
        return None
    if getattr(request, "htmx", False):
        # htmx would put the sign-in form into the element it wanted to replace.
        return HttpResponseClientRedirect(str(settings.LOGIN_REDIRECT_URL))
    return redirect_to_login(request.get_full_path())


def is_verified(request: HttpRequest) -> bool:
    """Whether the signed-in user has passed two-factor, or does not need it."""
    from django_otp import user_has_device

    user: Any = request.user
    # Who made the link has vouched for them, and the rights are cut.
    if limited_sessions.is_limited(request):
        return True
    if request.session.get(sessions.SECOND_FACTOR_KEY):
        return True
    return bool(user.is_verified()) or not (
        user.community.two_factor_required or user_has_device(user)
    )


def render(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    part: str | None = None,
    area: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the page, or only the template `part` of it for a request of htmx.

    `area` selects the tabs.
    """
    response = render_template(
        request,
        part if part and is_partial(request) else template,
        {"area": area, **(context or {})},
        status=status,
    )
    if part is not None:
        response["Vary"] = "HX-Request"
    return response


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page."""
    htmx: Any = getattr(request, "htmx", None)
    # Restoring a page of the history is a request of htmx too, but for the whole page.
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def shown_digest(request: HttpRequest) -> str:
    """Return the digest of what the page showed; the button of an undo has it in its URL."""
    return request.POST.get("digest") or request.GET.get("digest", "")


def flash(
    request: HttpRequest, text: str, *, undo: str | None = None, level: str = "good"
) -> None:
    """Show a message on the next page. `undo` is the URL that its button posts to."""
    messages.info(request, text, extra_tags=f"{level} {undo or ''}".strip())


def flash_outcome(request: HttpRequest, verb: Callable[[], str]) -> None:
    """Call a verb, and show the text that it returns or the reason why it was refused.

    What is not found is raised, as its page is an error with the status 404.
    """
    try:
        text = verb()
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        flash(request, str(error), level="bad")
    else:
        flash(request, text)


def redirect_back(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect after a POST, with status 303 so that the browser requests with GET."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    response = redirect(url)
    response.status_code = 303
    return response
