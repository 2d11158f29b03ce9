"""Results of goals: recorded once when the span is over, and what late facts changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core import community_days
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.insight.goals import goals, progress, targets, values
from qunce.insight.goals.goals import GoalFact
from qunce.insight.goals.models import Goal, GoalResult, State
from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_PER_RUN = 20


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GoalEnded(GoalFact):
    """`standing` is how the goal stood when its span was over, such as `met`."""

    kind = "goal.ended"
    label = gettext_lazy("goal ended")
    labels = {**GoalFact.labels, "standing": gettext_lazy("result")}
    standing: str


def start_day(*, community: Community, at: datetime) -> None:
    """Record the results of goals whose span is over; called every minute."""
    today = community_days.to_date(community.day(at))
    due = Goal.objects.filter(
        community=community, state=State.ACTIVE, last__lt=today, result__isnull=True
    )
    for goal in due.select_related("community").order_by("last", "pk")[:MAX_PER_RUN]:
        record(goal, at=at)


@transaction.atomic
def record(goal: Goal, *, at: datetime) -> None:
    """Store what the goal came to, as those see it who see everything."""
    by = staff_models.system(goal.community)
    position = mirror.position().reached
    found = progress.load(goal, by=by, at=at)
    number = found.value.number
    exact = number if number is not None else Fraction(0)
    text = ""
    if number is not None and found.entry is not None:
        text = targets.format_value(number, found.entry, goal.currency)
    _result, is_new = GoalResult.objects.get_or_create(
        goal=goal,
        defaults={
            "numerator": exact.numerator,
            "denominator": 0 if number is None else exact.denominator,
            "origin": found.value.origin.value,
            "standing": found.standing.value,
            "text": text,
            "position": position,
            "recorded_at": at,
        },
    )
    if is_new:
        fact = GoalEnded(goal=goal.pk, standing=found.standing.value)
        facts.record(fact, community=goal.community, by=by, at=at)


@dataclass(frozen=True, kw_only=True)
class Change:
    """The result as late facts have it now; `difference` has a sign, "" for a ratio."""

    now: str
    difference: str


def find_change(goal: Goal, *, by: Staff, at: datetime) -> Change | None:
    """What late facts and corrections changed since the result was recorded, if anything."""
    goals.check_visible(goal, by)
    result, entry = progress.find_result(goal), goals.find_entry(goal)
    if result is None or entry is None or by.scope is not None:
        return None
    if result.position == mirror.position().reached:
        return None
    if not progress.is_countable(goal, entry):
        return None
    now = values.count(goal, entry, goal.last, by=by, at=at).number
    before = None
    if result.denominator:
        before = Fraction(result.numerator, result.denominator)
    if now == before or now is None:
        return None
    difference = ""
    if before is not None and not targets.is_percent(entry):
        text = targets.format_value(now - before, entry, goal.currency)
        difference = f"+{text}" if now > before else text
    return Change(
        now=targets.format_value(now, entry, goal.currency), difference=difference
    )
