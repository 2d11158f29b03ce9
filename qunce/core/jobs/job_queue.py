"""Due work as rows: claimed by a conditional UPDATE, held by a lease, retried later.

Kill the process at any time: the lease runs out and somebody else takes the row.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from qunce.core import timestamps

LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 10
Duty = Callable[["QueuedJob"], None]


class QueuedJob(models.Model):
    """`duty` names a verb in duties.py; (`duty`, `key`) is due at most once at a time."""

    duty = models.CharField(max_length=60)
    key = models.CharField(max_length=200, default="")
    due_at = timestamps.TimestampField()
    lease = models.CharField(max_length=32, default="")
    leased_until = timestamps.TimestampField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="")

    class Meta:
        db_table = "core_queued_job"
        constraints = [
            models.UniqueConstraint(fields=["duty", "key"], name="work_is_due_once")
        ]
        indexes = [models.Index(fields=["due_at"], name="work_by_due")]

    def __str__(self) -> str:
        return f"{self.duty} {self.key}"


def schedule(*, duty: str, due_at: datetime, key: str = "") -> None:
    """Make it due, or due earlier than it was."""
    row, made = QueuedJob.objects.get_or_create(
        duty=duty, key=key, defaults={"due_at": due_at}
    )
    if not made:
        QueuedJob.objects.filter(
            pk=row.pk, due_at__gt=timestamps.to_micros(due_at)
        ).update(due_at=due_at)


def claim(*, at: datetime, most: int = 10, lease: timedelta = LEASE) -> list[QueuedJob]:
    """Take up to `most` due rows that nobody holds; each taker gets different ones."""
    now = timestamps.to_micros(at)
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    due = QueuedJob.objects.filter(free, due_at__lte=now, attempts__lt=MOST_ATTEMPTS)
    token = secrets.token_hex(16)
    claimed = []
    for pk in due.order_by("due_at", "pk").values_list("pk", flat=True)[:most]:
        taken = QueuedJob.objects.filter(free, pk=pk, due_at__lte=now).update(
            lease=token, leased_until=at + lease, attempts=F("attempts") + 1
        )
        if taken:
            claimed.append(QueuedJob.objects.get(pk=pk))
    return claimed


def renew(work: QueuedJob, *, at: datetime, lease: timedelta = LEASE) -> bool:
    """Held for longer by who is still at it. False when the lease was lost."""
    mine = QueuedJob.objects.filter(pk=work.pk, lease=work.lease)
    work.leased_until = at + lease
    return mine.update(leased_until=work.leased_until) > 0


def release(work: QueuedJob) -> bool:
    """Given back undone, as if it had not been tried."""
    mine = QueuedJob.objects.filter(pk=work.pk, lease=work.lease)
    freed = {"lease": "", "leased_until": None, "attempts": F("attempts") - 1}
    return mine.update(**freed) > 0


def finish(work: QueuedJob, *, again_at: datetime | None = None) -> bool:
    """Done: the row goes, or is due again. False when the lease was lost meanwhile."""
    mine = QueuedJob.objects.filter(pk=work.pk, lease=work.lease)
    if again_at is None:
        return mine.delete()[0] > 0
    again = {"due_at": again_at, "lease": "", "leased_until": None}
    return mine.update(**again, attempts=0, error="") > 0


def fail(work: QueuedJob, *, error: str, at: datetime) -> bool:
    """Kept with its error and due again, later each time: 1, 2, 4 … minutes."""
    wait = timedelta(minutes=2 ** min(work.attempts - 1, 8))
    mine = QueuedJob.objects.filter(pk=work.pk, lease=work.lease)
    return (
        mine.update(error=error[:2000], due_at=at + wait, lease="", leased_until=None)
        > 0
    )


def waiting(*, at: datetime) -> list[QueuedJob]:
    """Due, held by nobody, the longest waiting first; a thousand at most."""
    now = timestamps.to_micros(at)
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    due = QueuedJob.objects.filter(free, due_at__lte=now, attempts__lt=MOST_ATTEMPTS)
    return list(due.order_by("due_at", "pk")[:1000])


def failed() -> models.QuerySet[QueuedJob]:
    """Given up after the most attempts: a person has to look."""
    return QueuedJob.objects.filter(attempts__gte=MOST_ATTEMPTS).order_by(
        "due_at", "pk"
    )
