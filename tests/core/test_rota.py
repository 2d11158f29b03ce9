from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from qunce.core.jobs import job_queue, scheduler
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.jobs.scheduler import Job
from tests.core.made import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


def test_a_recurring_duty_is_done_each_time_it_is_due() -> None:
    done: list[datetime] = []
    duties = {"sweep": Job(lambda *, at: done.append(at), every=HOUR)}
    clock = Clock()
    scheduler.ensure_scheduled(duties, at=AT)
    scheduler.ensure_scheduled(duties, at=AT)
    assert scheduler.run_due(duties, clock=clock) == 1
    assert scheduler.run_due(duties, clock=clock) == 0
    clock.at += HOUR
    scheduler.ensure_scheduled(duties, at=clock.at)
    assert scheduler.run_due(duties, clock=clock) == 1
    assert done == [AT, AT + HOUR]


def test_a_duty_with_keys_is_done_once_for_each() -> None:
    done: list[str] = []
    duties = {"send": Job(lambda key, *, at: done.append(key))}
    scheduler.ensure_scheduled(duties, at=AT)
    for key in ("a", "b"):
        job_queue.schedule(job="send", key=key, due_at=AT)
    scheduler.run_due(duties, clock=Clock())
    assert done == ["a", "b"]
    assert not QueuedJob.objects.exists()


def test_one_that_fails_keeps_its_error_and_holds_up_no_other() -> None:
    done: list[str] = []

    def send(key: str, *, at: datetime) -> None:
        if key == "a":
            raise ValueError("no")
        done.append(key)

    for key in ("a", "b"):
        job_queue.schedule(job="send", key=key, due_at=AT)
    scheduler.run_due({"send": Job(send)}, clock=Clock())
    assert done == ["b"]
    row = QueuedJob.objects.get()
    assert (row.key, row.error, row.due_at) == ("a", "ValueError: no", AT + HOUR / 60)


def test_a_duty_nobody_has_stays() -> None:
    job_queue.schedule(job="of tomorrow", key="a", due_at=AT)
    scheduler.run_due({}, clock=Clock())
    assert QueuedJob.objects.get().error == "there is no such job"


def test_a_long_one_leaves_the_others_to_somebody_else() -> None:
    done: list[str] = []
    duties: dict[str, Job] = {}

    def long(*, at: datetime) -> None:
        scheduler.run_due({"short": duties["short"]}, clock=Clock())
        done.append("long")

    duties |= {"long": Job(long), "short": Job(lambda *, at: done.append("short"))}
    job_queue.schedule(job="long", due_at=AT - HOUR)
    job_queue.schedule(job="short", due_at=AT)
    scheduler.run_due(duties, clock=Clock())
    assert done == ["short", "long"]


def test_who_is_at_it_keeps_it_and_who_ends_gives_it_back() -> None:
    seen: list[tuple[datetime | None, int]] = []

    def look() -> None:
        row = QueuedJob.objects.get()
        seen.append((row.leased_until, row.attempts))

    def long(*, at: datetime) -> None:
        for after in (timedelta(), job_queue.LEASE - timedelta(seconds=1)):
            scheduler.renew(at=at + after)
            look()
        scheduler.release()
        look()

    job_queue.schedule(job="long", due_at=AT)
    scheduler.run_due(
        {"long": Job(long)}, clock=Clock(), is_stopping=lambda: bool(seen)
    )
    later = AT + 2 * job_queue.LEASE - timedelta(seconds=1)
    assert seen == [(AT + job_queue.LEASE, 1), (later, 1), (None, 0)]
    assert QueuedJob.objects.count() == 1
