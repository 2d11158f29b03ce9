"""The assisted channel: a person posts each message, so it works with any chat app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy

from qunce.channels.channel_contract import (
    AttachmentKind,
    Capabilities,
    DeliveryStatus,
    GroupAction,
    Message,
    Outcome,
    SendingChannel,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class AssistedChannel(SendingChannel):
    """Sends nothing. Every message needs a person, who marks it as sent."""

    name: ClassVar[str] = "assisted"
    label: ClassVar[StrOrPromise] = gettext_lazy("sent by staff")
    capabilities: ClassVar[Capabilities] = Capabilities(
        to_member=True,
        to_group=True,
        needs_person=True,
        idempotent_sends=True,
        attachments=frozenset(AttachmentKind),
        # One text and what a chat app sends in one go.
        max_attachments=20,
    )

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        return [Outcome(status=DeliveryStatus.NEEDS_PERSON) for _message in messages]

    def act(self, action: GroupAction, *, at: datetime) -> Outcome:
        return Outcome(status=DeliveryStatus.NEEDS_PERSON)
