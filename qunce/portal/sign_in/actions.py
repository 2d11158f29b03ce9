"""What visitors do about who they are. Each verb of this package checks the rung itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from qunce.core import errors
from qunce.members.personal_links import (
    channel_sign_in,
    devices,
    limits,
    links,
    purposes,
    sign_in_codes,
)
from qunce.members.personal_links.models import LinkBinding, SignIn
from qunce.members.personal_links.tokens import Token
from qunce.portal.visitors import rungs
from qunce.portal.visitors.rungs import Rung
from qunce.portal.visitors.visitors import Visitor


def bind(
    *, visitor: Visitor, token: Token, agent: str, address: str, at: datetime
) -> LinkBinding:
    """Bind a personal link to the visitor's device: they say that it is theirs."""
    _count(visitor, token, address, at)
    return links.bind(
        token=token,
        device_digest=visitor.device,
        device_label=devices.describe(agent),
        at=at,
    )


def enter_with_link(
    *,
    visitor: Visitor,
    token: Token,
    digits: str,
    agent: str,
    address: str,
    at: datetime,
) -> SignIn:
    """Sign in with the digits that staff made, on the page of the link that goes with them.

    The link is bound only by the right digits, so that whoever else opens it first cannot
    take it from the member.
    """
    _count(visitor, token, address, at)
    if token.purpose != purposes.of(purposes.SIGN_IN):
        raise links.LinkNotFound
    account = links.check_open(token, at=at)
    device = devices.ensure(
        community=account.community,
        digest=visitor.device,
        label=devices.describe(agent),
        at=at,
    )
    signed_in = sign_in_codes.enter(
        account_id=account.pk, digits=digits, device=device, at=at
    )
    links.bind(
        token=token, device_digest=visitor.device, device_label=device.label, at=at
    )
    return signed_in


def enter(
    *, visitor: Visitor, digits: str, agent: str, address: str, at: datetime
) -> SignIn:
    """Sign in with the digits that staff made, on a device that has a personal link."""
    account = rungs.require(visitor, Rung.LINK)
    _count(visitor, None, address, at)
    device = devices.ensure(
        community=visitor.community,
        digest=visitor.device,
        label=devices.describe(agent),
        at=at,
    )
    return sign_in_codes.enter(account_id=account, digits=digits, device=device, at=at)


def show_code(*, visitor: Visitor, agent: str, address: str, at: datetime) -> str:
    """Six digits that the visitor says to staff or to the bot."""
    digits, _code = sign_in_codes.show(
        community=visitor.community,
        digest=visitor.device,
        label=devices.describe(agent),
        address=address,
        at=at,
    )
    return digits


def enter_through_channel(
    *,
    visitor: Visitor,
    channel: str,
    handed: Mapping[str, str],
    agent: str,
    address: str,
    at: datetime,
) -> SignIn:
    """Sign in with what the visitor's client of a channel hands over."""
    _count(visitor, None, address, at)
    return channel_sign_in.sign_in(
        community=visitor.community,
        channel=channel,
        handed=handed,
        digest=visitor.device,
        label=devices.describe(agent),
        at=at,
    )


def hand_over(
    *,
    visitor: Visitor,
    channel: str,
    handed: Mapping[str, str],
    address: str,
    at: datetime,
) -> str:
    """A code with which the visitor signs in on another device than the one asking."""
    _count(visitor, None, address, at)
    return channel_sign_in.hand_over(
        community=visitor.community, channel=channel, handed=handed, at=at
    )


def enter_with_code(
    *, visitor: Visitor, code: str, agent: str, address: str, at: datetime
) -> SignIn:
    """Sign in with a code that was handed over."""
    _count(visitor, None, address, at)
    return channel_sign_in.enter(
        community=visitor.community,
        code=code,
        digest=visitor.device,
        label=devices.describe(agent),
        at=at,
    )


def sign_out(*, visitor: Visitor, at: datetime) -> Visitor:
    """End the sign-in and revoke the links on this device; returns the visitor after it."""
    for account in {visitor.signed_in, *visitor.links.values()} - {None}:
        _remove_own_device(visitor, account, at)
    return replace(visitor, signed_in=None, signed_in_rung=0, links={})


def _remove_own_device(visitor: Visitor, account: int | None, at: datetime) -> None:
    row = devices.find(visitor.community, visitor.device)
    if row is not None and account is not None:
        links.remove_device(
            community=visitor.community, account_id=account, device=row.pk, at=at
        )


def remove_device(*, visitor: Visitor, device: int, at: datetime) -> None:
    """Take another device from the member, who is signed in on this one."""
    account = rungs.require(visitor, Rung.CHANNEL)
    if not links.remove_device(
        community=visitor.community, account_id=account, device=device, at=at
    ):
        raise errors.NotFound


def _count(visitor: Visitor, token: Token | None, address: str, at: datetime) -> None:
    limits.count(
        {
            "link": token.id.hex() if token else "",
            "device": visitor.device.hex(),
            "address": address,
        },
        most=limits.MAX_CODES,
        action="link",
        is_known=visitor.is_known,
        at=at,
    )
