"""Jobs that are due, one row each: claimed by a conditional UPDATE and held by a lease.

The process may be killed at any time. When the lease expires, another one claims the row;
on the same machine the next process does not wait for that.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, models, transaction
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.jobs import job_failures, process_tokens
from qunce.core.personal_texts import ErasedPerson

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MANAGE = permissions.declare(
    "jobs.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("see and retry failed jobs"),
)
log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 10
FIRST_WAIT, MAX_WAIT = timedelta(minutes=1), timedelta(minutes=2**8)
"""Between two attempts: from a minute to about four hours."""
MIN_ATTEMPTS_TO_REPORT = 3
"""Attempts after which a failure is no longer one of the moment: seven minutes."""
MIN_TIME_TO_REPORT = timedelta(hours=1)
UNTRIED: dict[str, Any] = {
    "attempts": 0,
    "failing_since": None,
    "error": "",
    "cause": "",
    "reason": "",
}
MAX_WAITING_LISTED = 1_000


class QueuedJob(models.Model):
    """`job` is a name of schedule.py; (`job`, `key`) is queued at most once.

    One that `recurs` is tried for ever, any other up to MAX_ATTEMPTS times. `error` is
    the last one as the log has it, `cause` its kind, and `reason` a sentence of it for
    staff of the community. Without a community, the job is of the installation.
    """

    job = models.CharField(max_length=60)
    key = models.CharField(max_length=200, default="")
    community = models.ForeignKey(
        Community, models.CASCADE, null=True, related_name="+", db_index=False
    )
    recurs = models.BooleanField(default=False)
    due_at = timestamps.TimestampField()
    lease = models.CharField(max_length=32, default="")
    leased_until = timestamps.TimestampField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    failing_since = timestamps.TimestampField(null=True)
    error = models.TextField(default="")
    cause = models.CharField(max_length=20, default="")
    reason = models.TextField(default="")

    class Meta:
        db_table = "core_queued_job"
        constraints = [
            models.UniqueConstraint(
                fields=["job", "key"], name="one_row_per_queued_job"
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="queued_jobs_by_due")]

    def __str__(self) -> str:
        return f"{self.job} {self.key}".rstrip()

    @property
    def is_given_up(self) -> bool:
        return not self.recurs and self.attempts >= MAX_ATTEMPTS


@personal_texts.register
def erase(person: ErasedPerson) -> None:
    """Remove an erased person from the errors of jobs, whose community may be unknown."""
    for row in QueuedJob.objects.exclude(error=""):
        texts = [row.error, row.reason]
        left = person.remove_from(texts, is_sentence=True)
        if left != texts:
            row.error, row.reason = left
            row.save(update_fields=["error", "reason"])


class JobNotFound(errors.NotFound):
    """There is no such job, or it has succeeded."""


def schedule(
    *,
    job: str,
    due_at: datetime,
    key: str = "",
    community: Community | None = None,
    recurs: bool = False,
) -> None:
    """Queue a job, or make a queued one due earlier; it is never made due later.

    A job without a key recurs, as there is only one of it.
    """
    new = {"due_at": due_at, "community": community, "recurs": recurs or not key}
    # The unique constraint decides between two processes that schedule at the same
    # time.
    row, created = QueuedJob.objects.get_or_create(job=job, key=key, defaults=new)
    if not created:
        QueuedJob.objects.filter(
            pk=row.pk, due_at__gt=timestamps.to_micros(due_at)
        ).update(due_at=due_at)


def run_item(
    run: Callable[[], object],
    *,
    job: str,
    key: str,
    community: Community,
    at: datetime,
) -> bool:
    """Run one item of a recurring job. One that fails is queued as a job of its own.

    It is then tried again with growing pauses, and keeps no other item waiting. An item
    that is queued already is left to the queue. Returns whether it ran.
    """
    if QueuedJob.objects.filter(job=job, key=key).exists():
        return False
    try:
        with translation.override(community.language):
            run()
    except OperationalError:
        # Of the database, so that the other items would fail, too.
        raise
    except Exception as error:
        _queue_failed(error, job=job, key=key, community=community, at=at)
    return True


def run_step(run: Callable[[], object], *, job: str, at: datetime) -> None:
    """Run a step that a loop repeats. One that keeps failing is left to the queue.

    The queue tries it with growing pauses, and the loop goes on when that succeeded.
    """
    if _failures[job] >= MIN_ATTEMPTS_TO_REPORT:
        if QueuedJob.objects.filter(job=job, key="").exists():
            return
        _failures[job] = 0
    try:
        run()
    except Exception as error:
        _failures[job] += 1
        if _failures[job] < MIN_ATTEMPTS_TO_REPORT:
            log.exception("step %s failed", job)
        else:
            _queue_failed(error, job=job, at=at)
    else:
        _failures[job] = 0


_failures: Counter[str] = Counter()
"""How often in a row the steps of this process failed."""


def _queue_failed(
    error: Exception,
    *,
    job: str,
    at: datetime,
    key: str = "",
    community: Community | None = None,
) -> None:
    if not isinstance(error, errors.QunceError):
        log.exception("job %s failed", f"{job} {key}".rstrip(), exc_info=error)
    failure = job_failures.describe(error, is_of_community=community is not None)
    QueuedJob.objects.get_or_create(
        job=job,
        key=key,
        defaults={
            "community": community,
            "recurs": True,
            "due_at": at + FIRST_WAIT,
            "attempts": 1,
            "failing_since": at,
            **failure.fields(),
        },
    )


def claim(
    *, at: datetime, limit: int = 10, lease: timedelta = LEASE
) -> list[QueuedJob]:
    """Lease up to `limit` due rows that nobody else holds, the longest due first."""
    token = process_tokens.own() + secrets.token_hex(8)
    claimed = []
    # The UPDATE checks again what the SELECT saw: of several processes one gets the row.
    for pk in _due(at).values_list("pk", flat=True)[:limit]:
        # In a transaction, which waits for another writer in every case; a single
        # statement fails at once while another process opens the database.
        with transaction.atomic():
            is_ours = (
                _due(at)
                .filter(pk=pk)
                .update(
                    lease=token, leased_until=at + lease, attempts=F("attempts") + 1
                )
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
        _leased(job).update(due_at=next_due_at, lease="", leased_until=None, **UNTRIED)
        > 0
    )


def fail(job: QueuedJob, *, error: Exception | str, at: datetime) -> bool:
    """Store the error and retry after 1, 2, 4 … minutes. False if the lease was lost."""
    wait = min(FIRST_WAIT * 2 ** min(job.attempts - 1, 20), MAX_WAIT)
    failure = job_failures.describe(error, is_of_community=job.community_id is not None)
    return (
        _leased(job).update(
            due_at=at + wait,
            lease="",
            leased_until=None,
            failing_since=job.failing_since or at,
            **failure.fields(),
        )
        > 0
    )


def retry(*, job: QueuedJob, by: Staff, at: datetime) -> None:
    """Run a job now that waits for its next attempt or was given up, with all attempts."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, job.community_id or by.community_id)
    # One that is running now goes on.
    rows = QueuedJob.objects.filter(pk=job.pk).filter(_unleased(at))
    # Its failure stays in view until an attempt succeeds.
    rows.update(due_at=at, attempts=0)


