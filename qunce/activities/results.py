"""What became of an activity: who joined and how, its cost, and who has left since.

Staff, blacklisted, erased and departed members do not count; limited staff count the
members whom they see.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities import budget, eligibility
from qunce.activities.activities import entries
from qunce.activities.activities.models import TYPED, Activity
from qunce.activities.budget import Spent
from qunce.activities.eligibility import Reason
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Metric
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


@dataclass(frozen=True, kw_only=True)
class Results:
    """Numbers of people. `uncounted` are those who joined and do not count, by reason.

    Somebody is uncounted if none of their entries counts and none was struck out.
    `leavers` are the accounts of those of them who have left the community since. `spent` is
    None for staff who see some members only.
    """

    people: int
    typed: int
    by_way: Counter[str]
    struck_out: int
    uncounted: Counter[Reason]
    metrics: tuple[Metric, ...]
    spent: Spent | None
    leavers: tuple[int, ...]
    counted: tuple[int, ...]
    """The ids of the people."""

    @property
    def left(self) -> int:
        return self.uncounted[Reason.LEFT]


def collect(*, activity: Activity, by: Staff, at: datetime) -> Results:
    """The results until now, of the members whom `by` sees."""
    rows = entries.list_visible(activity=activity, by=by, at=at)
    reasons = eligibility.find_uncounted(
        activity.community, [row.account_id for row in rows], at=at
    )
    persons = account_queries.person_ids(row.account_id for row in rows)
    struck = {persons[row.account_id] for row in rows if row.struck_out_at is not None}
    # Of two entries of a merged person, the older one counts, and none if any is struck out.
    counted = {
        persons[row.account_id]: row
        for row in rows
        if persons[row.account_id] not in struck and row.account_id not in reasons
    }
    people = sorted(counted)
    # The account of the first entry gives the reason.
    uncounted = {
        persons[row.account_id]: row.account_id
        for row in rows
        if persons[row.account_id] not in struck
        and persons[row.account_id] not in counted
    }
    return Results(
        people=len(people),
        typed=sum(row.source in TYPED for row in counted.values()),
        by_way=Counter(row.source for row in counted.values()),
        struck_out=len(struck),
        uncounted=Counter(reasons[account] for account in uncounted.values()),
        metrics=tuple(base.get(activity.kind).metrics(activity, people, at)),
        counted=tuple(people),
        leavers=tuple(
            sorted(pk for pk in uncounted.values() if reasons[pk] == Reason.LEFT)
        ),
        spent=None if by.is_scoped else budget.get_spent(activity),
    )
