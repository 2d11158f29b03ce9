from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.jobs import clock_watch, job_queue
from qunce.core.jobs.job_queue import QueuedJob
from tests.factories import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_clock_that_goes_on_or_differs_a_little_is_no_news() -> None:
    for at in (AT, AT + MINUTE, AT - 4 * MINUTE, AT + DAY):
        clock_watch.check(at=at)
        assert clock_watch.find_set_back() is None


def test_clock_set_back_is_reported_for_a_day_and_keeps_no_job_waiting() -> None:
    clock_watch.check(at=AT)
    job_queue.schedule(job="send", key="a", due_at=AT)
    job_queue.schedule(job="send", key="b", due_at=AT)
    (row,) = job_queue.claim(at=AT, limit=1)
    back = AT - 2 * DAY
    clock_watch.check(at=back)
    found = clock_watch.find_set_back()
    assert found == clock_watch.SetBack(AT, back)
    assert [other.key for other in job_queue.claim(at=back)] == ["b"]
    row.refresh_from_db()
    assert row.leased_until == back + job_queue.LEASE
    clock_watch.check(at=back + DAY - MINUTE)
    assert clock_watch.find_set_back() == found
    clock_watch.check(at=back + DAY)
    assert clock_watch.find_set_back() is None
    assert QueuedJob.objects.count() == 2


def test_acknowledged_set_back_is_no_longer_reported() -> None:
    clock_watch.check(at=AT)
    clock_watch.check(at=AT - DAY)
    assert clock_watch.find_set_back() is not None
    clock_watch.acknowledge()
    assert clock_watch.find_set_back() is None
