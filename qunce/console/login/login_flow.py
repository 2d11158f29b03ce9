"""A partial login: the first step is done, and further steps are pending.

The session is not authenticated before the last step (two-factor code, new password,
two-factor setup) is done. Until then its state is stored under `PENDING_KEY`.
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

from qunce.console.login import client_ip, known_devices
from qunce.core import timestamps
from qunce.core.facts import audit
from qunce.core.staff import login_attempts, sessions, two_factor
from qunce.core.staff.models import Staff

PENDING_KEY = "pending_login"
MAX_PENDING_TIME = timedelta(minutes=10)
BACKEND = "django.contrib.auth.backends.ModelBackend"
SIGNED_IN = audit.declare("staff.signed_in", _("signed in"))
SIGNED_OUT = audit.declare("staff.signed_out", _("signed out"))
FAILED = audit.declare("staff.sign_in_failed", _("failed to sign in"))


def authenticate(
    request: HttpRequest, *, login: str, password: str, at: datetime
) -> Staff | None:
    """Return the staff member with this login and password, or None.

    Raises TooManyAttempts if the login, the address or the pair of both is blocked, or
    the device if the login is known on it.
    """
    login, address = login.strip(), client_address(request)
    subjects = [("pair", f"{login} {address}"), ("login", login), ("address", address)]
    device = known_devices.read(request)
    if device is not None and login in device.logins:
        subjects = [("device", f"{login} {device.id}")]
    login_attempts.start(*subjects, at=at)
    staff = _check_password(login, password)
    if staff is not None:
        for subject in subjects:
            # Its other failures stay: the address may be guessing other logins.
            if subject[0] == "address":
                login_attempts.cancel(subject, at=at)
            else:
                login_attempts.reset(subject)
        return staff
    for owner in Staff.objects.filter(login=login).select_related("community"):
        _log(owner, FAILED, request, at=at, by=None)
    return None


def _check_password(login: str, password: str) -> Staff | None:
    for staff in Staff.objects.filter(login=login).select_related("community"):
        is_correct = staff.check_password(password)
        return staff if is_correct and staff.is_active else None
    # Hash anyway, so that an unknown login takes as long as a known one.
    make_password(password)
    return None


def client_address(request: HttpRequest) -> str:
    return client_ip.resolve(request.META, proxies=settings.TRUSTED_PROXIES)


def start(
    request: HttpRequest,
    staff: Staff,
    *,
    next_url: str,
    at: datetime,
    provider: bool = False,
    second_factor: bool = False,
) -> None:
    """Begin a partial login of `staff` in a new session.

    `provider` says that their sign-in service did it, `second_factor` that it has checked
    more than a password.
    """
    chosen = chosen_language(request)
    request.session.flush()
    if chosen:
        request.session[CHOSEN_LANGUAGE] = chosen
    request.session[PENDING_KEY] = {
        "staff": staff.pk,
        "password_hash": staff.get_session_auth_hash(),
        "at": timestamps.to_micros(at),
        "next_url": next_url,
        "provider": provider,
        "second_factor": second_factor,
    }


def find_pending_staff(request: HttpRequest, at: datetime) -> Staff | None:
    """Return the owner of the partial login.

    None if there is none, if it has timed out, or if the password has changed since.
    """
    pending: dict[str, Any] | None = request.session.get(PENDING_KEY)
    if not pending or at - timestamps.from_micros(pending["at"]) > MAX_PENDING_TIME:
        return None
    rows = Staff.objects.filter(pk=pending["staff"], is_active=True)
    for staff in rows.select_related("community"):
        if staff.get_session_auth_hash() == pending["password_hash"]:
            return staff
    return None


def record_device(request: HttpRequest, device: Device) -> None:
    """Record that the two-factor code of `device` was verified."""
    _update_pending(request, device=device.persistent_id)


def record_new_password(request: HttpRequest, staff: Staff) -> None:
    """Keep the partial login valid after its owner has changed the password."""
    _update_pending(request, password_hash=staff.get_session_auth_hash())


def _update_pending(request: HttpRequest, **changes: Any) -> None:
    # Assigned as a whole, because sessions do not notice changes inside a value.
    request.session[PENDING_KEY] = request.session[PENDING_KEY] | changes


def next_step(request: HttpRequest, staff: Staff) -> str:
    """Return the URL name of the next pending step, or "" if none is left."""
    pending = request.session[PENDING_KEY]
    has_two_factor = two_factor.is_enabled(staff)
    is_verified = "device" in pending or pending["second_factor"]
    if has_two_factor and not is_verified:
        return "login:code"
    if staff.password_is_temporary and not pending["provider"]:
        return "login:password"
    if staff.community.two_factor_required and not (has_two_factor or is_verified):
        return "login:two-factor"
    return ""


def complete(request: HttpRequest, staff: Staff, *, at: datetime) -> str:
    """Sign in, and return the URL that was requested at first."""
    pending = request.session.pop(PENDING_KEY)
    auth.login(request, staff, backend=BACKEND)
    device = Device.from_persistent_id(pending.get("device", ""))
    if device is not None:
        django_otp.login(request, device)
    request.session[sessions.SECOND_FACTOR_KEY] = pending["second_factor"]
    agent = request.headers.get("User-Agent", "")
    sessions.start(request.session, address=client_address(request), agent=agent, at=at)
    _log(staff, SIGNED_IN, request, at=at, by=staff)
    return str(pending["next_url"])


def sign_out(request: HttpRequest, *, at: datetime) -> None:
    if isinstance(request.user, Staff):
        _log(request.user, SIGNED_OUT, request, at=at, by=request.user)
    auth.logout(request)


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


def safe_redirect_url(request: HttpRequest, url: str) -> str:
    """Return `url` if it is a path of this site, else "/"."""
    is_safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_safe and url.startswith("/") else "/"


CHOSEN_LANGUAGE = "chosen_language"
"""Key of the session: the language that was chosen before sign-in."""


def chosen_language(request: HttpRequest) -> str:
    """Return the language that the visitor chose in this session, "" for none."""
    chosen = str(request.session.get(CHOSEN_LANGUAGE, ""))
    return chosen if chosen in dict(settings.LANGUAGES) else ""


def keep_language(request: HttpRequest, staff: Staff) -> None:
    """Store the language that was chosen before sign-in as that of the account."""
    language = chosen_language(request)
    request.session.pop(CHOSEN_LANGUAGE, None)
    if language and language != staff.language:
        staff.language = language
        staff.save(update_fields=["language"])


def set_language_cookie(response: HttpResponse, language: str) -> HttpResponse:
    """Remember the language for pages that need no sign-in."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 86400,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response
