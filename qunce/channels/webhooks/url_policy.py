"""Where a webhook may go: the open internet, and never into our own network.

A name is looked up once, each of its addresses is judged, and the call goes to the judged
address: another answer of the name server a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import errors

LONGEST = 500
PORTS = {"https": 443, "http": 80}
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as IPv6 networks write them."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class InvalidAddress(errors.Invalid):
    """A webhook's address cannot be called."""


@dataclass(frozen=True)
class Target:
    """`address` is called, `host` is who it has to be."""

    scheme: str
    host: str
    port: int
    address: str


def check(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address that could be called; nothing is looked up."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url
    if not host or parts.username is not None or len(url) > LONGEST or not plain:
        raise InvalidAddress(_("Write an address like https://example.com/hook."))
    if parts.scheme != "https" and not (
        parts.scheme == "http" and settings.ALLOW_PRIVATE_WEBHOOKS
    ):
        raise InvalidAddress(_("The address of a webhook must begin with https://."))
    return parts.scheme, host, port or PORTS[parts.scheme]


def find(url: str) -> Target:
    """Look the host up and judge it."""
    scheme, host, port = check(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise InvalidAddress(
            _("The host name “%(host)s” cannot be resolved.") % {"host": host}
        ) from None
    addresses = [str(each[4][0]) for each in found]
    if not settings.ALLOW_PRIVATE_WEBHOOKS and not all(map(is_open, addresses)):
        raise InvalidAddress(_("“%(host)s” is in a private network.") % {"host": host})
    return Target(scheme, host, port, addresses[0])


def is_open(text: str) -> bool:
    """Whether everybody on the internet could mean this address."""
    address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
    return address.is_global and not address.is_multicast


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that some IPv6 addresses only carry."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
