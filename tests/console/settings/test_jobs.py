"""The page of background jobs, and their failures on Today."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.test import Client

from qunce.console.today import items
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.jobs import clock_watch, job_queue
from qunce.core.jobs.job_queue import QueuedJob
from qunce.members.segments import segments
from tests import clients, factories
from tests.factories import AT

import_module("qunce.console.today.providers")  # registers all providers

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


def fail(shop: Community, *, times: int = 1) -> QueuedJob:
    segment = factories.segment(shop, "regulars", {"all": []})
    key = str(segment.pk)
    job_queue.schedule(
        job=segments.JOB, key=key, due_at=AT, community=shop, recurs=True
    )
    at = AT
    for _time in range(times):
        (row,) = job_queue.claim(at=at)
        job_queue.fail(row, error=errors.Invalid("There is no tag “x”."), at=at)
        at += job_queue.MAX_WAIT
    return QueuedJob.objects.get()


def test_page_says_what_failed_why_and_when_it_is_tried_again(shop: Community) -> None:
    row = fail(shop, times=2)
    browser = clients.browser(factories.staff(shop, "manager"))
    page = browser.get("/settings/jobs/").content.decode()
    assert "Count a segment: regulars" in page
    assert "There is no tag “x”." in page and "is tried again" in page
    assert segments.JOB not in page
    answer = browser.post(f"/settings/jobs/{row.pk}/retry/")
    assert answer.status_code == 303
    row.refresh_from_db()
    assert (row.attempts, row.error) == (0, "Invalid: There is no tag “x”.")
    assert job_queue.complete(job_queue.claim(at=row.due_at)[0])
    assert "No job has failed." in browser.get("/settings/jobs/").content.decode()


def test_only_staff_with_the_permission_see_and_retry_jobs(shop: Community) -> None:
    row = fail(shop)
    operator = clients.browser(factories.staff(shop, "operator"))
    assert operator.get("/settings/jobs/").status_code == 403
    assert operator.post(f"/settings/jobs/{row.pk}/retry/").status_code == 403
    tea = factories.staff(factories.community("tea"), "owner", login="tea")
    other: Client = clients.browser(tea)
    assert "regulars" not in other.get("/settings/jobs/").content.decode()
    assert other.post(f"/settings/jobs/{row.pk}/retry/").status_code == 404


def test_failure_that_lasts_is_on_today_until_it_succeeds(shop: Community) -> None:
    boss = factories.staff(shop, "manager")
    fail(shop)

    def texts(hours: int) -> list[str]:
        found = items.list_items(boss, at=AT + hours * HOUR)
        return [f"{item.text}. {item.reason}" for item in found]

    assert texts(0) == []
    assert texts(1) == [
        "Failed: Count a segment: regulars. There is no tag “x”. Correct it. The job "
        "then continues automatically."
    ]
    job_queue.complete(job_queue.claim(at=AT + HOUR)[0])
    assert texts(1) == []


def test_clock_set_back_is_on_today(shop: Community) -> None:
    boss = factories.staff(shop, "manager")
    clock_watch.check(at=AT)
    assert items.list_items(boss, at=AT) == []
    clock_watch.check(at=AT - 48 * HOUR)
    (item,) = items.list_items(boss, at=AT - 47 * HOUR)
    assert "set back from" in item.text
