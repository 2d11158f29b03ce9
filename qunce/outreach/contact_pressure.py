"""Contact pressure: who got two messages or more in the last 7 days.

Told by the log, and by rows that the log does not know yet: what is open on somebody's
task counts as well, so two campaigns at once do not both think they are the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qunce.core import db
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.outreach.sending.recipients import RESERVED
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

DAYS = 7
LIMIT = 2


def _did_clause(kind: str, least: int) -> dict[str, Any]:
    times = {"gte": least}
    return {"did": {"kind": kind, "times": times, "within": f"{DAYS}d"}}


MARKED, DELIVERED = "send.marked_sent", "send.delivered"
CONTACTED_ONCE = {"any": [_did_clause(MARKED, 1), _did_clause(DELIVERED, 1)]}
CONTACTED_TWICE = {
    "any": [
        _did_clause(MARKED, 2),
        _did_clause(DELIVERED, 2),
        {"all": [_did_clause(MARKED, 1), _did_clause(DELIVERED, 1)]},
    ]
}


@dataclass(frozen=True)
class Contacts:
    """First accounts whom the log knows to have got one message, and two."""

    once: BitMap
    twice: BitMap

    def over_limit(self, number: dict[int, int]) -> BitMap:
        """Who has two, with so many open ones for each."""
        one = bitmaps.of([head for head, count in number.items() if count >= 1])
        two = bitmaps.of([head for head, count in number.items() if count >= LIMIT])
        return self.twice | (self.once & one) | two


def contacts_in_log(community: Community, at: datetime) -> Contacts:
    by = staff_models.system(community)
    once, twice = (
        audiences.people(community=community, rule=rule, by=by, at=at)
        for rule in (CONTACTED_ONCE, CONTACTED_TWICE)
    )
    return Contacts(once, twice)


COUNT_PENDING = """
SELECT r.target_id, count(*) FROM outreach_recipient r
JOIN outreach_campaign c ON c.id = r.campaign_id
WHERE r.recorded = %s AND c.community_id = %s AND c.target = 'members'
    AND r.state IN ({states}) {only} GROUP BY r.target_id
"""


def pending_contacts(
    community: Community, among: list[int] | None = None
) -> dict[int, int]:
    """Person → rows that count though the log has not heard of them."""
    only = (
        "" if among is None else f"AND r.target_id IN ({db.placeholders(len(among))})"
    )
    sql = COUNT_PENDING.format(states=db.placeholders(len(RESERVED)), only=only)
    states = [state.value for state in RESERVED]
    rows = db.rows(sql, [False, community.pk, *states, *(among or [])])
    heads = account_queries.person_ids(target for target, _count in rows)
    counts: dict[int, int] = {}
    for target, count in rows:
        counts[heads[target]] = counts.get(heads[target], 0) + count
    return counts


def list_over_limit(community: Community, at: datetime) -> BitMap:
    """Everyone who got two or more."""
    return contacts_in_log(community, at).over_limit(pending_contacts(community))
