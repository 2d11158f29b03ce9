"""How rules find accounts, for the clause `members`."""

from __future__ import annotations

import contextlib
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
        # Rare, so that a query for each of these keys is affordable.
        if len(ids) != 1:
            with contextlib.suppress(account_queries.MemberNotFound):
                accounts[key] = [account_queries.get(community, key).pk]
    return {key: ids[0] for key, ids in accounts.items() if ids}


references.register("account", label=gettext_lazy("account"), find_ids=find_ids)
