"""Which URLs a webhook may have: those on the public internet, over HTTPS."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core.web import addresses
from qunce.core.web.addresses import InvalidUrl as InvalidUrl
from qunce.core.web.addresses import Target as Target

MAX_URL_LENGTH = 500


def check(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL, without resolving the host."""
    parts = addresses.parse(url) if len(url) <= MAX_URL_LENGTH else None
    if parts is None:
        raise InvalidUrl(_("Write an address like https://example.com/hook."))
    if parts[0] != "https" and not settings.ALLOW_PRIVATE_WEBHOOKS:
        raise InvalidUrl(_("The address of a webhook must begin with https://."))
    return parts


def resolve(url: str, *, seconds: float) -> Target:
    """Resolve the host of a URL. Raises InvalidUrl if any of its addresses is private.

    Raises ResolverTimeout if there is no answer within `seconds`.
    """
    return addresses.resolve(*check(url), seconds=seconds)
