"""Runs the jobs of a schedule when they are due.

Each recurring job has one row in the queue, which is made due again when the job has run.
Of several processes one runs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import translation
from django_stubs_ext import StrOrPromise

from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob

log = logging.getLogger(__name__)
MAX_QUEUED = 30
"""How many jobs with a key run in one round, besides those that recur."""


@dataclass(frozen=True)
class Job:
    """`run(at=…)`, or `run(key, at=…)` for rows with a key.

    A job without `every` runs once each time it is scheduled. `label` says to staff what
    it does, and `subject(key)` the name of the thing that it does it to.
    """

    run: Callable[..., Any]
    label: StrOrPromise = ""
    every: timedelta | None = None
    subject: Callable[[str], str] | None = None


_running: dict[int, QueuedJob] = {}
"""Rows whose jobs the threads of this process are running."""


def ensure_scheduled(jobs: Mapping[str, Job], *, at: datetime) -> None:
    """Queue the recurring jobs that have no row yet, and those that are due too late."""
    rows = {row.job: row for row in QueuedJob.objects.filter(key="")}
    recurring = {name: job.every for name, job in jobs.items() if job.every}
    missing = [
        QueuedJob(job=name, due_at=at, recurs=True)
        for name in recurring
        if name not in rows
    ]
    if missing:
        # Another process may queue them at the same time.
        QueuedJob.objects.bulk_create(missing, ignore_conflicts=True)
    for name, every in recurring.items():
        row = rows.get(name)
        # Due later than that only if the clock has been set back since.
        wait = job_queue.MAX_WAIT if row and row.attempts else every
        if row is not None and row.due_at > at + wait:
            job_queue.schedule(job=name, due_at=at)


def run_due(
    jobs: Mapping[str, Job],
    *,
    clock: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Run the jobs that are due; returns how many were tried.

    All recurring jobs have their turn in one round, and some of the queued ones.
    Rows are claimed one at a time, so that a long job leaves the others to other threads.
    """
    limit = len(jobs) + MAX_QUEUED
    for tried in range(limit):
        # The clock is read per job, as one before it may have taken minutes.
        claimed = [] if is_stopping() else job_queue.claim(at=clock(), limit=1)
        if not claimed:
            return tried
        row = claimed[0]
        job = jobs.get(row.job)
        if job is None:
            # Another version of Qunce queued it, and may still run it.
            job_queue.fail(row, error="there is no such job", at=clock())
            continue
        _running[row.pk] = row
        try:
            # Its sentences are for staff of the community, whoever runs it.
            with _language_of(row):
                job.run(*([row.key] if row.key else []), at=clock())
        except Exception as error:
            log.exception("job %s failed", row)
            job_queue.fail(row, error=error, at=clock())
        else:
            # From now on, not from when it was due: missed runs are not made up for.
            recurs = job.every is not None and not row.key
            next_due_at = clock() + job.every if recurs and job.every else None
            job_queue.complete(row, next_due_at=next_due_at)
        finally:
            _running.pop(row.pk, None)
    return limit


def _language_of(row: QueuedJob) -> AbstractContextManager[None]:
    if row.community is None:
        return nullcontext()
    return translation.override(row.community.language)


def renew(*, at: datetime) -> None:
    """Renew the leases of running jobs, since a job may take longer than one lease."""
    for row in list(_running.values()):
        # At half-time, so that one failed renewal leaves time for another one.
        if row.leased_until and row.leased_until - at < job_queue.LEASE / 2:
            job_queue.renew(row, at=at)


def release() -> None:
    """Return what this process leaves undone when it stops, so that others can claim it."""
    for row in list(_running.values()):
        job_queue.release(row)
