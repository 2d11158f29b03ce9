"""The contract of a channel: what it can do, and how it sends messages.

A channel knows nothing about members or campaigns. It gets messages that are ready to be
sent and returns an outcome for each. The caller stores them (see `outbox`).
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
    """What a channel can do. The console shows only what is possible.

    `idempotent_sends` means that a message sent twice with the same key arrives once.
    Without it, a message whose outcome was lost is never sent again. `per_minute` is
    null if there is no limit. `max_length` is in characters.
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
    max_length: int = 4_000


@dataclass(frozen=True, kw_only=True)
class Message:
    """`key` is the same for every attempt. `to` is the channel's id of the recipient."""

    key: str
    to: str
    text: str
    is_group: bool = False


class DeliveryStatus(StrEnum):
    ACCEPTED = "accepted"
    """The channel has the message; a receipt may report later that it arrived."""
    DELIVERED = "delivered"
    NEEDS_PERSON = "needs_person"
    """Nothing was sent: a person has to post the message."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of sending one message.

    A failure is permanent unless `retry_after` is set.
    """

    status: DeliveryStatus
    reason: str = ""
    retry_after: timedelta | None = None

    @property
    def is_permanent_failure(self) -> bool:
        return self.status == DeliveryStatus.FAILED and self.retry_after is None


def failed(reason: str, *, retry_after: timedelta | None = None) -> Outcome:
    return Outcome(status=DeliveryStatus.FAILED, reason=reason, retry_after=retry_after)


class ChannelDown(errors.QunceError):
    """The channel could not be reached, and no message was sent."""


class ChannelNotFound(errors.NotFound):
    """There is no such channel."""


class Channel(Protocol):
    """What every channel provides; `tests/contracts/test_channels.py` checks it."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> StrOrPromise: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        """Send messages and return their outcomes in the same order.

        Raises ChannelDown if none was sent. After any other error it is unknown which
        were sent.
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
        raise ChannelNotFound(_("There is no channel “%(name)s”.") % {"name": name})
    return _channels[name]


def list_channels() -> list[Channel]:
    return [_channels[name] for name in sorted(_channels)]
