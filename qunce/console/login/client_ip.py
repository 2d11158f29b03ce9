"""The client's IP address, read from forwarding headers behind our own proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any


def resolve(meta: Mapping[str, Any], *, proxies: int) -> str:
    """Return the address that the outermost of `proxies` trusted proxies reported.

    Each proxy appends the address it received the request from. Anything before the
    last `proxies` entries was sent by the client and cannot be trusted.
    """
    peer = str(meta.get("REMOTE_ADDR") or "")
    if proxies <= 0:
        return _normalise(peer)
    header = str(meta.get("HTTP_X_FORWARDED_FOR", ""))
    chain = [address.strip() for address in header.split(",")]
    reported = chain[-proxies] if len(chain) >= proxies else ""
    return _normalise(reported) or _normalise(peer)


def _normalise(text: str) -> str:
    """Return an IP address in its shortest form, or "" if `text` is none.

    IPv6 addresses are reduced to their /64 network, which is what one household gets.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
