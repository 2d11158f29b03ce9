from __future__ import annotations

import collections
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from tests.core import together
from tests.core.made import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
MINUTE = timedelta(minutes=1)


def schedule(*keys: str, due_at: datetime = AT) -> None:
    for key in keys:
        job_queue.schedule(job="send", key=key, due_at=due_at)


def keys(claimed: list[QueuedJob]) -> list[str]:
    return [row.key for row in claimed]


def test_what_is_due_is_claimed_in_order() -> None:
    schedule("b", due_at=AT - MINUTE)
    schedule("a")
    schedule("later", due_at=AT + MINUTE)
    assert keys(job_queue.claim(at=AT)) == ["b", "a"]


def test_what_somebody_holds_is_not_claimed_again() -> None:
    schedule("a")
    assert keys(job_queue.claim(at=AT)) == ["a"]
    assert job_queue.claim(at=AT) == []


def test_the_same_thing_is_due_once_and_then_at_the_earlier_time() -> None:
    schedule("a", due_at=AT + MINUTE)
    schedule("a", due_at=AT)
    schedule("a", due_at=AT + 2 * MINUTE)
    assert QueuedJob.objects.count() == 1
    assert keys(job_queue.claim(at=AT)) == ["a"]


def test_a_lease_that_ran_out_is_taken_by_another_and_lost_by_the_first() -> None:
    schedule("a")
    first = job_queue.claim(at=AT, lease=MINUTE)[0]
    assert job_queue.claim(at=AT + MINUTE - timedelta(microseconds=1)) == []
    second = job_queue.claim(at=AT + MINUTE, lease=MINUTE)[0]
    assert not job_queue.complete(first)
    assert not job_queue.fail(first, error="slow", at=AT + MINUTE)
    assert job_queue.complete(second)
    assert not QueuedJob.objects.exists()


def test_a_recurring_duty_is_due_again() -> None:
    schedule("a")
    assert job_queue.complete(job_queue.claim(at=AT)[0], next_due_at=AT + MINUTE)
    assert job_queue.claim(at=AT) == []
    assert keys(job_queue.claim(at=AT + MINUTE)) == ["a"]


def test_what_failed_waits_longer_each_time_and_is_given_up_at_last() -> None:
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


def test_of_many_takers_at_once_each_row_has_one() -> None:
    schedule(*(f"{number:03}" for number in range(40)))

    def take() -> list[str]:
        taken: list[str] = []
        while claimed := job_queue.claim(at=AT, limit=3):
            taken += keys(claimed)
        return taken

    takers: list[Callable[[], list[str]]] = [take] * 6
    counted = collections.Counter(itertools.chain(*together.run(*takers)))
    assert counted == {f"{number:03}": 1 for number in range(40)}


def test_a_row_is_due_once_however_many_schedule_it_at_once() -> None:
    def plan() -> None:
        schedule("a", "b")

    together.run(*[plan] * 6)
    assert sorted(QueuedJob.objects.values_list("key", flat=True)) == ["a", "b"]