_other_leases: list[Callable[[str], int]] = []


def register_leases(free: Callable[[str], int]) -> None:
    """Register what frees other leases of a process that has ended, by its token."""
    _other_leases.append(free)


def free_leases_of_dead_processes() -> int:
    """Let the jobs of killed processes of this machine be claimed again immediately."""
    freed = 0
    for token in process_tokens.remove_dead():
        rows = QueuedJob.objects.filter(lease__startswith=token)
        freed += rows.update(lease="", leased_until=None)
        freed += sum(free(token) for free in _other_leases)
    return freed


def pull_back(*, at: datetime) -> None:
    """After the clock was set back: let no job wait until the clock is there again."""
    latest = timestamps.to_micros(at + MAX_WAIT)
    QueuedJob.objects.filter(due_at__gt=latest).update(due_at=at)
    longest = timestamps.to_micros(at + LEASE)
    late = QueuedJob.objects.filter(leased_until__gt=longest)
    late.update(leased_until=at + LEASE)


# Reads


def list_waiting(*, at: datetime) -> list[QueuedJob]:
    """Rows that are due and not leased, the longest due first; a thousand at most."""
    return list(_due(at)[:MAX_WAITING_LISTED])


def exhausted() -> models.QuerySet[QueuedJob]:
    """Rows whose last attempts failed; a person has to look.

    Recurring jobs are tried again every four hours, the others never.
    """
    rows = QueuedJob.objects.filter(attempts__gte=MAX_ATTEMPTS)
    return rows.order_by("due_at", "pk")


def list_failing(community: Community | None = None) -> models.QuerySet[QueuedJob]:
    """Jobs whose last attempt failed, those that fail longest first.

    With a community, those of it and of the installation.
    """
    rows = QueuedJob.objects.exclude(error="").select_related("community")
    if community is not None:
        rows = rows.filter(Q(community=community) | Q(community=None))
    return rows.order_by("failing_since", "pk")


def list_reported(community: Community, *, at: datetime) -> list[QueuedJob]:
    """Failures that last, so that a person should know."""
    long_ago = at - MIN_TIME_TO_REPORT
    return [
        row
        for row in list_failing(community)
        if row.attempts >= MIN_ATTEMPTS_TO_REPORT
        or (row.failing_since is not None and row.failing_since <= long_ago)
    ]


def list_all(community: Community | None = None) -> models.QuerySet[QueuedJob]:
    """All queued jobs, those that fail first."""
    rows = QueuedJob.objects.select_related("community")
    if community is not None:
        rows = rows.filter(Q(community=community) | Q(community=None))
    return rows.order_by(F("failing_since").asc(nulls_last=True), "job", "key")


def get(pk: int, *, community: Community | None = None) -> QueuedJob:
    for row in list_all(community).filter(pk=pk):
        return row
    raise JobNotFound(_("There is no such job. It may have succeeded already."))


def _unleased(at: datetime) -> Q:
    now = timestamps.to_micros(at)
    return Q(leased_until__isnull=True) | Q(leased_until__lte=now)


def _due(at: datetime) -> models.QuerySet[QueuedJob]:
    # Recurring jobs go on once their cause is gone.
    is_tried = Q(attempts__lt=MAX_ATTEMPTS) | Q(recurs=True)
    due = QueuedJob.objects.filter(due_at__lte=timestamps.to_micros(at))
    return due.filter(_unleased(at), is_tried).order_by("due_at", "pk")


def _leased(job: QueuedJob) -> models.QuerySet[QueuedJob]:
    """The row, as long as nobody else has claimed it since `job` was read."""
    return QueuedJob.objects.filter(pk=job.pk, lease=job.lease)
