from __future__ import annotations

import collections
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from qunce.core import errors, permissions
from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from tests import factories, threads
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


def test_recurring_job_with_a_key_is_never_given_up() -> None:
    job_queue.schedule(job="send", key="a", due_at=AT, recurs=True)
    at = AT
    for _attempt in range(job_queue.MAX_ATTEMPTS + 3):
        (row,) = job_queue.claim(at=at)
        job_queue.fail(row, error=ValueError("no"), at=at)
        at += job_queue.MAX_WAIT
    (row,) = job_queue.list_failing()
    assert not row.is_given_up
    assert row.failing_since == AT
    assert (row.error, row.cause, row.reason) == ("ValueError: no", "internal", "")
    assert job_queue.complete(job_queue.claim(at=at)[0])
    assert not job_queue.list_failing().exists()


def test_failure_is_reported_when_it_lasts_to_staff_of_its_community() -> None:
    shop, tea = factories.community(), factories.community("tea")
    job_queue.schedule(job="send", key="a", due_at=AT, community=shop)
    job_queue.schedule(job="prune", due_at=AT)
    for row in job_queue.claim(at=AT):
        job_queue.fail(row, error=errors.Invalid("Ann is gone"), at=AT)
    assert job_queue.list_reported(shop, at=AT + MINUTE) == []
    reported = job_queue.list_reported(shop, at=AT + 60 * MINUTE)
    # Its sentence may name a member, so that other communities are not told.
    assert [(row.job, row.reason) for row in reported] == [
        ("send", "Ann is gone"),
        ("prune", ""),
    ]
    others = job_queue.list_reported(tea, at=AT + 60 * MINUTE)
    assert [row.job for row in others] == ["prune"]


def test_given_up_job_is_retried_by_hand_with_all_attempts() -> None:
    shop = factories.community()
    job_queue.schedule(job="send", key="a", due_at=AT, community=shop)
    QueuedJob.objects.update(attempts=job_queue.MAX_ATTEMPTS, error="no")
    assert job_queue.claim(at=AT) == []
    job = job_queue.get(QueuedJob.objects.get().pk, community=shop)
    operator = factories.staff(shop, "operator")
    with pytest.raises(permissions.NotAllowed):
        job_queue.retry(job=job, by=operator, at=AT)
    other = factories.staff(factories.community("tea"), "owner", login="bob")
    with pytest.raises(errors.NotFound):
        job_queue.retry(job=job, by=other, at=AT)
    job_queue.retry(job=job, by=factories.staff(shop, "owner", login="eve"), at=AT)
    assert keys(job_queue.claim(at=AT)) == ["a"]
    assert QueuedJob.objects.get().attempts == 1


def test_leases_of_killed_processes_of_this_home_are_freed() -> None:
    code = (
        "from qunce.core.jobs import process_tokens; print(process_tokens.own());"
        "import sys; sys.stdout.flush(); sys.stdin.read()"
    )
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "qunce.settings",
        "QUNCE_HOME": str(settings.HOME),
    }
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        token = process.stdout.readline().strip()
        schedule("a", "b")
        (ours,) = job_queue.claim(at=AT, limit=1)
        job_queue.claim(at=AT)
        QueuedJob.objects.exclude(pk=ours.pk).update(lease=f"{token}0123")
        assert job_queue.free_leases_of_dead_processes() == 0
        process.kill()
    assert job_queue.free_leases_of_dead_processes() == 1
    assert keys(job_queue.claim(at=AT)) == ["b"]


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
