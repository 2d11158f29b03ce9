"""K7 · many are tagged in the background; stopped anywhere, it goes on."""

from __future__ import annotations

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.tags import assignments
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from qunce.sets.bitmaps import bitmaps
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.both_databases
VIP = {"tag": {"any": ["vip"]}}


def begin(shop: Community, by: Staff, action: str = "apply") -> tag_models.TagJob:
    people = bitmaps.of(factories.members(shop, *"abcde"))
    vip = factories.tag(shop, "vip")
    return bulk_tagging.start(tag=vip, action=action, people=people, by=by, at=AT)


def test_it_is_done_once_and_undone_as_one(shop: Community, by: Staff) -> None:
    job = begin(shop, by)
    (due,) = job_queue.QueuedJob.objects.filter(job=bulk_tagging.JOB)
    for _twice in range(2):
        bulk_tagging.run(due.key, at=LATER)
    job = bulk_tagging.get(by=by, pk=job.pk)
    assert (job.done, job.batch.changed, job.error) == (5, 5, "")
    assert factories.matching_keys(shop, VIP) == list("abcde")
    assignments.undo(batch=job.batch, by=by, at=LATER)
    assert factories.matching_keys(shop, VIP) == []


def test_a_stop_in_the_middle_loses_and_doubles_nothing(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = begin(shop, by)
    work_one, turns = bulk_tagging._work, []

    def killed(*given: object) -> None:
        turns.append(1)
        if len(turns) == 2:
            raise KeyboardInterrupt
        work_one(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(account_models, "CHUNK", 2)
    monkeypatch.setattr(account_queries.chunks, "__defaults__", (2,))
    monkeypatch.setattr(bulk_tagging, "_work", killed)
    with pytest.raises(KeyboardInterrupt):
        bulk_tagging.run(str(job.pk), at=LATER)
    assert factories.matching_keys(shop, VIP) == ["a", "b"]
    monkeypatch.setattr(bulk_tagging, "_work", work_one)
    bulk_tagging.run(str(job.pk), at=LATER)
    assert factories.matching_keys(shop, VIP) == list("abcde")
    assert bulk_tagging.get(by=by, pk=job.pk).batch.changed == 5


def test_who_is_erased_meanwhile_is_passed_over(shop: Community, by: Staff) -> None:
    job = begin(shop, by)
    people.erase(account=account_queries.get(shop, "b"), by=by, at=AT)
    bulk_tagging.run(str(job.pk), at=LATER)
    assert factories.matching_keys(shop, VIP) == list("acde")


def test_taking_off(shop: Community, by: Staff) -> None:
    bulk_tagging.run(str(begin(shop, by).pk), at=AT)
    vip = tag_models.TagJob.objects.get().tag
    chosen = bitmaps.of([account_queries.get(shop, "a").pk])
    job = bulk_tagging.start(tag=vip, action="remove", people=chosen, by=by, at=AT)
    bulk_tagging.run(str(job.pk), at=LATER)
    assert factories.matching_keys(shop, VIP) == list("bcde")


def test_others_do_not_see_it(shop: Community, by: Staff) -> None:
    job = begin(shop, by)
    olga = factories.staff(shop, "operator", login="olga")
    stranger = factories.staff(factories.community("other"), login="eve")
    for staff in (olga, stranger):
        with pytest.raises(bulk_tagging.TagJobNotFound):
            bulk_tagging.get(by=staff, pk=job.pk)
    viewer = factories.staff(shop, "viewer", login="vic")
    nobody = bitmaps.of([])
    with pytest.raises(permissions.NotAllowed):
        bulk_tagging.start(tag=job.tag, action="apply", people=nobody, by=viewer, at=AT)
