"""K7: many people are tagged in the background, by a job that can be interrupted."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.utils import translation

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.tags import assignments, library
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from qunce.sets.bitmaps import bitmaps
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases
VIP = {"tag": {"any": ["vip"]}}


def start(shop: Community, by: Staff, action: str = "apply") -> tag_models.TagJob:
    people = bitmaps.of(factories.members(shop, *"abcde"))
    vip = factories.tag(shop, "vip")
    return bulk_tagging.start(tag=vip, action=action, people=people, by=by, at=AT)


def test_job_runs_once_and_is_undone_as_one_batch(shop: Community, by: Staff) -> None:
    job = start(shop, by)
    (due,) = job_queue.QueuedJob.objects.filter(job=bulk_tagging.JOB)
    for _time in range(2):
        bulk_tagging.run(due.key, at=LATER)
    job = bulk_tagging.get(by=by, pk=job.pk)
    assert (job.done, job.batch.changed, job.error) == (5, 5, "")
    assert factories.matching_keys(shop, VIP) == list("abcde")
    assignments.undo(batch=job.batch, by=by, at=LATER)
    assert factories.matching_keys(shop, VIP) == []


def test_interrupted_job_resumes_without_loss_or_duplicates(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(shop, by)
    apply, calls = assignments.apply, itertools.count(1)

    def interrupted(**params: Any) -> tag_models.TagBatch:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return apply(**params)

    monkeypatch.setattr(bulk_tagging, "PEOPLE_PER_BATCH", 2)
    with monkeypatch.context() as patch:
        patch.setattr(assignments, "apply", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bulk_tagging.run(str(job.pk), at=LATER)
    assert factories.matching_keys(shop, VIP) == ["a", "b"]
    bulk_tagging.run(str(job.pk), at=LATER)
    assert factories.matching_keys(shop, VIP) == list("abcde")
    assert bulk_tagging.get(by=by, pk=job.pk).batch.changed == 5


def test_people_erased_since_the_start_are_skipped(shop: Community, by: Staff) -> None:
    job = start(shop, by)
    people.erase(account=account_queries.get(shop, "b"), by=by, at=AT)
    bulk_tagging.run(str(job.pk), at=LATER)
    assert factories.matching_keys(shop, VIP) == list("acde")


def test_job_removes_a_tag(shop: Community, by: Staff) -> None:
    bulk_tagging.run(str(start(shop, by).pk), at=AT)
    vip = tag_models.TagJob.objects.get().tag
    chosen = bitmaps.of([account_queries.get(shop, "a").pk])
    job = bulk_tagging.start(tag=vip, action="remove", people=chosen, by=by, at=AT)
    bulk_tagging.run(str(job.pk), at=LATER)
    assert factories.matching_keys(shop, VIP) == list("bcde")


def test_other_staff_cannot_see_the_job(shop: Community, by: Staff) -> None:
    job = start(shop, by)
    olga = factories.staff(shop, "operator", login="olga")
    stranger = factories.staff(factories.community("other"), login="eve")
    for staff in (olga, stranger):
        with pytest.raises(bulk_tagging.TagJobNotFound):
            bulk_tagging.get(by=staff, pk=job.pk)
    viewer = factories.staff(shop, "viewer", login="vic")
    nobody = bitmaps.of([])
    with pytest.raises(permissions.NotAllowed):
        bulk_tagging.start(tag=job.tag, action="apply", people=nobody, by=viewer, at=AT)


def test_error_is_in_the_language_of_whoever_started_the_job(
    shop: Community, by: Staff
) -> None:
    job = start(shop, by)
    library.archive(tag=job.tag, by=by, at=AT)
    with translation.override("en"):
        bulk_tagging.run(str(job.pk), at=LATER)
    error = bulk_tagging.get(by=by, pk=job.pk).error
    with translation.override(by.language), pytest.raises(errors.Refused) as refused:
        library.check_active(job.tag)
    assert error == str(refused.value)
    assert by.language == "zh-hans"
