"""The visitor of a page, by the cookie of their device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from qunce.core.communities import Community
from qunce.members.personal_links import devices, links
from qunce.portal.visitors.device_cookies import DeviceCookie
from qunce.portal.visitors.rungs import Rung


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """`device` is the digest of the cookie; `links` are purpose → account, newest first.

    `account_id` is the member who is signed in, or else whose newest link the device has.
    """

    community: Community
    device: bytes
    signed_in: int | None = None
    signed_in_rung: int = 0
    links: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    """Purpose → the message whose link it was, such as `campaign:12`."""

    @property
    def rung(self) -> Rung:
        if self.signed_in is not None:
            return Rung(self.signed_in_rung)
        return Rung.LINK if self.links else Rung.PUBLIC

    @property
    def account_id(self) -> int | None:
        return self.account_for("")

    @property
    def purpose(self) -> str:
        """The purpose of the newest link, "" for a visitor who is signed in."""
        if self.signed_in is not None:
            return ""
        return next(iter(self.links), "")

    @property
    def is_known(self) -> bool:
        return self.account_id is not None

    def may(self, rung: Rung, *, purpose: str = "") -> bool:
        """Whether `rungs.require` would let them."""
        if rung <= Rung.PUBLIC:
            return True
        if rung == Rung.LINK:
            return self.account_for(purpose) is not None
        return self.signed_in is not None

    def account_for(self, purpose: str) -> int | None:
        """Their account for a purpose, by sign-in or by a link for it; "" for any link."""
        if self.signed_in is not None:
            return self.signed_in
        if purpose:
            return self.links.get(purpose)
        return next(iter(self.links.values()), None)


def find(community: Community, cookie: DeviceCookie, *, at: datetime) -> Visitor:
    """The visitor with a cookie; one without rows is on the lowest rung."""
    digest = devices.digest_of(cookie.secret)
    sign_in = devices.find_sign_in(
        community, digest, at=at, visited_at=cookie.visited_at
    )
    purposes: dict[str, int] = {}
    sources: dict[str, str] = {}
    for binding in links.list_of_device(community, digest, at=at):
        purposes.setdefault(binding.purpose, binding.account_id)
        sources.setdefault(binding.purpose, binding.source)
    return Visitor(
        community=community,
        device=digest,
        signed_in=sign_in.account_id if sign_in else None,
        signed_in_rung=sign_in.rung if sign_in else 0,
        links=purposes,
        sources=sources,
    )
