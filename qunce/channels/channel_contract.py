"""The contract of a channel: what it can do, how it sends messages and acts in groups.

A channel knows nothing about members or campaigns. It gets messages that are ready to be
sent and returns an outcome for each. The caller stores them (see `outbox`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, Self

from django.utils.translation import gettext as _

from qunce.core import errors

if TYPE_CHECKING:
    from pathlib import Path

    from django_stubs_ext import StrOrPromise


class LengthUnit(StrEnum):
    """What a channel counts: an emoji is 1 character, 2 units of UTF-16 and 4 bytes."""

    BYTES = "bytes"
    CHARACTERS = "characters"
    UTF16 = "utf16"


def measure(text: str, unit: LengthUnit) -> int:
    """The length of a text in the unit of a channel."""
    if unit == LengthUnit.BYTES:
        return len(text.encode())
    if unit == LengthUnit.UTF16:
        return len(text.encode("utf-16-le")) // 2
    return len(text)


class AttachmentKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    FILE = "file"
    LINK = "link"
    MINI_PROGRAM = "mini_program"


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a channel can do. The console shows only what is possible.

    `idempotent_sends` means that a message sent twice with the same key arrives once.
    Without it, a message whose outcome was lost is never sent again. `per_minute` is
    null if there is no limit. `max_length` is in `length_unit`. `attachments` are the
    kinds that the channel sends itself; it gets others as text where that is possible.
    `welcome_within` is how long after a join the platform allows a welcome, null for ever.
    """

    to_member: bool = False
    to_group: bool = False
    needs_person: bool = False
    can_mute: bool = False
    can_kick: bool = False
    can_ban: bool = False
    can_delete: bool = False
    can_invite: bool = False
    can_close_door: bool = False
    read_receipts: bool = False
    idempotent_sends: bool = False
    per_minute: int | None = None
    max_length: int = 4_000
    length_unit: LengthUnit = LengthUnit.CHARACTERS
    attachments: frozenset[AttachmentKind] = frozenset()
    max_attachments: int = 9
    welcome_within: timedelta | None = None

    def allow(self, kind: ActionKind) -> bool:
        """Whether the channel can do this in a group."""
        return bool(getattr(self, CAPABILITY_OF[kind]))


class ActionKind(StrEnum):
    """What a channel can do in a group besides sending."""

    DELETE = "delete"
    MUTE = "mute"
    UNMUTE = "unmute"
    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"
    INVITE = "invite"
    CLOSE_DOOR = "close_door"
    OPEN_DOOR = "open_door"


CAPABILITY_OF = {
    ActionKind.DELETE: "can_delete",
    ActionKind.MUTE: "can_mute",
    ActionKind.UNMUTE: "can_mute",
    ActionKind.KICK: "can_kick",
    ActionKind.BAN: "can_ban",
    ActionKind.UNBAN: "can_ban",
    ActionKind.INVITE: "can_invite",
    ActionKind.CLOSE_DOOR: "can_close_door",
    ActionKind.OPEN_DOOR: "can_close_door",
}
"""The field of `Capabilities` that says whether a channel can do it."""


@dataclass(frozen=True, kw_only=True)
class GroupAction:
    """`key` is the same for every attempt.

    `group`, `member` and `message` are the channel's ids. Each action needs its group;
    `DELETE` needs the message, and what concerns one person needs the member.
    """

    key: str
    kind: ActionKind
    group: str
    member: str = ""
    message: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """What is sent after the text: a file at `path`, a link, or a mini-program's page.

    `cover` is the picture of a link or a mini-program card.
    """

    kind: AttachmentKind
    title: str = ""
    description: str = ""
    url: str = ""
    app_id: str = ""
    app_path: str = ""
    path: Path | None = None
    name: str = ""
    media_type: str = ""
    cover: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """`key` is the same for every attempt. `to` is the channel's id of the recipient."""

    key: str
    to: str
    text: str
    is_group: bool = False
    attachments: tuple[Attachment, ...] = ()


