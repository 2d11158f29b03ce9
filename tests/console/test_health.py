"""The health check for monitoring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.sets.mirror import deriver
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
MINUTE = timedelta(minutes=1)


def check(client: Client) -> tuple[int, dict[str, Any]]:
    response = client.get("/healthz")
    return response.status_code, response.json()


def test_health_is_ok_without_waiting_work(client: Client) -> None:
    status, body = check(client)
    assert status == 200
    assert body["ok"] and body["problems"] == []


def test_unclaimed_work_is_reported_after_five_minutes(client: Client) -> None:
    now = datetime.now(UTC)
    job_queue.schedule(job="send", due_at=now - 4 * MINUTE)
    assert check(client)[0] == 200
    job_queue.schedule(job="send", due_at=now - 6 * MINUTE)
    status, body = check(client)
    assert (status, body["problems"], body["due"]) == (503, ["work is late"], 1)


def test_claimed_work_is_not_late(client: Client) -> None:
    now = datetime.now(UTC)
    job_queue.schedule(job="send", due_at=now - 60 * MINUTE)
    job_queue.claim(at=now)
    assert check(client)[0] == 200


def test_exhausted_work_is_reported(client: Client) -> None:
    now = datetime.now(UTC)
    job_queue.schedule(job="send", due_at=now)
    QueuedJob.objects.update(attempts=job_queue.MAX_ATTEMPTS)
    status, body = check(client)
    assert (status, body["problems"], body["failed"]) == (503, ["work has failed"], 1)


def test_uncounted_facts_are_reported_after_five_minutes(client: Client) -> None:
    shop, now = factories.community(), datetime.now(UTC)
    by = staff_models.system(shop)
    accounts.create(community=shop, key="ann", by=by, at=now - 4 * MINUTE)
    assert check(client)[0] == 200
    accounts.create(community=shop, key="bob", by=by, at=now - 6 * MINUTE)
    status, body = check(client)
    assert (status, body["problems"]) == (503, ["counting is late"])
    deriver.catch_up()
    assert check(client) == (200, {**check(client)[1], "lag": 0})


def test_missing_database_is_reported(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise DatabaseError("no connection")

    monkeypatch.setattr(job_queue, "list_waiting", fail)
    assert check(client) == (503, {"ok": False, "problems": ["database"]})
