"""Which homeservers the server calls: those on the public internet, over HTTPS.

A homeserver is often beside Qunce, in the same private network. The operator of the
installation may therefore allow private addresses for homeservers alone
(`QUNCE_ALLOW_PRIVATE_HOMESERVERS`), and webhooks still stay on the internet.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core.web import addresses
from qunce.core.web.addresses import InvalidUrl, Target

MAX_URL_LENGTH = 200


def check(url: str) -> str:
    """Return the address of a homeserver as it is stored, without resolving the host."""
    url = url.strip().rstrip("/")
    _parse(url)
    return url


def _parse(url: str) -> tuple[str, str, int]:
    parts = addresses.parse(url) if len(url) <= MAX_URL_LENGTH else None
    if parts is None or "?" in url or "#" in url:
        raise InvalidUrl(
            _("Write the address of the homeserver like https://matrix.example.com.")
        )
    if parts[0] != "https" and not settings.ALLOW_PRIVATE_HOMESERVERS:
        raise InvalidUrl(_("The address of a homeserver must begin with https://."))
    return parts


def resolve(url: str, *, seconds: float) -> Target:
    """Resolve the host of a homeserver. Raises InvalidUrl if it may not be called.

    Raises ResolverTimeout if there is no answer within `seconds`.
    """
    allow_private = settings.ALLOW_PRIVATE_HOMESERVERS
    return addresses.resolve(*_parse(url), seconds=seconds, allow_private=allow_private)
