from __future__ import annotations

import collections
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from tests import threads
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
MINUTE = timedelta(minutes=1)


def schedule(*keys: str, due_at: datetime = AT) -> None:
    for key in keys:
        job_queue.schedule(job="send", key=key, due_at=due_at)


def keys(claimed: list[QueuedJob]) -> list[str]:
    return [row.key for row in claimed]


def test_due_jobs_are_claimed_in_order_of_due_time() -> None:
    schedule("b", due_at=AT - MINUTE)
    schedule("a")
    schedule("later", due_at=AT + MINUTE)
    assert keys(job_queue.claim(at=AT)) == ["b", "a"]


def test_leased_job_is_not_claimed_again() -> None:
    schedule("a")
    assert keys(job_queue.claim(at=AT)) == ["a"]
    assert job_queue.claim(at=AT) == []


def test_job_scheduled_twice_is_queued_once_at_the_earlier_time() -> None:
    schedule("a", due_at=AT + MINUTE)
    schedule("a", due_at=AT)
    schedule("a", due_at=AT + 2 * MINUTE)
    assert QueuedJob.objects.count() == 1
    assert keys(job_queue.claim(at=AT)) == ["a"]


def test_job_with_an_expired_lease_is_claimed_by_another_process() -> None:
    schedule("a")
    first = job_queue.claim(at=AT, lease=MINUTE)[0]
    assert job_queue.claim(at=AT + MINUTE - timedelta(microseconds=1)) == []
    second = job_queue.claim(at=AT + MINUTE, lease=MINUTE)[0]
    assert not job_queue.complete(first)
    assert not job_queue.fail(first, error="slow", at=AT + MINUTE)
    assert job_queue.complete(second)
    assert not QueuedJob.objects.exists()


def test_recurring_job_is_due_again_after_it_ran() -> None:
    schedule("a")
    assert job_queue.complete(job_queue.claim(at=AT)[0], next_due_at=AT + MINUTE)
    assert job_queue.claim(at=AT) == []
    assert keys(job_queue.claim(at=AT + MINUTE)) == ["a"]


def test_failed_job_is_retried_ever_later_until_its_attempts_are_exhausted() -> None:
    schedule("a")
    at, waits = AT, []
    for _attempt in range(job_queue.MAX_ATTEMPTS):
        row = job_queue.claim(at=at)[0]
        assert job_queue.fail(row, error="no", at=at)
        row.refresh_from_db()
        waits.append((row.due_at - at) // MINUTE)
        at = row.due_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256]
    assert job_queue.claim(at=at) == []
    assert [(row.key, row.error) for row in job_queue.exhausted()] == [("a", "no")]


def test_concurrent_claims_get_different_jobs() -> None:
    schedule(*(f"{number:03}" for number in range(40)))

    def claim_all() -> list[str]:
        claimed_keys: list[str] = []
        while claimed := job_queue.claim(at=AT, limit=3):
            claimed_keys += keys(claimed)
        return claimed_keys

    claimers: list[Callable[[], list[str]]] = [claim_all] * 6
    counts = collections.Counter(itertools.chain(*threads.run(*claimers)))
    assert counts == {f"{number:03}": 1 for number in range(40)}


def test_concurrent_scheduling_queues_a_job_once() -> None:
    def schedule_both() -> None:
        schedule("a", "b")

    threads.run(*[schedule_both] * 6)
    assert sorted(QueuedJob.objects.values_list("key", flat=True)) == ["a", "b"]
