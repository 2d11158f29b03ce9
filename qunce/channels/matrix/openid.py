"""OpenID tokens of Matrix, by which a homeserver names the user of a client.

A client gets a token from its homeserver (`…/openid/request_token`) and hands it to a
widget. The homeserver answers whose it is, without the access token of our account.
Source: Matrix 1.11, client-server API 11.13 (OpenID) and server-server API 13.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from django.utils.translation import gettext as _

from qunce.channels.accounts import member_sign_in
from qunce.channels.accounts.member_sign_in import NotProven, PlatformUnavailable
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix import homeservers
from qunce.core.web import connections
from qunce.core.web.connections import Deadline

TOKEN, SERVER = "access_token", "matrix_server_name"
FIELDS = (TOKEN, SERVER)
PATH = "/_matrix/federation/v1/openid/userinfo"
MAX_SECONDS = 6.0
"""For all of it: a member waits, and so does a thread of the server."""
MAX_RESPONSE_BYTES = 10_000
REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def read_token(account: ChannelAccount, handed: Mapping[str, str]) -> str:
    """The token of a client. Raises NotProven for one of another homeserver."""
    token = handed.get(TOKEN, "")
    is_ours = handed.get(SERVER) == member_sign_in.server_of(account.user)
    if not is_ours or not token.isascii() or not token.isprintable() or not token:
        raise NotProven
    return token


def find_user(account: ChannelAccount, token: str) -> str:
    """The Matrix id of the owner of a token. Raises NotProven or PlatformUnavailable."""
    status, reply = _ask(account.address, token)
    if status in REFUSALS:
        raise NotProven
    user = reply.get("sub")
    if status != HTTPStatus.OK or not isinstance(user, str):
        raise PlatformUnavailable(_unavailable())
    # A homeserver speaks for its own users only.
    server = member_sign_in.server_of(user)
    if not user.startswith("@") or server != member_sign_in.server_of(account.user):
        raise NotProven
    return user


def is_hidden(account: ChannelAccount) -> bool:
    """Whether tokens cannot be verified at the address of the homeserver."""
    try:
        status, reply = _ask(account.address, "none")
    except PlatformUnavailable:
        return True
    return status != HTTPStatus.UNAUTHORIZED or "errcode" not in reply


def _ask(address: str, token: str) -> tuple[int, dict[str, object]]:
    deadline = Deadline(MAX_SECONDS)
    url = f"{address}{PATH}?access_token={quote(token, safe='')}"
    headers = {"User-Agent": "Qunce", "Accept-Encoding": "identity"}
    try:
        target = homeservers.resolve(address, seconds=deadline.seconds_left())
        with connections.send(
            "GET", url, target, headers=headers, deadline=deadline
        ) as response:
            body = bytearray()
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise PlatformUnavailable(_unavailable())
    except connections.ERRORS:
        # The text of an error may have the address, and with it the token.
        raise PlatformUnavailable(_unavailable()) from None
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        reply = None
    return response.status, reply if isinstance(reply, dict) else {}


def _unavailable() -> str:
    return _("The Matrix server does not answer. Try again in a minute.")
