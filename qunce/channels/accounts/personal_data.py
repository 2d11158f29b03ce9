"""What channels themselves keep about people, by the platform's ids of these."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol, runtime_checkable

from qunce.channels.accounts import providers
from qunce.channels.accounts.models import ChannelAccount


@runtime_checkable
class PersonalProvider(Protocol):
    """A provider that keeps something about people beside their events."""

    def list_personal_data(
        self, account: ChannelAccount, users: Collection[str]
    ) -> list[dict[str, Any]]:
        """A record of each thing, for the person themselves."""
        ...


def list_of(community_id: int, users: Collection[str]) -> list[Mapping[str, Any]]:
    """The records of people with these ids, also of accounts that were disconnected."""
    found: list[Mapping[str, Any]] = []
    rows = ChannelAccount.objects.filter(community=community_id).order_by("channel")
    for account in rows:
        if account.channel not in providers.list_channels():
            continue
        provider = providers.get(account.channel)
        if isinstance(provider, PersonalProvider):
            found += [
                {"channel": account.channel, **record}
                for record in provider.list_personal_data(account, users)
            ]
    return found