class DeliveryStatus(StrEnum):
    ACCEPTED = "accepted"
    """The channel has the message; a receipt may report later that it arrived."""
    DELIVERED = "delivered"
    NEEDS_PERSON = "needs_person"
    """Nothing was sent: a person has to post the message."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may have been sent: the platform's reply was lost, or did not come in time."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of sending one message, or of one action in a group.

    A failure is permanent unless `retry_after` is set. A message with an unknown outcome
    is sent again where the channel has idempotent sends, and never elsewhere. What was
    not even tried, since the platform asks to wait, `is_attempt` false, does not count
    towards the attempts after which a message is given up. `message_id` is the channel's
    id of a message that was sent.
    """

    status: DeliveryStatus
    reason: str = ""
    retry_after: timedelta | None = None
    is_attempt: bool = True
    message_id: str = ""

    @property
    def is_permanent_failure(self) -> bool:
        return self.status == DeliveryStatus.FAILED and self.retry_after is None


DELIVERED = Outcome(status=DeliveryStatus.DELIVERED)
"""It arrived. Of an action: it was done, or what it asks for was so already."""

NO_RIGHT, STRONGER_MEMBER = "no_right", "stronger_user"
NOT_CONNECTED, NOT_SUPPORTED = "not_connected", "not_supported"
"""Reasons of permanent failures that every channel reports with the same word: our
account lacks the right, the member has as many rights as our account, the community has
not connected the channel, the channel cannot do this."""


def failed(reason: str, *, retry_after: timedelta | None = None) -> Outcome:
    return Outcome(status=DeliveryStatus.FAILED, reason=reason, retry_after=retry_after)


def postponed(reason: str, *, retry_after: timedelta) -> Outcome:
    """It was not done, and will be; that is no failed attempt."""
    return Outcome(
        status=DeliveryStatus.FAILED,
        reason=reason,
        retry_after=retry_after,
        is_attempt=False,
    )


def unknown(reason: str) -> Outcome:
    return Outcome(status=DeliveryStatus.UNKNOWN, reason=reason)


class ChannelDown(errors.QunceError):
    """The channel could not be reached, and no message was sent."""


class ChannelNotFound(errors.NotFound):
    """There is no such channel."""


class ChannelNotConnected(errors.Refused):
    """The community has not connected the channel."""


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

    def act(self, action: GroupAction, *, at: datetime) -> Outcome:
        """Do something in a group, for channels whose capabilities allow it.

        What is so already is delivered: a person who was kicked is kicked. A repeated
        key does nothing twice. Raises ChannelDown if nothing was done.
        """
        ...

    def for_community(self, community_id: int) -> Channel:
        """This channel with the account of the community; itself if it needs none."""
        ...


class SendingChannel:
    """Base of channels that need no account and only send."""

    def act(self, action: GroupAction, *, at: datetime) -> Outcome:
        return failed(NOT_SUPPORTED)

    def for_community(self, community_id: int) -> Self:
        return self


_channels: dict[str, Channel] = {}
_connected: dict[str, Callable[[int], bool]] = {}


def register(
    channel: Channel, *, is_connected: Callable[[int], bool] | None = None
) -> Channel:
    """`is_connected` says whether a community has connected a channel with accounts."""
    _channels[channel.name] = channel
    if is_connected is not None:
        _connected[channel.name] = is_connected
    return channel


def unregister(name: str) -> None:
    _channels.pop(name, None)
    _connected.pop(name, None)


def get(name: str) -> Channel:
    if name not in _channels:
        raise ChannelNotFound(_("There is no channel “%(name)s”.") % {"name": name})
    return _channels[name]


def for_community(name: str, community_id: int) -> Channel:
    """The channel with the account of a community. Channels without accounts ignore it."""
    return get(name).for_community(community_id)


def is_connected(name: str, community_id: int) -> bool:
    """Whether a community can use a channel: it needs no account, or it has one."""
    check = _connected.get(name)
    return name in _channels and (check is None or check(community_id))


def check_connected(name: str, community_id: int) -> None:
    """Raise ChannelNotFound or ChannelNotConnected unless a community can use it."""
    label = get(name).label
    if not is_connected(name, community_id):
        raise ChannelNotConnected(
            _("%(channel)s is not connected. Connect it under Settings → Channels.")
            % {"channel": label}
        )


def list_channels(community_id: int | None = None) -> list[Channel]:
    """All channels, or those that a community can use."""
    names = sorted(_channels)
    if community_id is not None:
        names = [name for name in names if is_connected(name, community_id)]
    return [_channels[name] for name in names]
