"""The cookie of a device: a secret, and when the device was here last.

The time is signed. So a sign-in lasts while it is used, and reading pages stores nothing.
The cookie is renewed when somebody with a link or a sign-in opens a page, once a day.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.cookies import Morsel
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from qunce.core import timestamps
from qunce.members.personal_links import links
from qunce.outreach.links import previews

if TYPE_CHECKING:
    from collections.abc import Container

    from django.http import HttpRequest, HttpResponseBase

    from qunce.portal.http import Request

COOKIE, FRAME_COOKIE = "qunce_member", "qunce_widget"
AGE = timedelta(days=400)
"""Browsers keep no cookie for longer."""
RENEWED_AFTER = timedelta(days=1)
MIN_SECRET_LENGTH, MAX_SECRET_LENGTH = 20, 64
MAX_TIME_LENGTH = 12
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class DeviceCookie:
    """`name` is that of the cookie, `path` where it is sent.

    `visited_at` is None for one without a time that we signed. `is_new` if the browser sent
    none: it may store none either.
    """

    name: str
    path: str
    secret: str
    visited_at: datetime | None = None
    is_new: bool = False

    def is_due(self, at: datetime) -> bool:
        """Whether it is time to renew it."""
        return self.visited_at is None or abs(at - self.visited_at) >= RENEWED_AFTER


def read(request: Request, *, is_framed: bool) -> DeviceCookie:
    """The cookie that a request has, or a new one. Pages in a frame have another one."""
    name = FRAME_COOKIE if is_framed else COOKIE
    path = request.root if is_framed else links.PATH
    text = request.COOKIES.get(name, "")
    secret, _dot, signed = text.partition(".")
    if not (secret.isascii() and MIN_SECRET_LENGTH <= len(secret) <= MAX_SECRET_LENGTH):
        return DeviceCookie(name, path, secrets.token_urlsafe(24), is_new=True)
    return DeviceCookie(name, path, secret, _read_time(secret, signed))


def _read_time(secret: str, signed: str) -> datetime | None:
    seconds, _dot, signature = signed.partition(".")
    is_number = seconds.isascii() and seconds.isdecimal()
    if not is_number or len(seconds) > MAX_TIME_LENGTH:
        return None
    if not constant_time_compare(signature, _sign(secret, seconds)):
        return None
    return timestamps.from_micros(int(seconds) * (SECOND // timestamps.MICROSECOND))


def _sign(secret: str, seconds: str) -> str:
    value = f"{secret}.{seconds}"
    return salted_hmac("device visit", value, algorithm="sha256").hexdigest()[:24]


def store(request: Request, response: HttpResponseBase) -> None:
    """Set the cookie of a new device, and renew that of a member who opens a page."""
    cookie: DeviceCookie | None = getattr(request, "device_cookie", None)
    if cookie is None:
        return
    is_known = request.visitor.is_known and is_visit(request)
    if cookie.is_new or (is_known and cookie.is_due(request.at)):
        _set(response, cookie, request.at)


def is_visit(request: HttpRequest) -> bool:
    """Whether a person opens a page: no program, no part of a page, nothing fetched ahead."""
    headers = request.headers
    purpose = f"{headers.get('Sec-Purpose', '')} {headers.get('Purpose', '')}"
    # A form is no preview either.
    method = "GET" if request.method == "POST" else request.method or ""
    visit = previews.Visit(method, headers.get("User-Agent", ""), purpose, None)
    mode = headers.get("Sec-Fetch-Mode", "navigate")
    return mode == "navigate" and not previews.is_by_program(visit)


def _set(response: HttpResponseBase, cookie: DeviceCookie, at: datetime) -> None:
    seconds = str(timestamps.to_micros(at) // (SECOND // timestamps.MICROSECOND))
    signature = _sign(cookie.secret, seconds)
    write(
        response,
        cookie.name,
        f"{cookie.secret}.{seconds}.{signature}",
        path=cookie.path,
        is_framed=cookie.name == FRAME_COOKIE,
    )


def write(
    response: HttpResponseBase, name: str, value: str, *, path: str, is_framed: bool
) -> None:
    """Set a cookie that no script reads, so that browsers store it in a frame, too."""
    is_in_frame = is_framed and settings.HTTPS
    response.set_cookie(
        name,
        value,
        max_age=AGE,
        path=path,
        secure=settings.HTTPS,
        httponly=True,
        # In the frame of another site, browsers store no other cookie, and this one for
        # that site alone. Without HTTPS they store none there.
        samesite="None" if is_in_frame else "Lax",
    )
    if is_in_frame:
        response.cookies[name] = PartitionedMorsel.of(response.cookies[name])


class PartitionedMorsel(Morsel[str]):
    """A cookie that belongs to the site in whose frame it was set (CHIPS).

    `http.cookies` knows the attribute only since Python 3.14.
    """

    @classmethod
    def of(cls, plain: Morsel[str]) -> PartitionedMorsel:
        morsel = cls()
        morsel.set(plain.key, plain.value, plain.coded_value)
        morsel.update(plain)
        return morsel

    def OutputString(self, attrs: Container[str] | None = None) -> str:
        return f"{super().OutputString(attrs)}; Partitioned"
