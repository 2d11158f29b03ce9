"""Personal links and sign-in codes of a member, beside the chat with them."""

from __future__ import annotations

from typing import Any

import segno
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from qunce.activities.activities import activities
from qunce.activities.activities.models import State
from qunce.console import http
from qunce.console.http import Request
from qunce.console.members import presenters
from qunce.core import errors
from qunce.members.personal_links import (
    links,
    portal_settings,
    purposes,
    sign_in_codes,
)
from qunce.members.personal_links.models import LinkBinding

MAX_ACTIVITIES = 50
MAX_DIGITS_LENGTH = 20


@require_GET
@never_cache
@http.page(links.GIVE)
def sign_in(request: Request, pk: int) -> HttpResponse:
    return _render(request, pk)


@require_POST
@never_cache
@http.page(links.GIVE)
def make_link(request: Request, pk: int) -> HttpResponse:
    """The link is shown once, in the answer to this POST: only its id is stored."""
    try:
        path = links.make(
            account_id=_account(request, pk),
            purpose=request.POST.get("purpose", ""),
            by=request.staff,
            at=request.at,
        )
    except errors.Invalid as error:
        return _render(request, pk, error=str(error))
    return _render(request, pk, made=_address(request, path))


@require_POST
@never_cache
@http.page(links.GIVE)
def make_code(request: Request, pk: int) -> HttpResponse:
    made = sign_in_codes.make(
        account_id=_account(request, pk), by=request.staff, at=request.at
    )
    return _render(request, pk, made=_address(request, made.path), digits=made.digits)


@require_POST
@http.page(links.GIVE)
def confirm_code(request: Request, pk: int) -> HttpResponse:
    try:
        sign_in_codes.confirm(
            account_id=_account(request, pk),
            digits=request.POST.get("digits", "")[:MAX_DIGITS_LENGTH],
            by=request.staff,
            at=request.at,
        )
    except errors.Refused as error:
        return _render(request, pk, error=str(error))
    http.flash(request, _("Signed in on the device that shows these digits."))
    return _back(request, pk)


@require_POST
@http.page(links.GIVE)
def revoke_link(request: Request, pk: int, link: int) -> HttpResponse:
    links.revoke(pk=link, by=request.staff, at=request.at)
    http.flash(request, _("Revoked."))
    return _back(request, pk)


@require_POST
@http.page(links.GIVE)
def revoke_all(request: Request, pk: int) -> HttpResponse:
    links.revoke_member(
        account_id=_account(request, pk), by=request.staff, at=request.at
    )
    http.flash(request, _("All links are revoked, and they are signed out everywhere."))
    return _back(request, pk)


def _account(request: Request, pk: int) -> int:
    return presenters.get_visible_member(request, pk).id


def _back(request: Request, pk: int) -> HttpResponse:
    return http.redirect_back(request, reverse("sidebar:sign-in", args=[pk]))


def _address(request: Request, path: str) -> str:
    if portal_settings.has_address():
        return links.address(path)
    return request.build_absolute_uri(path)


def _render(
    request: Request, pk: int, *, made: str = "", digits: str = "", error: str = ""
) -> HttpResponse:
    member = presenters.get_visible_member(request, pk)
    rows = links.list_of_member(account_id=member.id, by=request.staff, at=request.at)
    code = segno.make(made, error="m") if made and not digits else None
    context = {
        "member": member,
        "made": made,
        "digits": digits,
        "qr_code": code.svg_data_uri(scale=4, border=3, light="#fff", dark="#000")
        if code
        else "",
        "error": error,
        "choices": _list_purposes(request),
        "rows": [(row, _label_of(row), _state_of(row, request)) for row in rows],
        "query": "",
    }
    status = 422 if error else 200
    return http.render(request, "console/sidebar/sign_in.html", context, status=status)


def _list_purposes(request: Request) -> list[tuple[str, str]]:
    """The purposes of a new link: the page of the community, and what is running."""
    rows = activities.list_visible(request.staff).filter(
        state__in=[State.SCHEDULED, State.RUNNING]
    )
    chosen: list[Any] = list(rows.order_by("-starts_at", "-pk")[:MAX_ACTIVITIES])
    home = purposes.HOME
    return [
        (purposes.of(home), str(home.label)),
        *((purposes.of(purposes.ACTIVITY, row.public_id), row.name) for row in chosen),
    ]


def _label_of(row: LinkBinding) -> str:
    return purposes.label(row.purpose)


def _state_of(row: LinkBinding, request: Request) -> str:
    if row.revoked_at is not None:
        return _("revoked")
    if row.expires_at <= request.at:
        return _("link expired")
    if row.device is not None:
        return row.device.label or _("in use")
    return _("not opened yet")
