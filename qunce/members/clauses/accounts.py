"""How rules find accounts, for the clause `members`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from qunce.core import db
from qunce.members.accounts import queries as account_queries
from qunce.sets.rules import references

if TYPE_CHECKING:
    from qunce.core.communities import Community


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    """Like `queries.get` for each key: also finds `channel:key`, and an ambiguous key
    raises AmbiguousMember."""
    accounts: dict[str, list[int]] = {key: [] for key in keys}
    for chunk in account_queries.chunks(list(accounts)):
        rows = db.rows(
            "SELECT key, id FROM members_account"  # noqa: S608 - marks only
            f" WHERE community_id = %s AND key IN ({db.placeholders(len(chunk))})"
            " AND erased_at IS NULL",
            [community.pk, *chunk],
        )
        for key, account in rows:
            accounts[key].append(account)
    for key, ids in accounts.items():
        if len(ids) > 1:
            # Rare; raises AmbiguousMember, which names the channels.
            account_queries.get(community, key)
    _find_in_channels(community, accounts)
    return {key: ids[0] for key, ids in accounts.items() if ids}


def _find_in_channels(community: Community, accounts: dict[str, list[int]]) -> None:
    """Fill in the accounts of keys such as `wecom:ann`, with a query for each channel."""
    by_channel: dict[str, dict[str, str]] = {}
    for key, ids in accounts.items():
        channel, colon, rest = key.partition(":")
        if colon and not ids:
            by_channel.setdefault(channel, {})[rest] = key
    # Only of channels that there are: an unknown one has no account.
    known = set(by_channel) & account_queries.list_channels(community)
    for channel in known:
        keys = by_channel[channel]
        for rest, account in account_queries.find(community, keys, channel).items():
            accounts[keys[rest]].append(account)


references.register("account", label=gettext_lazy("account"), find_ids=find_ids)
