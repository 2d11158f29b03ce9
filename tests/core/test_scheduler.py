from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from qunce.core.jobs import job_queue, scheduler
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.jobs.scheduler import Job
from tests.factories import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


def test_recurring_job_runs_each_time_it_is_due() -> None:
    runs: list[datetime] = []
    jobs = {"prune": Job(lambda *, at: runs.append(at), every=HOUR)}
    clock = Clock()
    scheduler.ensure_scheduled(jobs, at=AT)
    scheduler.ensure_scheduled(jobs, at=AT)
    assert scheduler.run_due(jobs, clock=clock) == 1
    assert scheduler.run_due(jobs, clock=clock) == 0
    clock.at += HOUR
    scheduler.ensure_scheduled(jobs, at=clock.at)
    assert scheduler.run_due(jobs, clock=clock) == 1
    assert runs == [AT, AT + HOUR]


def test_job_with_keys_runs_once_per_key() -> None:
    runs: list[str] = []
    jobs = {"send": Job(lambda key, *, at: runs.append(key))}
    scheduler.ensure_scheduled(jobs, at=AT)
    for key in ("a", "b"):
        job_queue.schedule(job="send", key=key, due_at=AT)
    scheduler.run_due(jobs, clock=Clock())
    assert runs == ["a", "b"]
    assert not QueuedJob.objects.exists()


def test_failed_job_stores_its_error_and_does_not_stop_others() -> None:
    runs: list[str] = []

    def send(key: str, *, at: datetime) -> None:
        if key == "a":
            raise ValueError("no")
        runs.append(key)

    for key in ("a", "b"):
        job_queue.schedule(job="send", key=key, due_at=AT)
    scheduler.run_due({"send": Job(send)}, clock=Clock())
    assert runs == ["b"]
    row = QueuedJob.objects.get()
    assert (row.key, row.error, row.due_at) == ("a", "ValueError: no", AT + HOUR / 60)


def test_job_of_another_version_stays_queued() -> None:
    job_queue.schedule(job="of tomorrow", key="a", due_at=AT)
    scheduler.run_due({}, clock=Clock())
    assert QueuedJob.objects.get().error == "there is no such job"


def test_other_threads_run_jobs_during_a_long_one() -> None:
    runs: list[str] = []
    jobs: dict[str, Job] = {}

    def long(*, at: datetime) -> None:
        scheduler.run_due({"short": jobs["short"]}, clock=Clock())
        runs.append("long")

    jobs |= {"long": Job(long), "short": Job(lambda *, at: runs.append("short"))}
    job_queue.schedule(job="long", due_at=AT - HOUR)
    job_queue.schedule(job="short", due_at=AT)
    scheduler.run_due(jobs, clock=Clock())
    assert runs == ["short", "long"]


def test_lease_of_a_running_job_is_renewed_and_released_on_stop() -> None:
    leases: list[tuple[datetime | None, int]] = []

    def look() -> None:
        row = QueuedJob.objects.get()
        leases.append((row.leased_until, row.attempts))

    def long(*, at: datetime) -> None:
        for after in (timedelta(), job_queue.LEASE - timedelta(seconds=1)):
            scheduler.renew(at=at + after)
            look()
        scheduler.release()
        look()

    job_queue.schedule(job="long", due_at=AT)
    scheduler.run_due(
        {"long": Job(long)}, clock=Clock(), is_stopping=lambda: bool(leases)
    )
    later = AT + 2 * job_queue.LEASE - timedelta(seconds=1)
    assert leases == [(AT + job_queue.LEASE, 1), (later, 1), (None, 0)]
    assert QueuedJob.objects.count() == 1


def test_recurring_job_goes_on_however_often_it_failed() -> None:
    broken, clock, runs = True, Clock(), 0

    def run(*, at: datetime) -> None:
        nonlocal runs
        if broken:
            raise ValueError("no")
        runs += 1

    jobs = {"prune": Job(run, every=HOUR)}
    scheduler.ensure_scheduled(jobs, at=AT)
    for _attempt in range(job_queue.MAX_ATTEMPTS + 5):
        scheduler.run_due(jobs, clock=clock)
        clock.at += job_queue.MAX_WAIT
    assert [row.job for row in job_queue.exhausted()] == ["prune"]
    broken = False
    scheduler.run_due(jobs, clock=clock)
    assert runs == 1
    assert not job_queue.exhausted().exists()


def test_recurring_jobs_run_after_the_clock_was_set_back() -> None:
    runs: list[datetime] = []
    jobs = {"prune": Job(lambda *, at: runs.append(at), every=HOUR)}
    clock = Clock()
    scheduler.ensure_scheduled(jobs, at=AT)
    scheduler.run_due(jobs, clock=clock)
    clock.at -= timedelta(days=2)
    scheduler.ensure_scheduled(jobs, at=clock.at)
    assert scheduler.run_due(jobs, clock=clock) == 1
    assert runs == [AT, AT - timedelta(days=2)]


def test_all_recurring_jobs_run_in_one_round() -> None:
    """However many there are: the last ones would be late by a round otherwise."""
    runs: list[str] = []
    jobs = {
        f"job {n}": Job(lambda *, at, n=n: runs.append(n), every=HOUR)
        for n in range(3 * scheduler.MAX_QUEUED)
    }
    scheduler.ensure_scheduled(jobs, at=AT)
    scheduler.run_due(jobs, clock=Clock())
    assert len(runs) == len(jobs)
