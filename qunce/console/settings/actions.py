"""Actions on staff, sessions, API keys and units."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.console.settings import staff_views
from qunce.core import errors, permissions
from qunce.core.facts import audit
from qunce.core.staff import (
    api_keys,
    login_attempts,
    passwords,
    provider_accounts,
    sessions,
    staff,
    two_factor,
    units,
)
from qunce.core.staff.models import Staff

UNLOCKED = audit.declare("staff.unlocked", gettext_lazy("staff sign-in unlocked"))
SESSIONS_ENDED = audit.declare(
    "staff.sessions_ended", gettext_lazy("staff signed out everywhere")
)


def _run_on_staff(
    request: Request, pk: int, action: Callable[[Staff], object], message: str
) -> HttpResponse:
    """Run the action on a staff member, and flash `message` or the refusal."""
    target = staff.get(request.staff, pk)
    permissions.check_manage_staff(request.staff, target)
    try:
        action(target)
    except errors.Refused as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, message % {"name": target.name})
    return http.redirect_back(request, reverse("settings:staff-detail", args=[pk]))


@require_POST
@never_cache
@http.page(permissions.MANAGE_STAFF)
def reset_password(request: Request, pk: int) -> HttpResponse:
    target, password = staff.get(request.staff, pk), staff_views.generate_password()
    passwords.set_temporary(
        staff=target, password=password, by=request.staff, at=request.at
    )
    return staff_views.render_password(request, target, password)


@require_POST
@http.page(permissions.MANAGE_STAFF)
def remove_two_factor(request: Request, pk: int) -> HttpResponse:
    def action(target: Staff) -> None:
        two_factor.disable(staff=target, by=request.staff, at=request.at)
        sessions.end_all(target)

    return _run_on_staff(request, pk, action, _("Two-factor turned off for %(name)s."))


@require_POST
@http.page(permissions.MANAGE_STAFF)
def unlink_provider(request: Request, pk: int) -> HttpResponse:
    def action(target: Staff) -> None:
        provider_accounts.unlink(staff=target, by=request.staff, at=request.at)
        sessions.end_all(target)

    return _run_on_staff(
        request, pk, action, _("%(name)s can be linked with another account now.")
    )


@require_POST
@http.page(permissions.MANAGE_STAFF)
def end_sessions(request: Request, pk: int) -> HttpResponse:
    def action(target: Staff) -> None:
        sessions.end_all(target)
        _log(request, SESSIONS_ENDED, target)

    return _run_on_staff(
        request, pk, action, _("%(name)s has been signed out everywhere.")
    )


@require_POST
@http.page(permissions.MANAGE_STAFF)
def unlock(request: Request, pk: int) -> HttpResponse:
    def action(target: Staff) -> None:
        login_attempts.unlock(target.login)
        login_attempts.reset(("code", str(target.pk)))
        _log(request, UNLOCKED, target)

    return _run_on_staff(request, pk, action, _("%(name)s can try to sign in again."))


def _log(request: Request, kind: str, target: Staff) -> None:
    audit.log(
        kind=kind,
        community=request.community,
        by=request.staff,
        at=request.at,
        detail={"staff": target.pk, "login": target.login},
    )


@require_POST
@http.page(permissions.MANAGE_STAFF)
def deactivate(request: Request, pk: int) -> HttpResponse:
    def action(target: Staff) -> None:
        staff.deactivate(staff=target, by=request.staff, at=request.at)

    return _run_on_staff(request, pk, action, _("%(name)s can no longer sign in."))


@require_POST
@http.page(permissions.MANAGE_STAFF)
def reactivate(request: Request, pk: int) -> HttpResponse:
    def action(target: Staff) -> None:
        staff.reactivate(staff=target, by=request.staff, at=request.at)

    return _run_on_staff(request, pk, action, _("%(name)s can sign in again."))


@require_POST
@http.page(permissions.MANAGE_STAFF)
def require_two_factor(request: Request) -> HttpResponse:
    """Require two-factor of all staff, or stop requiring it.

    Users without it, the one who turns it on included, set it up at their next request.
    """
    required = request.POST.get("required") == "1"
    staff.require_two_factor(required=required, by=request.staff, at=request.at)
    message = _("Two-factor is now required for all staff.")
    http.flash(
        request, message if required else _("Two-factor is now optional for staff.")
    )
    return http.redirect_back(request, reverse("settings:staff-list"))


@require_POST
@http.page()
def end_session(request: Request) -> HttpResponse:
    name = request.POST.get("session", "")
    if sessions.end(request.staff, name):
        http.flash(request, _("Session signed out."))
    return http.redirect_back(request, reverse("settings:account"))


@require_POST
@http.page()
def end_other_sessions(request: Request) -> HttpResponse:
    current_key = request.session.session_key
    count = sessions.end_all(request.staff, except_key=current_key)
    text = ngettext(
        "Signed out of %(n)s other session.",
        "Signed out of %(n)s other sessions.",
        count,
    )
    http.flash(request, text % {"n": count})
    return http.redirect_back(request, reverse("settings:account"))


@require_POST
@http.page(permissions.MANAGE_STAFF)
def revoke_api_key(request: Request, pk: int) -> HttpResponse:
    key = api_keys.get(request.community, pk)
    api_keys.revoke(key=key, by=request.staff, at=request.at)
    http.flash(request, _("Key “%(name)s” revoked.") % {"name": key.name})
    return http.redirect_back(request, reverse("settings:api-key-list"))


@require_POST
@http.page(permissions.MANAGE_STAFF)
def close_unit(request: Request, pk: int) -> HttpResponse:
    unit = units.get(request.community, pk)
    try:
        units.close(unit=unit, by=request.staff, at=request.at)
    except units.UnitInUse as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, reverse("settings:unit-update", args=[pk]))
    undo = reverse("settings:unit-reopen", args=[pk])
    http.flash(request, _("Unit closed."), undo=undo)
    return http.redirect_back(request, reverse("settings:unit-list"))


@require_POST
@http.page(permissions.MANAGE_STAFF)
def reopen_unit(request: Request, pk: int) -> HttpResponse:
    unit = units.get(request.community, pk)
    units.reopen(unit=unit, by=request.staff, at=request.at)
    http.flash(request, _("Unit opened."))
    return http.redirect_back(request, reverse("settings:unit-list"))
