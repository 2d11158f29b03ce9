"""`qunce jobs`: what failed in all communities, and trying it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from qunce.core import errors
from qunce.core.jobs import job_queue
from qunce.core.jobs.job_queue import QueuedJob
from qunce.members.layers import layers
from tests import factories
from tests.cli.runner import Run, in_this_process
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def qunce(capsys: pytest.CaptureFixture[str], settings: object, tmp_path: Path) -> Run:
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    return in_this_process(capsys, "--at", "2026-03-05T12:00:00Z", "--lang", "en")


def test_failed_jobs_of_all_communities_are_listed_shown_and_retried(
    qunce: Run,
) -> None:
    shop, tea = factories.community(), factories.community("tea")
    spec = {"by": "rules", "layers": [{"key": "a", "rule": {"all": []}}, {"key": "b"}]}
    vip = layers.create(
        community=shop,
        key="vip",
        name="VIP",
        spec=spec,
        by=factories.staff(shop),
        at=AT,
    )
    job_queue.schedule(job=layers.JOB, key=str(vip.pk), due_at=AT, community=shop)
    job_queue.schedule(job="uploads.prune", due_at=AT)
    for row in job_queue.claim(at=AT):
        job_queue.fail(row, error=errors.Invalid("There is no tag “x”."), at=AT)
    job_queue.schedule(job="sessions.prune", due_at=AT + HOUR)
    listed = qunce("jobs", "list", "--json").json["jobs"]
    assert [(job["community"], job["label"], job["subject"]) for job in listed] == [
        ("shop", "Recompute a layering", "VIP"),
        (None, "Delete old uploads", ""),
    ]
    assert listed[0]["reason"] == "There is no tag “x”."
    assert listed[0]["attempts"] == 1
    assert len(qunce("jobs", "list", "--all", "--json").json["jobs"]) == 3
    of_tea = qunce("jobs", "list", "--community", tea.key, "--json").json["jobs"]
    assert [job["job"] for job in of_tea] == ["uploads.prune"]
    pk = str(listed[0]["id"])
    shown = qunce("jobs", "show", pk).output
    assert "There is no tag “x”." in shown and "Correct it" in shown
    assert qunce("jobs", "retry", pk).code == 0
    assert QueuedJob.objects.get(pk=pk).attempts == 0
    assert qunce("jobs", "retry", "99999").code == 3
    assert "There is no such job" in qunce("jobs", "show", "99999").errors


def test_staff_without_the_permission_see_no_jobs(qunce: Run) -> None:
    factories.staff(factories.community(), "operator", login="op")
    assert qunce("jobs", "list", "--as", "op").code == 4
    assert "No job has failed." in qunce("jobs", "list").output
