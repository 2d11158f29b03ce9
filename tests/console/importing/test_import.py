"""Imports in the console, from the upload to the end."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from qunce.console.importing import labels
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.importing import target_registry
from qunce.importing.columns import column_mapping
from qunce.importing.jobs import jobs, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.uploads import Upload
from qunce.members.accounts import queries as account_queries
from tests import factories
from tests.clients import browser
from tests.console.importing.steps import (
    BAD,
    GOOD,
    create_upload,
    page,
    post,
    report_of,
    run_jobs,
    start_import,
    upload_file,
)
from tests.factories import AT

pytestmark = pytest.mark.django_db


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "\u202eright",
    "x" * 10_000,
    "😀",
    "c0",
)


def test_file_is_uploaded_previewed_and_imported(shop: Community, ann: Client) -> None:
    assert "Try with my own spreadsheet" in page(ann, "list")
    upload = create_upload(ann, GOOD)
    preview = page(ann, "file-detail", upload.pk)
    for text in ("All rows are valid.", ">Ann<", "attribute: level", "Import 2 rows"):
        assert text in preview
    assert "members.csv" in page(ann, "list")
    job = start_import(ann, upload)
    assert 'hx-trigger="every 1s"' in page(ann, "job-detail", job.pk)
    run_jobs()
    done = page(ann, "job-detail", job.pk)
    assert report_of(done)["Rows read"] == "2"
    assert "new members" in done
    assert "every 1s" not in done
    assert account_queries.get(shop, "a").name == "Ann"


def test_polling_gets_only_the_progress(ann: Client) -> None:
    job = start_import(ann, create_upload(ann, GOOD))
    part = page(ann, "job-detail", job.pk, HTTP_HX_REQUEST="true")
    assert "<html" not in part
    assert "queued" in part


def test_changed_mapping_is_stored_and_conflicts_are_resolved(ann: Client) -> None:
    upload = create_upload(ann, "key,name,nick\na,Ann,Annie\n")
    post(
        ann, "file-detail", upload.pk, target="members", c0="key", c1="name", c2="name"
    )
    upload.refresh_from_db()
    target = target_registry.get("members")
    mapping = column_mapping.complete(
        target, upload.inspection["headings"], upload.options["mapping"]
    )
    assert mapping == {"key": "key", "name": "attr:name", "nick": "name"}
    answer = ann.post(
        reverse("importing:file-detail", args=[upload.pk]),
        {"target": "members", "c0": ""},
        HTTP_HX_REQUEST="true",
    )
    text = answer.content.decode()
    assert "Choose a column for: Member number or Phone" in text
    assert "<html" not in text
    assert "Import about" not in text
    post(ann, "file-detail", upload.pk, target="tags")
    assert "Choose a column for: Tag." in page(ann, "file-detail", upload.pk)


def test_unknown_field_or_target_is_rejected(ann: Client) -> None:
    upload = create_upload(ann, GOOD)
    text = post(ann, "file-detail", upload.pk, 422, target="members", c1="password")
    assert "not a field of this import" in text
    post(ann, "file-detail", upload.pk, 404, target="nonsense")


def test_broken_rows_are_reported_and_valid_rows_imported(
    shop: Community, ann: Client
) -> None:
    upload = create_upload(ann, BAD)
    assert "1 row is broken" in page(ann, "file-detail", upload.pk)
    job = start_import(ann, upload, mode="all")
    run_jobs()
    report_page = page(ann, "job-detail", job.pk)
    for text in ("so nothing was written", "yesterday", "Import the 1 good row"):
        assert text in report_page
    # A colleague reads the remedy in their own language.
    colleague = factories.staff(shop, login="lin")
    staff_models.Staff.objects.filter(pk=colleague.pk).update(language="zh-hans")
    remedy = job.problems.get().remedy
    assert remedy in html.unescape(report_page)
    theirs = html.unescape(page(browser(colleague), "job-detail", job.pk))
    assert "yesterday" in theirs
    assert remedy not in theirs
    answer = ann.get(reverse("importing:job-problems", args=[job.pk]))
    report = b"".join(answer).decode("utf-8-sig")
    assert "yesterday" in report
    assert "attachment" in answer["Content-Disposition"]
    post(ann, "job-retry-valid-rows", job.pk)
    run_jobs()
    assert set(account_queries.find(shop, ["a", "b"])) == {"a"}
    assert "1 broken row" in page(ann, "job-detail", ImportJob.objects.latest("pk").pk)


def test_import_is_cancelled_and_resumed(ann: Client) -> None:
    job = start_import(ann, create_upload(ann, GOOD))
    post(ann, "job-cancel", job.pk)
    assert "Resume import" in page(ann, "job-detail", job.pk)
    post(ann, "job-cancel", job.pk, 403)
    post(ann, "job-resume", job.pk)
    run_jobs()
    assert report_of(page(ann, "job-detail", job.pk))["Rows read"] == "2"


def test_unreadable_file_is_rejected(ann: Client, home: Path) -> None:
    for body in (b"", b"\x00" * 50, b"PK\x03\x04 not really", b"a" * (5 << 20)):
        answer = upload_file(ann, body)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    answer = ann.post(reverse("importing:create"), {"other": "field"})
    assert answer.status_code == 422
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]


def test_oversized_file_is_rejected_before_it_is_stored(
    ann: Client, settings: Settings, home: Path
) -> None:
    settings.MAX_UPLOAD_BYTES = 1_000
    answer = upload_file(ann, "key\n" + "a\n" * 2_000)
    assert answer.status_code == 422
    assert "larger" in answer.content.decode()
    assert not list(home.rglob("*.part"))


def test_upload_requires_a_csrf_token_and_stores_nothing_without_it(
    by: Staff, home: Path
) -> None:
    strict = browser(by, enforce_csrf_checks=True)
    assert upload_file(strict, GOOD).status_code == 403
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]
    assert not Upload.objects.exists()


def test_upload_without_permission_stores_nothing(shop: Community, home: Path) -> None:
    clerk = staff_models.create(community=shop, login="wu", role="operator", at=AT)
    scoped = staff_models.create(
        community=shop, login="li", role="manager", scope={"all": []}, at=AT
    )
    for client in (browser(clerk), browser(scoped)):
        assert upload_file(client, GOOD).status_code == 403
    assert upload_file(Client(), GOOD).status_code == 302
    assert not list(home.rglob("uploads/*"))
    refused = browser(scoped).get(reverse("importing:list"))
    assert refused.status_code == 403
    assert "Only staff who see the whole community" in refused.content.decode()


def test_hostile_headings_and_values_are_escaped(ann: Client) -> None:
    names = [*HOSTILE, ""]
    rows = "\n".join(",".join(HOSTILE) + ",key" for _ in range(2))
    upload = create_upload(ann, ",".join(names) + "\n" + rows, "<img onerror=1>.csv")
    post(ann, "file-detail", upload.pk, target="members", c6="key")
    for text in (page(ann, "file-detail", upload.pk), page(ann, "list")):
        assert "&lt;img" in text
        assert "<img src=x" not in text
        assert "<img onerror" not in text
    job = start_import(ann, upload)
    run_jobs()
    report = page(ann, "job-detail", job.pk)
    assert "&lt;img src=x" in report
    assert "<img src=x" not in report


def test_file_is_read_again_with_another_encoding(ann: Client) -> None:
    upload = create_upload(ann, "会员号,昵称\na,小红\n".encode("gb18030"))
    assert "gb18030" in page(ann, "file-detail", upload.pk)
    post(ann, "file-preview", upload.pk, 422, encoding="utf-8")
    post(ann, "file-preview", upload.pk, encoding="gb18030")
    assert "小红" in page(ann, "file-detail", upload.pk)


def test_file_is_deleted(ann: Client, home: Path) -> None:
    upload = create_upload(ann, GOOD)
    post(ann, "file-delete", upload.pk)
    assert not Upload.objects.exists()
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("target", target_registry.list_keys())
def test_each_example_is_detected_and_imported(
    by: Staff, target: str, language: str
) -> None:
    by.language = language
    by.save()
    client = browser(by)
    answer = client.get(reverse("importing:example", args=[target]))
    upload = create_upload(client, answer.content, f"{target}.csv")
    assert upload.options["target"] == target
    text = page(client, "file-detail", upload.pk)
    assert "All rows are valid." in text or "每一行都没有问题" in text
    job = start_import(client, upload)
    run_jobs()
    job.refresh_from_db()
    rows = len(target_registry.get(target).examples[language]) - 1
    assert (job.state, job.rows_read, job.rows_broken) == ("done", rows, 0)


def test_every_field_and_state_has_a_label() -> None:
    for target in target_registry.list_all():
        assert target.label
        assert target.description
        for field in target.fields:
            assert field.label
            assert field.type in labels.TYPE_LABELS
    assert set(labels.STATE_LABELS) == {
        state
        for origins, last in jobs.STATES.transitions.values()
        for state in (*origins, last)
    }


def test_objects_of_another_community_are_not_found(ann: Client) -> None:
    other = factories.community("other", language="en")
    stranger = browser(factories.staff(other, login="bob"))
    upload = create_upload(stranger, GOOD)
    job = start_import(stranger, upload)
    for view, pk in (
        ("file-detail", upload.pk),
        ("job-detail", job.pk),
        ("job-problems", job.pk),
    ):
        assert ann.get(reverse(f"importing:{view}", args=[pk])).status_code == 404
    for view in ("file-import", "file-preview", "file-delete"):
        post(ann, view, upload.pk, 404)
    for view in ("job-cancel", "job-resume", "job-retry-valid-rows"):
        post(ann, view, job.pk, 404)
    assert uploads.exists(upload)


def test_unusual_times_of_facts_are_accepted_by_choice(ann: Client) -> None:
    upload = create_upload(
        ann, "member_key,kind,happened_at\na,shop.visited,1998-03-05 10:00\n", "f.csv"
    )
    post(ann, "file-detail", upload.pk, target="facts")
    assert "accept facts from before 2000" in page(ann, "file-detail", upload.pk)
    shown: Any = {"target": "facts", "times-shown": "1"}
    post(ann, "file-detail", upload.pk, **shown, allow_old_times="1")
    upload.refresh_from_db()
    options = uploads.options_of(upload)
    assert (options.allow_old_times, options.allow_future_times) == (True, False)
    post(ann, "file-detail", upload.pk, **shown)
    upload.refresh_from_db()
    assert not uploads.options_of(upload).allow_old_times
    post(ann, "file-detail", upload.pk, target="members")
    assert "accept facts from before" not in page(ann, "file-detail", upload.pk)
