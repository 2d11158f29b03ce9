"""What a channel provides so that communities can connect an account of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext as _

from qunce.channels.channel_contract import ChannelNotFound

if TYPE_CHECKING:
    from qunce.channels.accounts.models import ChannelAccount


@dataclass(frozen=True)
class Problem:
    """Something that keeps the account from doing its work, found by a check.

    `code` is the channel's own, and `details` are what its sentence names.
    `is_blocking` if nothing works until it is solved; `is_hint` if all that is needed
    works, and something more would be possible.
    """

    code: str
    details: Mapping[str, str] = field(default_factory=dict)
    is_blocking: bool = False
    is_hint: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"details": dict(self.details)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Problem:
        return cls(
            str(stored.get("code", "")),
            stored.get("details") or {},
            bool(stored.get("is_blocking")),
            bool(stored.get("is_hint")),
        )


@dataclass(frozen=True)
class Explanation:
    """What is wrong, and what to do about it, each a sentence."""

    problem: str
    remedy: str


class Provider(Protocol):
    @property
    def channel(self) -> str: ...

    def check_address(self, address: str) -> str:
        """The address as it is stored. Raises errors.Invalid with a sentence."""
        ...

    def identify(self, address: str, secret: str) -> str:
        """The platform's id of the account. Raises errors.Invalid with a sentence."""
        ...

    def inspect(self, account: ChannelAccount, *, at: datetime) -> list[Problem]:
        """Ask the platform what is wrong with an account. Nothing is changed."""
        ...

    def explain(self, problem: Problem) -> Explanation: ...


_providers: dict[str, Provider] = {}


def register(provider: Provider) -> None:
    _providers[provider.channel] = provider


def unregister(channel: str) -> None:
    _providers.pop(channel, None)


def get(channel: str) -> Provider:
    if channel not in _providers:
        raise ChannelNotFound(
            _("The channel “%(name)s” needs no account.") % {"name": channel}
        )
    return _providers[channel]


def list_channels() -> list[str]:
    return sorted(_providers)
