"""From which address somebody calls, also behind proxies of our own."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any


def resolve(meta: Mapping[str, Any], *, proxies: int) -> str:
    """Each of our proxies adds whom it heard; what stands before that anybody may write."""
    peer = str(meta.get("REMOTE_ADDR") or "")
    if proxies <= 0:
        return _normalise(peer)
    heard = [
        each.strip() for each in str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    ]
    told = heard[-proxies] if len(heard) >= proxies else ""
    return _normalise(told) or _normalise(peer)


def _normalise(text: str) -> str:
    """The address in its shortest form; for IPv6 the /64 that one household has."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
