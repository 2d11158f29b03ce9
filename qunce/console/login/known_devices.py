"""Browsers on which staff have signed in before, known by a signed cookie.

The cookie grants nothing. It only gives sign-ins of these staff from this browser a limit
of their own, so that others who try their logins cannot lock them out.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from qunce.core.staff.models import Staff

COOKIE = "qunce_device"
SALT = "qunce.known_device"
MAX_AGE = 180 * 86400
MAX_LOGINS = 20
"""A computer at a counter is shared by a shift, not by a town."""


@dataclass(frozen=True)
class KnownDevice:
    id: str
    logins: tuple[str, ...] = ()


def read(request: HttpRequest) -> KnownDevice | None:
    """The device of this browser, or None if nobody has signed in on it."""
    try:
        content = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
    except signing.BadSignature:
        return None
    return KnownDevice(content["id"], tuple(content["logins"]))


def remember(request: HttpRequest, response: HttpResponse, staff: Staff) -> None:
    """Store in the browser that this member of staff has signed in on it."""
    device = read(request) or KnownDevice(secrets.token_urlsafe(12))
    others = [login for login in device.logins if login != staff.login]
    logins = [staff.login, *others][:MAX_LOGINS]
    response.set_cookie(
        COOKIE,
        signing.dumps({"id": device.id, "logins": logins}, salt=SALT, compress=True),
        max_age=MAX_AGE,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
