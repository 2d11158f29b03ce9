"""A channel in memory, for tests of Qunce and of programs that are built on it.

channel = FakeChannel(capabilities=Capabilities(to_member=True))
channel.script["bob"] = [failed("away", retry_after=HOUR)]
channel.action_script[ActionKind.KICK] = [failed("no_right")]
channel.crash_after(3)  # the process dies after the third message was sent
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Self

from qunce.channels.channel_contract import (
    DELIVERED as DELIVERED,
)
from qunce.channels.channel_contract import (
    NOT_SUPPORTED,
    ActionKind,
    AttachmentKind,
    Capabilities,
    ChannelDown,
    DeliveryStatus,
    GroupAction,
    Message,
    Outcome,
    failed,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ARRIVED = (
    DeliveryStatus.ACCEPTED,
    DeliveryStatus.DELIVERED,
    # Where only the reply was lost.
    DeliveryStatus.UNKNOWN,
)
ALL_CAPABILITIES = Capabilities(
    to_member=True,
    to_group=True,
    can_mute=True,
    can_kick=True,
    can_ban=True,
    can_delete=True,
    can_invite=True,
    can_close_door=True,
    read_receipts=True,
    idempotent_sends=True,
    attachments=frozenset(AttachmentKind),
)


class SimulatedCrash(BaseException):
    """Stands for the death of the process. No `except Exception` catches it."""


@dataclass
class FakeChannel:
    """`script` has the next outcomes by recipient; without any, a message is delivered.

    `delivered` has the messages that arrived, in order. `action_script` has the next
    outcomes by kind of action, and `actions` what was done, in order; a repeated key is
    done once.
    """

    name: str = "fake"
    label: StrOrPromise = "fake"
    capabilities: Capabilities = ALL_CAPABILITIES
    script: dict[str, list[Outcome]] = field(default_factory=dict)
    delivered: list[Message] = field(default_factory=list)
    action_script: dict[ActionKind, list[Outcome]] = field(default_factory=dict)
    actions: list[GroupAction] = field(default_factory=list)
    is_down: bool = False
    _messages_until_crash: int | None = None

    def crash_after(self, messages: int) -> None:
        self._messages_until_crash = messages

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        if self.is_down:
            raise ChannelDown
        outcomes = []
        for message in messages:
            if self._messages_until_crash == 0:
                self._messages_until_crash = None
                raise SimulatedCrash
            scripted = self.script.get(message.to)
            outcome = scripted.pop(0) if scripted else DELIVERED
            if outcome.status in ARRIVED:
                keys = {sent.key for sent in self.delivered}
                # An idempotent channel accepts a repeated key but delivers it once.
                if not (self.capabilities.idempotent_sends and message.key in keys):
                    self.delivered.append(message)
            if self._messages_until_crash is not None:
                self._messages_until_crash -= 1
            outcomes.append(outcome)
        return outcomes

    def act(self, action: GroupAction, *, at: datetime) -> Outcome:
        if self.is_down:
            raise ChannelDown
        if not self.capabilities.allow(action.kind):
            return failed(NOT_SUPPORTED)
        scripted = self.action_script.get(action.kind)
        outcome = scripted.pop(0) if scripted else DELIVERED
        done = {each.key for each in self.actions}
        if outcome.status in ARRIVED and action.key not in done:
            self.actions.append(action)
        return outcome

    def for_community(self, community_id: int) -> Self:
        return self

    def last_texts(self) -> dict[str, str]:
        """Return the last text that arrived, by recipient."""
        return {message.to: message.text for message in self.delivered}
