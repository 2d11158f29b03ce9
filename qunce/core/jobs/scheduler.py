"""Who does what when: duties as rows of due work, so they survive any stop.

Each duty has one row, made due again when it is done. Of several processes one does it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from qunce.core.jobs import job_queue

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """`does(at=…)`, or `does(key, at=…)` where each row's key names what is to be done.

    Without `every` it is done once for each time it is scheduled.
    """

    does: Callable[..., Any]
    every: timedelta | None = None


def plan(duties: Mapping[str, Job], *, at: datetime) -> None:
    """Make the rows of recurring duties that are not there yet."""
    known = set(
        job_queue.QueuedJob.objects.filter(key="").values_list("duty", flat=True)
    )
    for name, duty in duties.items():
        if duty.every and name not in known:
            job_queue.schedule(duty=name, due_at=at)


def perform(
    duties: Mapping[str, Job],
    *,
    clock: Callable[[], datetime],
    ending: Callable[[], bool] = lambda: False,
    most: int = 10,
) -> int:
    """Do what is due; returns how many were tried.

    They are taken one by one, so that a long one leaves the others to other threads.
    """
    for tried in range(most):
        claimed = [] if ending() else job_queue.claim(at=clock(), most=1)
        if not claimed:
            return tried
        _try(duties, claimed[0], clock)
    return most


def _try(
    duties: Mapping[str, Job], row: job_queue.QueuedJob, clock: Callable[[], datetime]
) -> None:
    duty = duties.get(row.duty)
    if duty is None:  # of another version of Qunce; it stays for that one
        job_queue.fail(row, error="nobody has this duty", at=clock())
        return
    _running[row.pk] = row
    try:
        _do(duty, row, clock)
    finally:
        _running.pop(row.pk, None)


_running: dict[int, job_queue.QueuedJob] = {}
"""What the threads of this process are doing now."""


def renew(*, at: datetime) -> None:
    """Keep the leases of what is being done here: it may take longer than one."""
    for row in list(_running.values()):
        if row.leased_until and row.leased_until - at < job_queue.LEASE / 2:
            job_queue.renew(row, at=at)


def release() -> None:
    """This process ends: what it leaves undone is free for the next at once."""
    for row in list(_running.values()):
        job_queue.release(row)


def _do(duty: Job, row: job_queue.QueuedJob, clock: Callable[[], datetime]) -> None:
    try:
        duty.does(*([row.key] if row.key else []), at=clock())
    except Exception as error:
        log.exception("duty %s failed", row)
        job_queue.fail(row, error=f"{type(error).__name__}: {error}", at=clock())
        return
    job_queue.finish(row, again_at=clock() + duty.every if duty.every else None)
