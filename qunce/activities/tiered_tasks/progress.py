"""How far a member is in a tier: “2 of 5”, or done or not where a rule has no number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qunce.activities.activities.models import Activity
from qunce.activities.tiered_tasks import judging, rules
from qunce.activities.tiered_tasks.models import ReachedTier, Tier
from qunce.core import errors
from qunce.sets import rule_progress
from qunce.sets.rule_progress import Step


@dataclass(frozen=True)
class TierProgress:
    """`steps` are the parts of its rule; `reached` is the row while it is reached."""

    tier: Tier
    steps: Sequence[Step]
    reached: ReachedTier | None
    is_valid: bool = True

    @property
    def numbers(self) -> list[Step]:
        """The steps with a number, which are shown as “2 of 5”."""
        return [step for step in self.steps if step.wanted is not None]

    @property
    def holds(self) -> bool:
        return bool(self.steps) and all(step.holds for step in self.steps)


def load(
    activity: Activity, accounts: Sequence[int], at: datetime
) -> list[TierProgress]:
    """The progress of the person of these accounts in each tier."""
    rows = ReachedTier.objects.filter(
        tier__activity=activity, account_id__in=accounts, lost_at__isnull=True
    ).select_related("award__stock")
    reached = {row.tier_id: row for row in rows.order_by("-pk")}
    return [
        _load_tier(tier, accounts[0], reached.get(tier.pk), at)
        for tier in judging.list_tiers(activity)
    ]


def _load_tier(
    tier: Tier, account: int, reached: ReachedTier | None, at: datetime
) -> TierProgress:
    try:
        steps = rule_progress.list_steps(
            community=tier.activity.community,
            rule=rules.bind(tier.activity, tier.rule),
            account=account,
            at=at,
        )
    except errors.QunceError:
        return TierProgress(tier, [], reached, is_valid=False)
    return TierProgress(tier, steps, reached)
