"""A channel in memory, for tests of Qunce and of what is built on it.

channel = Fake(capabilities=Capabilities(to_member=True))
channel.script["bob"] = [failed("away", retry_after=HOUR)]
channel.die_after(3)   # the process ends after the third message went out
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.channels.base import Became, Capabilities, ChannelDown, Message, Outcome

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DELIVERED = Outcome(became=Became.DELIVERED)
EVERYTHING = Capabilities(
    to_member=True, to_group=True, read_receipts=True, idempotent_sends=True
)


class Died(BaseException):
    """Stands for the end of the process: no handler of errors catches it."""


@dataclass
class Fake:
    """`arrived` is what the receivers got, in order; `script` the outcomes to come."""

    name: str = "fake"
    label: StrOrPromise = "fake"
    capabilities: Capabilities = EVERYTHING
    script: dict[str, list[Outcome]] = field(default_factory=dict)
    arrived: list[Message] = field(default_factory=list)
    is_down: bool = False
    _left: int | None = None

    def die_after(self, messages: int) -> None:
        self._left = messages

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        if self.is_down:
            raise ChannelDown
        return [self._send(message) for message in messages]

    def _send(self, message: Message) -> Outcome:
        if self._left == 0:
            self._left = None
            raise Died
        outcome = self._outcome(message)
        if outcome.became in (Became.ACCEPTED, Became.DELIVERED):
            self._arrive(message)
        if self._left is not None:
            self._left -= 1
        return outcome

    def _outcome(self, message: Message) -> Outcome:
        waiting = self.script.get(message.to)
        return waiting.pop(0) if waiting else DELIVERED

    def _arrive(self, message: Message) -> None:
        known = {one.key for one in self.arrived}
        if not (self.capabilities.idempotent_sends and message.key in known):
            self.arrived.append(message)

    def texts(self) -> dict[str, str]:
        """Receiver → the last text that arrived."""
        return {message.to: message.text for message in self.arrived}
