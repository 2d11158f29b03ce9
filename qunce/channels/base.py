"""The contract of a channel: what it can do, and sending, with an outcome a message.

A channel knows no domain. It gets messages that are ready to go and says of each what
became of it; whoever called keeps the rows (see `outbox`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a channel can do; the console offers nothing else.

    `idempotent_sends`: the same message key given twice goes out once. Without it a
    message whose outcome got lost is never tried again. `per_minute` is null where
    nothing limits it, `longest` counts characters.
    """

    to_member: bool = False
    to_group: bool = False
    needs_person: bool = False
    can_mute: bool = False
    can_kick: bool = False
    can_ban: bool = False
    can_delete: bool = False
    can_invite: bool = False
    read_receipts: bool = False
    idempotent_sends: bool = False
    per_minute: int | None = None
    longest: int = 4_000


@dataclass(frozen=True, kw_only=True)
class Message:
    """`key` is the same for every attempt; `to` is what the channel calls the receiver."""

    key: str
    to: str
    text: str
    is_group: bool = False


class Became(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    """The channel has it; whether it arrived is told later, or never."""
    DELIVERED = "delivered"
    NEEDS_PERSON = "needs_person"
    """Nothing went out: somebody has to post it by hand."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A failure is permanent unless it says after which time to try again."""

    became: Became
    reason: str = ""
    retry_after: timedelta | None = None

    @property
    def is_permanent(self) -> bool:
        return self.became == Became.FAILED and self.retry_after is None


def failed(reason: str, *, retry_after: timedelta | None = None) -> Outcome:
    return Outcome(became=Became.FAILED, reason=reason, retry_after=retry_after)


class ChannelDown(errors.QunceError):
    """The channel could not be reached, and nothing of this call went out."""


class UnknownChannel(errors.NotFound):
    """There is no such channel."""


class Channel(Protocol):
    """Everything a channel must have; `tests/contracts` holds it to what it says."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> StrOrPromise: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        """One outcome a message, in their order.

        Raises ChannelDown if nothing went out. Any other error leaves open what did.
        """
        ...


_channels: dict[str, Channel] = {}


def register(channel: Channel) -> Channel:
    _channels[channel.name] = channel
    return channel


def unregister(name: str) -> None:
    _channels.pop(name, None)


def get(name: str) -> Channel:
    if name not in _channels:
        raise UnknownChannel(_("There is no channel “%(name)s”.") % {"name": name})
    return _channels[name]


def listed() -> list[Channel]:
    return [_channels[name] for name in sorted(_channels)]
