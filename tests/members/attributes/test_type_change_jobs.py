"""Changes of type with many values, in the background."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qunce import schedule
from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.staff.models import Staff
from qunce.members.accounts import erasure
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes, type_change_jobs, type_changes
from qunce.members.attributes.attributes import Attribute
from qunce.members.attributes.type_change_jobs import TypeChangeJob
from qunce.members.people import people
from qunce.members.segments import segments
from tests import clients, factories
from tests.factories import AT, LATER
from tests.members.attributes.test_type_changes import define, texts

NOW = datetime(2100, 1, 1, tzinfo=UTC)
"""After every request of a test, which reads the clock."""
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOME = tmp_path
    monkeypatch.setattr(type_change_jobs, "MAX_IMMEDIATE", 2)


@pytest.fixture
def score(shop: Community, by: Staff) -> Attribute:
    return define(shop, by, "score", "text", ann="12", bob="7", cyd="secret")


def start(attribute: Attribute, by: Staff, **options: Any) -> TypeChangeJob:
    return type_change_jobs.start(
        attribute=attribute, type="number", by=by, at=AT, **options
    )


def run(job: TypeChangeJob, at: datetime = LATER) -> TypeChangeJob:
    only = {type_change_jobs.JOB: schedule.SCHEDULE[type_change_jobs.JOB]}
    while scheduler.run_due(only, clock=lambda: at):
        pass
    job.refresh_from_db()
    assert job.finished_at == at
    return job


def test_values_are_converted_with_progress(
    shop: Community, by: Staff, score: Attribute
) -> None:
    assert type_change_jobs.is_large(score)
    job = start(score, by, drop_unreadable=True)
    assert (job.size, job.done, job.finished_at) == (3, 0, None)
    assert texts(shop, score)["ann"] == "12"
    job = run(job)
    assert (job.done, job.phase, job.error) == (3, "writing", "")
    assert (job.result["converted"], job.result["unreadable"]) == (2, 1)
    assert attributes.get(shop, "score").type == "number"
    assert texts(shop, attributes.get(shop, "score")) == {"ann": "12", "bob": "7"}
    type_change_jobs.run(str(job.pk), at=LATER)
    assert attributes.get(shop, "score").type_changed_at == LATER


def test_refusal_is_kept_and_nothing_changes(
    shop: Community, by: Staff, score: Attribute
) -> None:
    job = run(start(score, by))
    assert "“secret” (cyd)" in job.error
    assert (job.result, attributes.get(shop, "score").type) == (None, "text")
    rule = {"attr": {"name": "score", "contains": "s"}}
    segments.create(community=shop, key="s", name="Old", rule=rule, by=by, at=AT)
    job = run(start(score, by, drop_unreadable=True))
    assert "“Old”" in job.error
    assert len(texts(shop, score)) == 3


def test_dry_run_changes_nothing(shop: Community, by: Staff, score: Attribute) -> None:
    job = run(start(score, by, dry_run=True))
    assert (job.result["converted"], job.result["unreadable"]) == (2, 1)
    assert any("secret" in note for note in job.result["notes"])
    assert attributes.get(shop, "score").type == "text"


def test_one_change_at_a_time_and_only_by_managers(
    shop: Community, by: Staff, score: Attribute
) -> None:
    with pytest.raises(permissions.NotAllowed):
        start(score, factories.staff(shop, "operator", "olga"))
    job = start(score, by)
    with pytest.raises(type_change_jobs.TypeChangeInProgress):
        start(score, by)
    run(job)
    start(score, by)


def test_unexpected_error_ends_the_change_and_allows_another(
    shop: Community, by: Staff, score: Attribute, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(score, by)
    with monkeypatch.context() as patched:
        patched.setattr(type_changes, "survey", lambda **_: 1 / 0)
        run(job)
    job.refresh_from_db()
    assert job.error
    assert attributes.get(shop, "score").type == "text"
    start(score, by)


def test_notes_about_an_erased_member_are_deleted(
    shop: Community, by: Staff, score: Attribute
) -> None:
    job = run(start(score, by, dry_run=True))
    for key in ("ann", "cyd"):
        account = account_queries.get(shop, key)
        person = people.erase(account=account, by=by, at=LATER)
        assert TypeChangeJob.objects.filter(pk=job.pk).exists()
        erasure.scrub(str(person), at=LATER)
        assert TypeChangeJob.objects.filter(pk=job.pk).exists() is (key == "ann")


def test_api_answers_at_once_and_gives_the_progress(
    shop: Community, by: Staff, score: Attribute
) -> None:
    api = clients.create_client(shop)
    path = f"/attributes/{score.pk}/type"
    started = api.post(path, {"type": "number", "drop_unreadable": True})
    assert started.status == 202
    assert api.post(path, {"type": "number"}).kind == "type-change-in-progress"
    one = f"/attribute-type-changes/{started.body['id']}"
    assert (api.get(one).body["size"], api.get(one).body["result"]) == (3, None)
    run(TypeChangeJob.objects.get(), NOW)
    assert api.get(one).body["result"]["attribute"]["type"] == "number"
    other = clients.create_client(factories.community("other"))
    assert other.get(one).status == 404
    small = define(shop, by, "small", "text", dot="1")
    assert api.post(f"/attributes/{small.pk}/type", {"type": "number"}).status == 200


def test_console_shows_the_check_then_the_change(
    shop: Community, by: Staff, score: Attribute
) -> None:
    browser = clients.browser(by)
    path = f"/members/attributes/{score.pk}/type/"

    def follow(**data: str) -> str:
        page = browser.post(path, data, follow=True)
        assert "type-changes" in page.redirect_chain[-1][0]
        return str(page.content.decode())

    assert "<progress" in follow(type="number")
    assert browser.get(path).status_code == 302
    job = run(TypeChangeJob.objects.get(), NOW)
    shown = browser.get(f"/members/attributes/type-changes/{job.pk}/")
    assert "secret" in shown.content.decode()
    assert 'name="drop_unreadable"' in shown.content.decode()
    follow(type="number", confirmed="number", drop_unreadable="on")
    job = run(TypeChangeJob.objects.get(dry_run=False), NOW)
    assert attributes.get(shop, "score").type == "number"
    page = browser.get(f"/members/attributes/type-changes/{job.pk}/").content.decode()
    assert "<progress" not in page
    assert "number" in page or "数" in page
    viewer = clients.browser(factories.staff(shop, "viewer", "vi"))
    address = f"/members/attributes/type-changes/{job.pk}/"
    assert viewer.get(address).status_code == 403
