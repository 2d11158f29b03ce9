"""A shop with a channel, whose members write to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from qunce import reactions
from qunce.channels import channel_contract, inbox
from qunce.channels.testing import FakeChannel
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.outreach.replies.models import Conversation
from qunce.outreach.sending import channel_events
from qunce.sets.mirror import deriver
from tests.factories import AT

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Chats:
    """Events of the channel `fake`. `write` handles one as the server does."""

    def __init__(self, community: Community, channel: FakeChannel) -> None:
        self.community, self.channel = community, channel
        self.count = 0

    def write(
        self,
        key: str,
        text: str,
        *,
        group: str = "",
        at: datetime = AT,
        handled_at: datetime | None = None,
        **payload: Any,
    ) -> str:
        """Report a message and let it be handled; returns the channel's id of it."""
        self.count += 1
        number = f"$m{self.count}"
        fields = {"from": key, "text": text, "id": number, **payload}
        if group:
            fields["group"] = group
        inbox.receive(
            community=self.community,
            channel="fake",
            key=number,
            kind="message",
            payload=fields,
            at=at,
            happened_at=at,
        )
        handled_at = handled_at or at
        inbox.dispatch(handlers=channel_events.HANDLERS, at=handled_at)
        self.react(handled_at)
        return number

    def react(self, at: datetime) -> None:
        deriver.catch_up()
        reactions.CONSUMER.catch_up(at=at)

    def members(self, *keys: str) -> dict[str, int]:
        return accounts.ensure(
            community=self.community,
            keys=dict.fromkeys(keys, AT),
            by=staff_models.system(self.community),
            at=AT,
            channel="fake",
        )

    def conversations(self, **fields: Any) -> list[Conversation]:
        rows = Conversation.objects.filter(community=self.community, **fields)
        return list(rows.select_related("community", "staff").order_by("pk"))


def opened(community: Community) -> Iterator[Chats]:
    channel = FakeChannel()
    channel_contract.register(channel)
    yield Chats(community, channel)
    channel_contract.unregister("fake")
