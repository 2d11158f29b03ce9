"""The decorator of all member pages, and what they answer with.

A view `@http.page()` below `/p/<community>/` gets a request with `community`, `visitor`,
`at` and `display`. GET and HEAD change nothing; a POST has the cookie of the device and
the token that the page gave it. The same views answer below `/p/<community>/widget/` in
the frame of an app, where `root` and `place` lead; see `frames`.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect as redirect_to
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from qunce.core import errors, outages, text_validation
from qunce.core.communities import Community
from qunce.members.personal_links import limits, links, portal_settings, tokens
from qunce.members.personal_links.devices import digest_of
from qunce.portal import frames
from qunce.portal.visitors import device_cookies, displays, visitors
from qunce.portal.visitors.device_cookies import DeviceCookie
from qunce.portal.visitors.displays import Display
from qunce.portal.visitors.rungs import Rung, RungTooLow
from qunce.portal.visitors.visitors import Visitor

ACCESS_ATTRIBUTE = "qunce_access"
"""As in the console: a test checks that no view of a URL lacks it."""
TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field
MAX_FORM_BYTES = 100_000
HEADERS = {
    "X-Robots-Tag": "noindex",
    # The path of a personal link is never sent on. `no-referrer` would take the header
    # Origin from forms.
    "Referrer-Policy": "strict-origin",
    "Cache-Control": "private, no-store",
}


class Request(HttpRequest):
    """A request of a member page. `at` is the only clock that a view may use.

    `place` is the community in the arguments of URLs, and `root` the path of its pages:
    both are those of the frame in a frame. `frame_origins` may frame the answer.
    """

    community: Community
    place: str
    root: str
    frame_origins: Sequence[str]
    visitor: Visitor
    display: Display
    at: datetime
    device_cookie: DeviceCookie


class View(Protocol):
    def __call__(
        self, request: Request, /, *args: Any, **kwargs: Any
    ) -> HttpResponseBase: ...


class PageNotFound(errors.NotFound):
    """There is no such page: unknown, of another community, or hidden."""


class ForgedForm(errors.Refused):
    """A form without the cookie of its device, or from another site."""


def page(
    *,
    max_bytes: int = MAX_FORM_BYTES,
    is_limited: bool = True,
    needs_token: bool = True,
) -> Callable[[View], View]:
    """Decorate a view of member pages, whose URL has the key of a community.

    `max_bytes` is the largest form that it takes. `is_limited` counts each POST against
    the limits of the visitor. Without `needs_token` a form may come without cookie and token,
    as frames often store no cookie: then the browser has to say that a page of ours sent it.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapper(
            request: Request, *args: Any, community: str, **kwargs: Any
        ) -> HttpResponseBase:
            def answer() -> HttpResponseBase:
                # PostgreSQL would refuse it deep inside of its own.
                if "\0" in request.path_info:
                    raise PageNotFound(_("There is no such page."))
                key, is_framed = frames.split(community)
                prepare(
                    request,
                    _get_community(key),
                    is_framed=is_framed,
                    max_bytes=max_bytes,
                    needs_token=needs_token,
                )
                if request.method == "POST" and is_limited:
                    count_request(request)
                with timezone.override(ZoneInfo(request.community.timezone)):
                    return view(request, *args, **kwargs)

            return respond(request, answer)

        setattr(wrapper, ACCESS_ATTRIBUTE, "member page")
        # Its own token takes the place of Django's, whose cookie is the console's.
        return csrf_exempt(wrapper)

    return decorate


def _get_community(key: str) -> Community:
    community = portal_settings.find_open(key)
    if community is None:
        raise PageNotFound(_("There is no such page."))
    return community


