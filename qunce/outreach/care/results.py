"""What became of the occasions of a care rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.db import models

from qunce.core.staff.models import Staff
from qunce.outreach.care import rules
from qunce.outreach.care.models import CareDay, CareOccasion, CareRule, OccasionState
from qunce.outreach.sending.ledger import Message, Origin
from qunce.outreach.tasks.staff_tasks import TaskTarget


@dataclass(frozen=True)
class CareResults:
    """`skipped` counts members by reason, `messages` by the state of their message.

    `outcomes` counts the members of tasks by what staff recorded; "" is nothing yet.
    `late` members were not handled in time. `spent` is what is reserved in all.
    """

    planned: int = 0
    released: int = 0
    late: int = 0
    spent: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)


def count(*, rule: CareRule, by: Staff) -> CareResults:
    rules.check_visible(rule, by)
    own = CareOccasion.objects.filter(rule=rule)
    states = Counter(own.values_list("state", flat=True))
    skipped = own.filter(state=OccasionState.SKIPPED)
    planned = own.filter(state=OccasionState.PLANNED)
    sent = Message.objects.filter(
        origin=Origin.CARE, origin_id__in=planned.values("pk"), is_group=False
    )
    targets = TaskTarget.objects.filter(
        task__request__in=CareDay.objects.filter(rule=rule).values("request")
    )
    days = CareDay.objects.filter(rule=rule)
    return CareResults(
        planned=states[OccasionState.PLANNED],
        released=states[OccasionState.RELEASED],
        late=days.aggregate(total=models.Sum("late"))["total"] or 0,
        spent=own.aggregate(total=models.Sum("amount"))["total"] or 0,
        skipped=_count(skipped, "reason"),
        messages=_count(sent, "state"),
        outcomes=_count(targets, "outcome"),
    )


def _count(rows: models.QuerySet[models.Model], name: str) -> Counter[str]:
    grouped = rows.values_list(name).annotate(n=models.Count("pk")).order_by(name)
    return Counter(dict(grouped))


def list_days(*, rule: CareRule, by: Staff, limit: int = 30) -> list[CareDay]:
    """The newest days of a rule, those of draws with what is needed to check them."""
    rules.check_visible(rule, by)
    rows = CareDay.objects.filter(rule=rule).annotate(
        planned=models.Count(
            "occasions", filter=models.Q(occasions__state=OccasionState.PLANNED)
        )
    )
    return list(rows.order_by("-due_at", "-pk")[:limit])


def list_occasions(
    *, by: Staff, rule: CareRule, at: datetime
) -> models.QuerySet[CareOccasion]:
    """The occasions of a rule, the newest first. Its viewers see the whole community."""
    rules.check_visible(rule, by)
    rows = CareOccasion.objects.filter(rule=rule)
    return rows.filter(at__lte=at).order_by("-pk")
