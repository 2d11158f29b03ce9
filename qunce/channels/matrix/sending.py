"""Sends messages to rooms and to members, each exactly once.

The key of a message is the id of the transaction, together with the epoch of our database:
the homeserver answers a repeated one with the event that it has, and a restored backup
gives new messages the ids of old ones. Where it asks to wait, messages are postponed, and nothing here
sleeps: after one room is limited the others are tried, and after a second one the whole
account waits.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from qunce.channels import channel_contract
from qunce.channels.accounts import accounts
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.channel_contract import (
    Attachment,
    AttachmentKind,
    ChannelDown,
    DeliveryStatus,
    Message,
    Outcome,
)
from qunce.channels.matrix import direct_rooms
from qunce.channels.matrix.client import (
    HomeserverDown,
    LimitExceeded,
    MatrixClient,
    MatrixError,
    ReplyLost,
)
from qunce.core import epochs

MAX_SECONDS = 20.0
"""For a batch, whose lease is longer. What is left is sent with the next one."""
MAX_LIMITED_ROOMS = 2
DOWN_RETRY_DELAY = timedelta(minutes=1)
RATE_LIMITED, NO_REPLY, CHANNEL_DOWN = "rate_limited", "no_reply", "channel_down"
LEFT_CHAT, REFUSED, TOO_LONG, NO_ADDRESS = (
    "blocked",
    "refused",
    "too_long",
    "no_address",
)
MESSAGE_TYPES = {AttachmentKind.IMAGE: "m.image", AttachmentKind.VIDEO: "m.video"}
INVALID_TOKEN = ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED")


class Batch:
    """Sends some messages one after the other; `send_all` returns their outcomes."""

    def __init__(
        self, account: ChannelAccount, client: MatrixClient, at: datetime
    ) -> None:
        self.account, self.client, self.at = account, client, at
        self._limited: dict[str, timedelta] = {}
        self._is_down = False

    def send_all(self, messages: Sequence[Message]) -> list[Outcome]:
        end = time.monotonic() + MAX_SECONDS
        outcomes: list[Outcome] = []
        for message in messages:
            if time.monotonic() >= end:
                outcomes.append(
                    channel_contract.postponed(RATE_LIMITED, retry_after=timedelta())
                )
                continue
            outcomes.append(self._send_unless_limited(message))
        if self._limited:
            rows = ChannelAccount.objects.filter(pk=self.account.pk)
            rows.update(limited_at=self.at)
        if outcomes and all(each.reason == CHANNEL_DOWN for each in outcomes):
            raise ChannelDown
        return outcomes

    def _send_unless_limited(self, message: Message) -> Outcome:
        wait = self._limited.get(message.to)
        if len(self._limited) >= MAX_LIMITED_ROOMS:
            wait = max(self._limited.values())
        if wait is not None:
            return postponed(message.key, wait)
        if self._is_down:
            return channel_contract.postponed(
                CHANNEL_DOWN, retry_after=DOWN_RETRY_DELAY
            )
        try:
            event = self._send(message)
        except LimitExceeded as error:
            self._limited[message.to] = error.wait
            return postponed(message.key, error.wait)
        except HomeserverDown:
            self._is_down = True
            return channel_contract.postponed(
                CHANNEL_DOWN, retry_after=DOWN_RETRY_DELAY
            )
        except ReplyLost:
            return channel_contract.unknown(NO_REPLY)
        except direct_rooms.MemberLeftChat:
            return channel_contract.failed(LEFT_CHAT)
        except MatrixError as error:
            return self._refused(error)
        return Outcome(status=DeliveryStatus.DELIVERED, message_id=event)

    def _refused(self, error: MatrixError) -> Outcome:
        if error.code in INVALID_TOKEN:
            # Staff can give the account another token, and then it is sent.
            self._is_down = True
            accounts.request_check(self.account)
            return channel_contract.postponed(
                CHANNEL_DOWN, retry_after=DOWN_RETRY_DELAY
            )
        if error.code == "M_FORBIDDEN":
            accounts.request_check(self.account)
            return channel_contract.failed(channel_contract.NO_RIGHT)
        return channel_contract.failed(
            TOO_LONG if error.code == "M_TOO_LARGE" else REFUSED
        )

    def _send(self, message: Message) -> str:
        """Send a message; returns the id of its first event."""
        if not message.to:
            raise MatrixError(404, NO_ADDRESS, "no address")
        room = message.to
        if not message.is_group:
            room = direct_rooms.ensure(
                self.account, self.client, message.to, at=self.at
            )
        sent, key = [], f"{epochs.current()}-{message.key}"
        if message.text:
            body = {"msgtype": "m.text", "body": message.text, "m.mentions": {}}
            sent.append(self.client.send(room, key, body))
        for index, attachment in enumerate(message.attachments):
            content = self._upload(attachment)
            if content:
                sent.append(self.client.send(room, f"{key}-{index}", content))
        return sent[0] if sent else ""

    def _upload(self, attachment: Attachment) -> dict[str, Any] | None:
        if attachment.path is None:
            return None
        content = attachment.path.read_bytes()
        name = attachment.name or attachment.title or attachment.path.name
        media_type = attachment.media_type or "application/octet-stream"
        return {
            "msgtype": MESSAGE_TYPES.get(attachment.kind, "m.file"),
            "body": name,
            "url": self.client.upload(content, name=name, media_type=media_type),
            "info": {"mimetype": media_type, "size": len(content)},
        }


def postponed(key: str, wait: timedelta) -> Outcome:
    """Wait as long as the server asks, and up to a quarter longer.

    The rest comes from the key: what waits together does not come back together.
    """
    share = zlib.crc32(key.encode()) / 2**32
    return channel_contract.postponed(RATE_LIMITED, retry_after=wait * (1 + share / 4))
