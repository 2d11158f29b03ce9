"""Personal links, signing in and out."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from qunce.core import errors
from qunce.core.communities import Community
from qunce.members.accounts.models import Account
from qunce.members.personal_links import (
    links,
    portal_settings,
    purposes,
    tokens,
)
from qunce.members.personal_links.tokens import Token
from qunce.portal import http
from qunce.portal.sign_in import actions

MAX_DIGITS_LENGTH = 12
SPOKEN_SEPARATOR = " "


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def personal_link(request: http.Request, token: str) -> HttpResponseBase:
    """Show a link to whoever opens it, and bind it by POST to the device of its member."""

    def answer() -> HttpResponseBase:
        read = links.read(token)
        http.prepare(request, _community_of(read))
        if request.method == "POST":
            return _bind(request, read)
        return _show(request, read)

    return http.respond(request, answer)


setattr(personal_link, http.ACCESS_ATTRIBUTE, "member page")


def _community_of(token: Token) -> Community:
    account = (
        Account.objects.select_related("community")
        .filter(pk=token.account, erased_at__isnull=True)
        .first()
    )
    if account is None or not portal_settings.of(account.community).is_open:
        raise http.PageNotFound
    return account.community


def _page_of(request: http.Request, purpose: str) -> str:
    return f"{links.PATH}{request.community.key}/{purposes.path(purpose)}"


def _show(request: http.Request, token: Token) -> HttpResponseBase:
    owner = links.find_device(token)
    public = _page_of(request, token.purpose)
    if owner is not None and bytes(owner.digest) != request.visitor.device:
        # Passed on: what everybody sees, and it counts as shared by the member.
        return redirect(f"{public}?from={tokens.reference_of(token.account)}")
    if owner is not None and token.purpose in request.visitor.links:
        return redirect(public)
    return _render_link(request, token)


def _render_link(
    request: http.Request, token: Token, problem: str = "", status: int = 200
) -> HttpResponse:
    is_sign_in = token.purpose == purposes.of(purposes.SIGN_IN)
    is_closed = False
    try:
        links.check_open(token, at=request.at)
    except links.LinkClosed as error:
        problem, is_closed, status = str(error), True, max(status, 403)
    home = http.local_path(request, "")
    reference = tokens.reference_of(token.account)
    context = {
        "label": _("Sign in") if is_sign_in else request.community.name,
        "is_sign_in": is_sign_in,
        "is_closed": is_closed or (problem and not is_sign_in),
        "problem": problem,
        "public": home
        if is_sign_in
        else f"{_page_of(request, token.purpose)}?from={reference}",
    }
    return http.render(request, "portal/link.html", context, status=status)


def _bind(request: http.Request, token: Token) -> HttpResponse:
    given: dict[str, Any] = {
        "visitor": request.visitor,
        "token": token,
        "agent": request.headers.get("User-Agent", ""),
        "address": http.address_of(request),
        "at": request.at,
    }
    try:
        if token.purpose == purposes.of(purposes.SIGN_IN):
            actions.enter_with_link(digits=_digits(request), **given)
            return http.redirect(f"{http.local_path(request, '')}me")
        actions.bind(**given)
    except errors.Refused as error:
        return _render_link(request, token, str(error), status=403)
    return http.redirect(_page_of(request, token.purpose))


def _digits(request: http.Request) -> str:
    return request.POST.get("digits", "")[:MAX_DIGITS_LENGTH]


@require_http_methods(["GET", "HEAD", "POST"])
@http.page()
def sign_in(request: http.Request) -> HttpResponse:
    if request.method != "POST":
        return _render_sign_in(request)
    try:
        actions.enter(
            visitor=request.visitor,
            digits=_digits(request),
            agent=request.headers.get("User-Agent", ""),
            address=http.address_of(request),
            at=request.at,
        )
    except errors.Refused as error:
        return _render_sign_in(request, problem=str(error), status=403)
    return http.redirect(f"{http.local_path(request, '')}me")


@require_POST
@http.page()
def show_code(request: http.Request) -> HttpResponse:
    """The digits are in the answer to this POST only: nothing stores them."""
    try:
        digits = actions.show_code(
            visitor=request.visitor,
            agent=request.headers.get("User-Agent", ""),
            address=http.address_of(request),
            at=request.at,
        )
    except errors.Refused as error:
        return _render_sign_in(request, problem=str(error), status=403)
    return _render_sign_in(request, digits=digits)


def _render_sign_in(
    request: http.Request, *, digits: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "digits": digits,
        "spoken": SPOKEN_SEPARATOR.join(digits),
        "problem": problem,
        "contact": portal_settings.of(request.community).contact,
    }
    return http.render(request, "portal/sign_in.html", context, status=status)


@require_POST
@http.page()
def sign_out(request: http.Request) -> HttpResponse:
    actions.sign_out(visitor=request.visitor, at=request.at)
    return http.redirect(http.local_path(request, ""))


@require_POST
@http.page()
def remove_device(request: http.Request, pk: int) -> HttpResponse:
    actions.remove_device(visitor=request.visitor, device=pk, at=request.at)
    return http.redirect(f"{http.local_path(request, '')}me")
