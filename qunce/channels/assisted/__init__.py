"""The assisted channel: a person is the transport, so it works for any chat app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy

from qunce.channels.base import Became, Capabilities, Message, Outcome

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Assisted:
    """Answers every message with: somebody has to. Marks are set by people."""

    name: ClassVar[str] = "assisted"
    label: ClassVar[StrOrPromise] = gettext_lazy("sent by staff")
    capabilities: ClassVar[Capabilities] = Capabilities(
        to_member=True, to_group=True, needs_person=True, idempotent_sends=True
    )

    def send(self, messages: Sequence[Message], *, at: datetime) -> list[Outcome]:
        return [Outcome(became=Became.NEEDS_PERSON) for _message in messages]
