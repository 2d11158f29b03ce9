"""The levels that paid memberships give at least, from their first to their last day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qunce.activities.levels.ladders import Floor
from qunce.core import db
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community

SELECT = """
SELECT t.account_id, t.first_day, t.last_day, p.level_id
FROM level_membership_term t JOIN level_membership_plan p ON p.id = t.plan_id
WHERE t.account_id {accounts} AND t.community_id = %s
    AND t.cancelled_at IS NULL AND p.level_id IS NOT NULL
ORDER BY t.account_id, p.level_id, t.first_day
"""


def read(
    community: Community, accounts: Sequence[int], places: Mapping[int | None, int]
) -> dict[int, list[Floor]]:
    """The floors of these accounts; terms of a plan that follow each other are one."""
    found: dict[int, list[Floor]] = {}
    for chunk in account_queries.chunks(accounts):
        rows = db.rows(SELECT.format(accounts=db.among_ids(chunk)), [community.pk])
        for account, first, last, level in rows:
            if level not in places:
                continue
            own = found.setdefault(account, [])
            index = places[level]
            if own and own[-1].index == index and first <= own[-1].last + 1:
                own[-1] = Floor(own[-1].first, max(last, own[-1].last), index)
            else:
                own.append(Floor(first, last, index))
    return found
