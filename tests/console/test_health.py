"""S6: what is told to the machines that watch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from qunce.console import health
from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.sets.mirror import deriver
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
MINUTE = timedelta(minutes=1)


def told(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/healthz")
    return answer.status_code, answer.json()


def test_it_is_well_when_nothing_waits(client: Client) -> None:
    status, said = told(client)
    assert status == 200
    assert said["ok"] and said["problems"] == []


def test_work_that_nobody_does_is_told_after_five_minutes(client: Client) -> None:
    now = datetime.now(UTC)
    job_queue.schedule(job="send", due_at=now - 4 * MINUTE)
    assert told(client)[0] == 200
    job_queue.schedule(job="send", due_at=now - 6 * MINUTE)
    status, said = told(client)
    assert (status, said["problems"], said["due"]) == (503, ["work is late"], 1)


def test_work_that_somebody_is_at_is_not_late(client: Client) -> None:
    now = datetime.now(UTC)
    job_queue.schedule(job="send", due_at=now - 60 * MINUTE)
    job_queue.claim(at=now)
    assert told(client)[0] == 200


def test_work_that_was_given_up_is_told(client: Client) -> None:
    now = datetime.now(UTC)
    job_queue.schedule(job="send", due_at=now)
    QueuedJob.objects.update(attempts=job_queue.MAX_ATTEMPTS)
    status, said = told(client)
    assert (status, said["problems"], said["failed"]) == (503, ["work has failed"], 1)


def test_facts_that_nobody_counts_are_told_after_five_minutes(client: Client) -> None:
    shop, now = factories.community(), datetime.now(UTC)
    by = staff_models.system(shop)
    accounts.create(community=shop, key="ann", by=by, at=now - 4 * MINUTE)
    assert told(client)[0] == 200
    accounts.create(community=shop, key="bob", by=by, at=now - 6 * MINUTE)
    status, said = told(client)
    assert (status, said["problems"]) == (503, ["counting is late"])
    deriver.catch_up()
    assert told(client) == (200, {**told(client)[1], "lag": 0})


def test_a_database_that_is_gone_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(**_: object) -> None:
        raise DatabaseError("no")

    monkeypatch.setattr(health, "look", gone)
    assert told(client) == (503, {"ok": False, "problems": ["database"]})
