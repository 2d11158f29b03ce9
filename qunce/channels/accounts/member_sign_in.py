"""Sign-in of members through a channel, whose platform identifies their account.

The client of a member hands over what its platform gave it, such as a token. The provider
of the channel asks the platform of the account that the community has connected, and no
other: what the client writes decides nothing about where the server calls.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from qunce.channels.accounts import accounts, providers
from qunce.channels.accounts.accounts import ChannelChanged
from qunce.channels.accounts.models import ChannelAccount
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff.models import Staff

FRAME_ORIGINS = "frame_origins"
"""The setting with the origins of apps that may show member pages in a frame."""
MAX_ORIGINS = 10
MAX_HANDED_LENGTH = 2_000
ORIGIN = re.compile(
    r"(https?)://([a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?::([0-9]{1,5}))?", re.ASCII
)
DESKTOP_APP = "vector://vector"
"""The origin of Element on the desktop."""
DEFAULT_PORTS = {"https": "443", "http": "80"}


class NotProven(errors.Refused):
    """What was handed over proves nothing."""


class PlatformUnavailable(errors.Unavailable):
    """The platform did not answer, so that nothing is known."""


class InvalidOrigin(errors.Invalid):
    """An address is no origin of an app."""


class SignInNotPossible(errors.Refused):
    """Members cannot sign in through this channel."""


@runtime_checkable
class SignInProvider(Protocol):
    """A provider through whose channel members sign in, one object per channel.

    A provider that is none of these is for the accounts of the community only.
    """

    sign_in_fields: Sequence[str]
    """What the client hands over: the names of the fields of the form."""

    def read_token(self, account: ChannelAccount, handed: Mapping[str, str]) -> str:
        """The token to send to the platform, which is accepted once. No network call.

        Raises NotProven, also for what is of another server than the account's.
        """
        ...

    def find_user(self, account: ChannelAccount, token: str) -> str:
        """The platform's id of the member, as the platform of the account says it.

        Raises NotProven, or PlatformUnavailable in a few seconds.
        """
        ...


@dataclass(frozen=True)
class Claim:
    """What a client has handed over, before the platform was asked.

    `digest` is the same for the same token, so that it is taken once.
    """

    account: ChannelAccount
    token: str
    digest: bytes

    def __repr__(self) -> str:
        return f"claim at {self.account}"


# Checks


def check_origins(origins: Iterable[str]) -> list[str]:
    """The origins as they are stored. Raises InvalidOrigin."""
    found = dict.fromkeys(_check_origin(each) for each in origins if each.strip())
    if len(found) > MAX_ORIGINS:
        raise InvalidOrigin(_("At most %(n)s apps are possible.") % {"n": MAX_ORIGINS})
    return list(found)


def _check_origin(text: str) -> str:
    text = text.strip().rstrip("/")
    if text == DESKTOP_APP:
        return text
    match = ORIGIN.fullmatch(text.lower())
    if match is None or ".." in match[2] or int(match[3] or 1) not in range(1, 65_536):
        raise InvalidOrigin(
            _(
                "“%(text)s” is no address of an app. Write it like "
                "https://app.element.io, without a path."
            )
            % {"text": text[:100]}
        )
    scheme, host, port = match.groups()
    if scheme != "https" and not settings.ALLOW_PRIVATE_HOMESERVERS:
        raise InvalidOrigin(_("The address of an app must begin with https://."))
    is_default = port is None or port == DEFAULT_PORTS[scheme]
    return f"{scheme}://{host}" if is_default else f"{scheme}://{host}:{port}"


# Verbs


@transaction.atomic
def allow_frames(
    *, account: ChannelAccount, origins: Iterable[str], by: Staff, at: datetime
) -> None:
    """Set which apps show member pages in a frame of theirs; without one, none does."""
    accounts.check_may(by, account)
    if not isinstance(providers.get(account.channel), SignInProvider):
        raise SignInNotPossible(_("Members cannot sign in through this channel."))
    checked = check_origins(origins)
    rows = ChannelAccount.objects.select_for_update()
    stored = rows.get(pk=account.pk)
    if stored.settings.get(FRAME_ORIGINS, []) == checked:
        return
    account.settings = stored.settings | {FRAME_ORIGINS: checked}
    account.save(update_fields=["settings"])
    fact = ChannelChanged(channel=account.channel, fields=[FRAME_ORIGINS])
    facts.record(fact, community=account.community, by=by, at=at)
    accounts.request_check(account)


# Reads


def origins_of(account: ChannelAccount) -> list[str]:
    return list(account.settings.get(FRAME_ORIGINS) or [])


def list_origins(community_id: int) -> list[str]:
    """The origins of all apps in which members of a community sign in."""
    rows = ChannelAccount.objects.filter(
        community=community_id, disconnected_at__isnull=True
    )
    found = [origin for row in rows.order_by("pk") for origin in origins_of(row)]
    return list(dict.fromkeys(found))


def find_provider(channel: str) -> SignInProvider | None:
    """The provider of a channel through which members sign in, or None."""
    if channel not in providers.list_channels():
        return None
    provider = providers.get(channel)
    return provider if isinstance(provider, SignInProvider) else None


def read_claim(community_id: int, channel: str, handed: Mapping[str, str]) -> Claim:
    """What a client hands over to a community. Raises NotProven; asks nobody."""
    provider = find_provider(channel)
    account = accounts.find(community_id, channel)
    if provider is None or account is None:
        raise NotProven
    short = {name: handed.get(name, "") for name in provider.sign_in_fields}
    if any(len(value) > MAX_HANDED_LENGTH for value in short.values()):
        raise NotProven
    token = provider.read_token(account, short)
    # Of the server and not of the community, as a token is taken once in all of them.
    text = "\0".join((channel, server_of(account.user), token))
    return Claim(account, token, hashlib.sha256(text.encode()).digest())


def find_user(claim: Claim) -> str:
    """The platform's id of the member. Raises NotProven or PlatformUnavailable."""
    provider = find_provider(claim.account.channel)
    if provider is None:
        raise NotProven
    return provider.find_user(claim.account, claim.token)


def server_of(user: str) -> str:
    """The part of a platform's id that names the server, if there is one."""
    return user.partition(":")[2]
