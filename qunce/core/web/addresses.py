"""Which web addresses the server itself may call: only those on the public internet.

A host name is resolved once, every address is checked, and the request goes to the
checked address. A DNS answer that changes in the meantime has no effect.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.web import resolver

DEFAULT_PORTS = {"https": 443, "http": 80}
NAT64_NETWORK = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that a gateway translates to IPv4."""
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All that is assigned to hosts of the internet, with a few exceptions inside."""
NOT_HOSTS = tuple(
    map(
        ipaddress.ip_network,
        (
            "2001::/23",  # protocols of the IETF, such as Teredo
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, whose gateways are gone
            "3fff::/20",  # documentation
            "192.0.0.0/24",  # protocols of the IETF
            "192.88.99.0/24",  # the gateways of 6to4
        ),
    )
)
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class InvalidUrl(errors.Invalid):
    """The server does not call this address."""


class UnknownHost(InvalidUrl):
    """The host name has no address."""


class PrivateAddress(InvalidUrl):
    """The host is not on the public internet, or has another address that is not."""


@dataclass(frozen=True)
class Target:
    """`address` is the IP address to connect to; `host` is verified by TLS."""

    scheme: str
    host: str
    port: int
    address: str


def parse(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a complete web address, else None."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    # Two parsers may disagree about other characters, and then check one host and call
    # another.
    plain = url.isascii() and url.isprintable() and " " not in url
    if (
        not host
        or not plain
        or parts.username is not None
        or parts.scheme not in DEFAULT_PORTS
    ):
        return None
    return parts.scheme, host, port or DEFAULT_PORTS[parts.scheme]


def resolve(
    scheme: str,
    host: str,
    port: int,
    *,
    seconds: float,
    allow_private: bool | None = None,
) -> Target:
    """Resolve a host. Raises InvalidUrl if any of its addresses is private.

    `allow_private` is for private addresses; None is what the settings say of webhooks.

    Raises ResolverTimeout if there is no answer within `seconds`.
    """
    try:
        addresses = resolver.look_up(host, port, seconds=seconds)
    except resolver.ResolverTimeout:
        raise
    except (OSError, UnicodeError):
        raise UnknownHost(
            _("The host name “%(host)s” cannot be resolved.") % {"host": host}
        ) from None
    # All of them must be public: otherwise a second record could lead into the local
    # network.
    if allow_private is None:
        allow_private = settings.ALLOW_PRIVATE_WEBHOOKS
    if not allow_private and not all(map(is_public, addresses)):
        raise PrivateAddress(_("“%(host)s” is in a private network.") % {"host": host})
    return Target(scheme, host, port, addresses[0])


def is_public(text: str) -> bool:
    """Whether an IP address is of one host of the public internet.

    Only what is known to be public is allowed: a list of private networks is never
    complete.
    """
    address: IpAddress = ipaddress.ip_address(text.partition("%")[0])
    # IPv6 addresses that embed an IPv4 address lead to that one.
    if isinstance(address, ipaddress.IPv6Address):
        if address in NAT64_NETWORK:
            address = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        elif address.ipv4_mapped:
            address = address.ipv4_mapped
        elif address not in GLOBAL_UNICAST:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in NOT_HOSTS)
    )
