"""Contact pressure: members who got two or more messages in the last 7 days.

Messages are counted in the fact log. Rows of recipients that are not recorded there yet
count, too. Otherwise two campaigns at the same time would both send a second message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

PERIOD_DAYS = 7
CONTACT_LIMIT = 2


def _did_clause(kind: str, times: int) -> dict[str, Any]:
    return {"did": {"kind": kind, "times": {"gte": times}, "within": f"{PERIOD_DAYS}d"}}


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
    """People who got at least one and at least two messages, according to the log."""

    once: BitMap
    twice: BitMap

    def over_limit(self, pending: Mapping[int, int]) -> BitMap:
        """People with two or more contacts, counting the `pending` ones of each person."""
        one_pending = bitmaps.of([person for person, n in pending.items() if n >= 1])
        limit_pending = bitmaps.of(
            [person for person, n in pending.items() if n >= CONTACT_LIMIT]
        )
        return self.twice | (self.once & one_pending) | limit_pending


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
    community: Community, among: Sequence[int] | None = None
) -> dict[int, int]:
    """Person → number of recipient rows that count but are not in the log yet."""
    only = (
        "" if among is None else f"AND r.target_id IN ({db.placeholders(len(among))})"
    )
    sql = COUNT_PENDING.format(states=db.placeholders(len(RESERVED)), only=only)
    states = [state.value for state in RESERVED]
    rows = db.rows(sql, [False, community.pk, *states, *(among or [])])
    # A row belongs to the person's first account at the time of the claim, which another
    # account may have replaced by a merge since.
    person_ids = account_queries.person_ids(target for target, _count in rows)
    counts: dict[int, int] = {}
    for target, count in rows:
        person = person_ids[target]
        counts[person] = counts.get(person, 0) + count
    return counts


def list_over_limit(community: Community, at: datetime) -> BitMap:
    """Everyone with two or more contacts in the last 7 days."""
    return contacts_in_log(community, at).over_limit(pending_contacts(community))
