"""Jobs that are due, one row each: claimed by a conditional UPDATE and held by a lease.

The process may be killed at any time. When the lease expires, another one claims the row.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from qunce.core import timestamps

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 10
MAX_WAIT = timedelta(minutes=2**8)
"""Between two attempts, which is about four hours."""
MAX_ERROR_LENGTH = 2_000
MAX_WAITING_LISTED = 1_000


class QueuedJob(models.Model):
    """`job` is a name of schedule.py; (`job`, `key`) is queued at most once."""

    job = models.CharField(max_length=60)
    key = models.CharField(max_length=200, default="")
    due_at = timestamps.TimestampField()
    lease = models.CharField(max_length=32, default="")
    leased_until = timestamps.TimestampField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="")

    class Meta:
        db_table = "core_queued_job"
        constraints = [
            models.UniqueConstraint(
                fields=["job", "key"], name="one_row_per_queued_job"
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="queued_jobs_by_due")]

    def __str__(self) -> str:
        return f"{self.job} {self.key}"


def schedule(*, job: str, due_at: datetime, key: str = "") -> None:
    """Queue a job, or make a queued one due earlier; it is never made due later."""
    # The unique constraint decides between two processes that schedule at the same
    # time.
    row, created = QueuedJob.objects.get_or_create(
        job=job, key=key, defaults={"due_at": due_at}
    )
    if not created:
        QueuedJob.objects.filter(
            pk=row.pk, due_at__gt=timestamps.to_micros(due_at)
        ).update(due_at=due_at)


def claim(
    *, at: datetime, limit: int = 10, lease: timedelta = LEASE
) -> list[QueuedJob]:
    """Lease up to `limit` due rows that nobody else holds, the longest due first."""
    token = secrets.token_hex(16)
    claimed = []
    # The UPDATE checks again what the SELECT saw: of several processes one gets the row.
    for pk in _due(at).values_list("pk", flat=True)[:limit]:
        is_ours = (
            _due(at)
            .filter(pk=pk)
            .update(lease=token, leased_until=at + lease, attempts=F("attempts") + 1)
        )
        if is_ours:
            # Read again, as the UPDATE has raised `attempts` in the database only.
            claimed.append(QueuedJob.objects.get(pk=pk))
    return claimed


def renew(job: QueuedJob, *, at: datetime, lease: timedelta = LEASE) -> bool:
    """Extend the lease. False if it was lost."""
    job.leased_until = at + lease
    return _leased(job).update(leased_until=job.leased_until) > 0


def release(job: QueuedJob) -> bool:
    """Return the row as if it had not been tried. False if the lease was lost."""
    # A restart is no fault of the job, so it must not use up an attempt.
    unleased = {"lease": "", "leased_until": None, "attempts": F("attempts") - 1}
    return _leased(job).update(**unleased) > 0


def complete(job: QueuedJob, *, next_due_at: datetime | None = None) -> bool:
    """Delete the row, or make it due again. False if the lease was lost."""
    if next_due_at is None:
        return _leased(job).delete()[0] > 0
    return (
        _leased(job).update(
            due_at=next_due_at, lease="", leased_until=None, attempts=0, error=""
        )
        > 0
    )


def fail(job: QueuedJob, *, error: str, at: datetime) -> bool:
    """Store the error and retry after 1, 2, 4 … minutes. False if the lease was lost."""
    wait = min(timedelta(minutes=2 ** min(job.attempts - 1, 20)), MAX_WAIT)
    return (
        _leased(job).update(
            error=error[:MAX_ERROR_LENGTH],
            due_at=at + wait,
            lease="",
            leased_until=None,
        )
        > 0
    )


def list_waiting(*, at: datetime) -> list[QueuedJob]:
    """Rows that are due and not leased, the longest due first; a thousand at most."""
    return list(_due(at)[:MAX_WAITING_LISTED])


def exhausted() -> models.QuerySet[QueuedJob]:
    """Rows whose last attempts failed; a person has to look.

    Recurring jobs are tried again every four hours, the others never.
    """
    rows = QueuedJob.objects.filter(attempts__gte=MAX_ATTEMPTS)
    return rows.order_by("due_at", "pk")


def _due(at: datetime) -> models.QuerySet[QueuedJob]:
    now = timestamps.to_micros(at)
    unleased = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    # Recurring jobs have no key. They go on once their cause is gone.
    is_tried = Q(attempts__lt=MAX_ATTEMPTS) | Q(key="")
    rows = QueuedJob.objects.filter(unleased, is_tried, due_at__lte=now)
    return rows.order_by("due_at", "pk")


def _leased(job: QueuedJob) -> models.QuerySet[QueuedJob]:
    """The row, as long as nobody else has claimed it since `job` was read."""
    return QueuedJob.objects.filter(pk=job.pk, lease=job.lease)
