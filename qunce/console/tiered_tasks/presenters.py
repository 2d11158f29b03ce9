"""What the page of a tiered task shows: rules as sentences, members, what is waiting."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.activities.models import Activity
from qunce.activities.tiered_tasks import judging, rules
from qunce.activities.tiered_tasks.models import Problem, ReachedTier, Tier
from qunce.console import member_names
from qunce.console.outreach import labels
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

NAMES = 10


@dataclass(frozen=True, kw_only=True)
class TierRow:
    """`waiting` is how many have a reward that was not given, by the reason."""

    tier: Tier
    rule: str
    is_valid: bool
    reached: int
    lost: int
    newest: list[tuple[int, str]]
    waiting: list[tuple[str, int]]


def rows(activity: Activity, *, by: Staff, at: datetime) -> list[TierRow]:
    """The tiers of a task with the members whom `by` sees."""
    return [_row(tier, by, at) for tier in judging.list_tiers(activity)]


def _row(tier: Tier, by: Staff, at: datetime) -> TierRow:
    found = list(ReachedTier.objects.filter(tier=tier).order_by("-reached_at", "-pk"))
    people = account_queries.person_ids(row.account_id for row in found)
    seen = visibility.filter_visible(by=by, accounts=sorted(people), at=at)
    visible = [row for row in found if people[row.account_id] in seen]
    held = [row for row in visible if row.lost_at is None]
    newest = list(dict.fromkeys(people[row.account_id] for row in held))[:NAMES]
    names = member_names.find(newest)
    waiting = Counter(row.problem for row in held if row.problem != Problem.NONE)
    return TierRow(
        tier=tier,
        rule=labels.describe_rule(by, rules.bind(tier.activity, tier.rule)),
        is_valid=judging.find_people(tier, at) is not None,
        reached=len({people[row.account_id] for row in held}),
        lost=len(visible) - len(held),
        newest=[(pk, names.get(pk, "")) for pk in newest],
        waiting=[
            (str(Problem(problem).label), count) for problem, count in waiting.items()
        ],
    )
