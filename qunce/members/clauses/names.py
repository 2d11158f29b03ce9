"""The clauses of this room, by being imported; and how rules find what they name."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop

from qunce.core import db
from qunce.members.accounts import queries as account_queries
from qunce.members.clauses import attribute, layer, lifecycle, segment, tag
from qunce.sets.rules import base

if TYPE_CHECKING:
    from qunce.core.communities import Community

NAMED = (gettext_noop("tag"), gettext_noop("account"))


def find_accounts(community: Community, keys: Sequence[str]) -> dict[str, int]:
    """Like `roster.get` for each: `channel:key` too, an ambiguous key is refused."""
    found: dict[str, list[int]] = {key: [] for key in keys}
    for chunk in account_queries.chunks(list(found)):
        rows = db.rows(
            "SELECT key, id FROM members_account"  # noqa: S608 - marks only
            f" WHERE community_id = %s AND key IN ({db.placeholders(len(chunk))})"
            " AND erased_at IS NULL",
            [community.pk, *chunk],
        )
        for key, account in rows:
            found[key].append(account)
    for key, accounts in found.items():
        if len(accounts) != 1:
            with contextlib.suppress(account_queries.MemberNotFound):
                found[key] = [account_queries.get(community, key).pk]
    return {key: accounts[0] for key, accounts in found.items() if accounts}


base.register_reference("tag", tag.find)
base.register_reference("account", find_accounts)
base.register_macro("segment", segment.segment)
