"""Who is on the way in: the password was right, something is still owed.

Until all is done nobody is signed in; what is known of them waits in the session.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import django_otp
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from qunce.console.login import client_ip
from qunce.core import timestamps
from qunce.core.facts import audit
from qunce.core.staff import login_attempts, sessions, two_factor
from qunce.core.staff.models import Staff

PENDING_KEY = "coming"
MAX_PENDING_TIME = timedelta(minutes=10)
BACKEND = "django.contrib.auth.backends.ModelBackend"
SIGNED_IN = audit.declare("staff.signed_in", _("signed in"))
SIGNED_OUT = audit.declare("staff.signed_out", _("signed out"))
FAILED = audit.declare("staff.sign_in_failed", _("failed to sign in"))


def client_address(request: HttpRequest) -> str:
    return client_ip.resolve(request.META, proxies=settings.TRUSTED_PROXIES)


def authenticate(
    request: HttpRequest, *, login: str, password: str, at: datetime
) -> Staff | None:
    """Who that is; raises TooMany where one has to wait."""
    login, where = login.strip(), client_address(request)
    whom = [("pair", f"{login} {where}"), ("login", login), ("address", where)]
    login_attempts.start(*whom, at=at)
    staff = _check_password(login, password)
    if staff is not None:
        login_attempts.reset(*whom[:2])
        return staff
    known = Staff.objects.filter(login=login).select_related("community")
    for each in known:
        _log(each, FAILED, request, at=at, by=None)
    return None


def _check_password(login: str, password: str) -> Staff | None:
    known = Staff.objects.filter(login=login).select_related("community")
    for staff in known:
        right = staff.check_password(password)
        return staff if right and staff.is_active else None
    make_password(password)  # as slow as for a login that is there
    return None


def _log(
    staff: Staff,
    kind: str,
    request: HttpRequest,
    *,
    at: datetime,
    by: Staff | None,
) -> None:
    detail = {"login": staff.login, "address": client_address(request)}
    audit.log(kind=kind, community=staff.community, by=by, at=at, detail=detail)


def start(request: HttpRequest, staff: Staff, *, to: str, at: datetime) -> None:
    request.session.flush()
    request.session[PENDING_KEY] = {
        "staff": staff.pk,
        "proof": staff.get_session_auth_hash(),
        "at": timestamps.to_micros(at),
        "to": to,
    }


def find_pending_staff(request: HttpRequest, at: datetime) -> Staff | None:
    """Who is on the way, if they have not dawdled and their password still holds."""
    told: dict[str, Any] | None = request.session.get(PENDING_KEY)
    if not told or at - timestamps.from_micros(told["at"]) > MAX_PENDING_TIME:
        return None
    known = Staff.objects.filter(pk=told["staff"], is_active=True)
    for staff in known.select_related("community"):
        if staff.get_session_auth_hash() == told["proof"]:
            return staff
    return None


def record_device(request: HttpRequest, device: Device) -> None:
    request.session[PENDING_KEY] = request.session[PENDING_KEY] | {"factor": device.persistent_id}


def record_new_password(request: HttpRequest, staff: Staff) -> None:
    proof = staff.get_session_auth_hash()
    request.session[PENDING_KEY] = request.session[PENDING_KEY] | {"proof": proof}


def next_step(request: HttpRequest, staff: Staff) -> str:
    """The next step's view, nothing once all is done."""
    has = two_factor.is_enabled(staff)
    if has and "factor" not in request.session[PENDING_KEY]:
        return "login:code"
    if staff.password_is_temporary:
        return "login:password"
    if staff.community.two_factor_required and not has:
        return "login:two-factor"
    return ""


def complete(request: HttpRequest, staff: Staff, *, at: datetime) -> str:
    """Signs in; returns where they wanted to go."""
    told = request.session.pop(PENDING_KEY)
    auth.login(request, staff, backend=BACKEND)
    device = Device.from_persistent_id(told.get("factor", ""))
    if device is not None:
        django_otp.login(request, device)
    agent = request.headers.get("User-Agent", "")
    sessions.start(request.session, address=client_address(request), agent=agent, at=at)
    _log(staff, SIGNED_IN, request, at=at, by=staff)
    return str(told["to"])


def sign_out(request: HttpRequest, *, at: datetime) -> None:
    if isinstance(request.user, Staff):
        _log(request.user, SIGNED_OUT, request, at=at, by=request.user)
    auth.logout(request)


def safe_redirect_url(request: HttpRequest, to: str) -> str:
    """Only to a page of this house."""
    hosts = {request.get_host()}
    good = url_has_allowed_host_and_scheme(
        to, allowed_hosts=hosts, require_https=request.is_secure()
    )
    return to if good and to.startswith("/") else "/"


def set_language_cookie(answer: HttpResponse, language: str) -> HttpResponse:
    """Remember the language for pages without a sign-in."""
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 86400,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return answer