def respond(
    request: Request, answer: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """The answer of a view, or the page of the error that it raised."""
    try:
        response = answer()
    except RungTooLow as error:
        response = _render_error(request, error, 403, needs=error.rung)
    except errors.NotFound:
        response = not_found(request)
    except errors.Refused as error:
        response = _render_error(request, error, 403)
    except errors.Invalid as error:
        response = _render_error(request, error, 422)
    except errors.Unavailable as error:
        response = _render_error(request, error, 503)
    except Exception as error:
        if not outages.is_outage(error):
            raise
        response = _render_error(
            request, errors.Unavailable(outages.sentence(error)), 503
        )
    for name, value in HEADERS.items():
        response.setdefault(name, value)
    device_cookies.store(request, response)
    return frames.allow(request, response, getattr(request, "frame_origins", ()))


def prepare(
    request: Request,
    community: Community,
    *,
    is_framed: bool = False,
    max_bytes: int = MAX_FORM_BYTES,
    needs_token: bool = True,
) -> None:
    """Set what views read from a request; raises ForgedForm for a POST that is not ours."""
    request.community = community
    request.place = frames.place_of(community, is_framed=is_framed)
    request.root = f"{links.PATH}{request.place}/"
    request.frame_origins = frames.list_origins(community) if is_framed else ()
    if is_framed and not request.frame_origins:
        raise PageNotFound(_("There is no such page."))
    request.device_cookie = device_cookies.read(request, is_framed=is_framed)
    request.display = displays.of(request, community)
    translation.activate(request.display.language)
    request.LANGUAGE_CODE = request.display.language
    if request.method not in ("GET", "HEAD"):
        check_form(request, max_bytes=max_bytes, needs_token=needs_token)
    check_text(request)
    request.visitor = visitors.find(community, request.device_cookie, at=request.at)


def check_form(request: Request, *, max_bytes: int, needs_token: bool) -> None:
    """Raise ForgedForm unless a page of ours, on this device, sent this form."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit() and int(length) <= max_bytes):
        raise errors.Invalid(
            _("This is larger than %(most)s MB. Choose a smaller file.")
            % {"most": max(1, max_bytes // 10**6)}
        )
    origin = request.headers.get("Origin", "")
    is_foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in (
        "same-origin",
        "none",
    )
    if origin not in ("", "null"):
        is_foreign = is_foreign or urlsplit(origin).netloc != request.get_host()
    sent = request.POST.get(TOKEN_FIELD, "")
    if needs_token:
        is_ours = not request.device_cookie.is_new and constant_time_compare(
            sent, form_token(request)
        )
    else:
        is_ours = origin not in ("", "null")
    if is_foreign or not is_ours:
        raise ForgedForm(
            _("This page was open for too long, or your browser stores no cookies.")
            + " "
            + _("Open it again and try once more.")
        )


def check_text(request: Request) -> None:
    """Raise Invalid for text that databases refuse, wherever a view would look it up."""
    for fields in (request.GET, request.POST):
        for values in dict(fields.lists()).values():
            if not all(map(text_validation.is_valid, values)):
                raise errors.Invalid(
                    _("This contains characters that cannot be stored.")
                )


def form_token(request: Request) -> str:
    """What the forms of a page contain; only pages for this device and community know it."""
    value = f"{request.community.pk}:{request.device_cookie.secret}"
    return salted_hmac("portal form", value, algorithm="sha256").hexdigest()[:32]


def page_proof(community: Community, page: str) -> str:
    """What a page reports its views with, so that only pages that exist are counted."""
    value = f"{community.pk}:{page}"
    return salted_hmac("portal page", value, algorithm="sha256").hexdigest()[:24]


def count_request(request: Request) -> None:
    """Count a POST against the limits of person, device and address."""
    visitor = request.visitor
    account = visitor.account_id
    limits.count(
        {
            "person": str(account) if account else "",
            "device": visitor.device.hex(),
            "address": address_of(request),
        },
        is_known=visitor.is_known,
        at=request.at,
    )


def address_of(request: HttpRequest) -> str:
    """The address of the visitor, as the last trusted proxy saw it."""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    if settings.TRUSTED_PROXIES and len(forwarded) >= settings.TRUSTED_PROXIES:
        return forwarded[-settings.TRUSTED_PROXIES].strip()[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


# Responses


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    page: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a member page, which extends `portal/base.html`.

    `page` is the purpose that its views are counted for, such as `activity:7Hk2`; without
    one they are not counted. Forms include `portal/parts/form_fields.html`.
    """
    # Not through the request: the processors of the console would read its session.
    content = render_to_string(
        template, {**base_context(request, page), **(context or {})}
    )
    return HttpResponse(content, status=status)


def base_context(request: Request, page: str = "") -> dict[str, Any]:
    """What `portal/base.html` and the fields of forms need."""
    visitor = request.visitor
    own = visitor.account_for(page)
    return {
        "community": request.community,
        "visitor": visitor,
        "display": request.display,
        "language": request.display.language,
        "path": request.path,
        "root": request.root,
        "form_token": form_token(request),
        "new_key": lambda: secrets.token_urlsafe(12),
        "page": page,
        "page_proof": page_proof(visitor.community, page) if page else "",
        # Whose a submission is that waits for the network.
        "who": salted_hmac("portal visitor", str(visitor.account_id)).hexdigest()[:12],
        "at": request.at,
        # Who opens the address of this page later was sent it by this member.
        "reference": tokens.reference_of(own) if own and page else "",
        "sharer": request.GET.get("from", "")[:80],
        "Rung": Rung,
    }


def redirect(url: str) -> HttpResponse:
    """Redirect after a POST, with status 303, so that Back does not send it again."""
    response = redirect_to(url)
    response.status_code = 303
    return response


def local_path(request: Request, text: str) -> str:
    """`text` if it is a path of this community's pages, else the path of its home."""
    is_ours = text.startswith(request.root) and "\\" not in text
    is_path = is_ours and text.isprintable() and not urlsplit(text).netloc
    return text if is_path else request.root


def not_found(request: HttpRequest) -> HttpResponse:
    """The same page for whatever does not exist, is hidden or is another community's."""
    text = _("Check the address, or ask whoever sent it to you.")
    return _plain_page(404, _("There is no such page"), text)


def bad_request(request: HttpRequest, status: int = 400) -> HttpResponse:
    text = _("Open the page again and try once more.")
    return _plain_page(status, _("That is not possible now"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    text = _(
        "Try again in a minute. If it stays like this, ask the staff in your group."
    )
    return _plain_page(500, _("This page does not work at the moment"), text)


def _plain_page(status: int, title: str, text: str) -> HttpResponse:
    """A page that says nothing about the community or the visitor."""
    context = {"language": _language(), "title": title, "text": text}
    response = HttpResponse(
        render_to_string("portal/plain.html", context), status=status
    )
    for name, value in HEADERS.items():
        response.setdefault(name, value)
    return response


def _language() -> str:
    return translation.get_language() or settings.LANGUAGE_CODE


def _render_error(
    request: Request, error: errors.QunceError, status: int, needs: Rung | None = None
) -> HttpResponse:
    if not hasattr(request, "visitor"):
        # A forged form: nothing about the visitor is looked up.
        request.visitor = Visitor(
            community=request.community, device=digest_of(request.device_cookie.secret)
        )
    context = {"text": str(error), "needs": needs}
    return render(request, "portal/error.html", context, status=status)
