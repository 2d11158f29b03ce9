"""K12: a file from the browser to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from qunce import schedule
from qunce.console.importing import labels
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.importing import column_mapping, jobs, target_registry, uploads
from qunce.importing.jobs import ImportJob
from qunce.importing.uploads import Upload
from qunce.members.accounts import queries as account_queries
from tests import factories
from tests.factories import AT, LATER

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
BACKEND = "django.contrib.auth.backends.ModelBackend"
GOOD = "key,name,level\na,Ann,gold\nb,Bob,silver\n"
BAD = "key,name,joined_at\na,Ann,2026-01-02\nb,Bob,yesterday\n"
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "\u202eright",
    "x" * 10_000,
    "😀",
    "c0",
)


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


def browser(staff: Staff, **given: Any) -> Client:
    client = Client(**given)
    client.force_login(staff, backend=BACKEND)
    return client


@pytest.fixture
def ann(by: Staff) -> Client:
    return browser(by)


def send(client: Client, text: str | bytes, name: str = "members.csv") -> Any:
    body = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile(name, body)
    return client.post(reverse("importing:create"), {"file": file})


def brought(client: Client, text: str | bytes, name: str = "members.csv") -> Upload:
    answer = send(client, text, name)
    assert answer.status_code == 303, answer.content.decode()
    return Upload.objects.order_by("-pk")[0]


def page(client: Client, view: str, *args: int, **headers: Any) -> str:
    answer = client.get(reverse(f"importing:{view}", args=args), **headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def post(client: Client, view: str, pk: int, /, status: int = 303, **data: Any) -> str:
    answer = client.post(reverse(f"importing:{view}", args=[pk]), data)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def started(client: Client, upload: Upload, **data: Any) -> ImportJob:
    post(client, "file-import", upload.pk, **data)
    return ImportJob.objects.order_by("-pk")[0]


def work_off() -> None:
    only = {jobs.JOB: schedule.SCHEDULE[jobs.JOB]}
    while scheduler.run_due(
        only, clock=lambda: max(LATER, ImportJob.objects.latest("pk").started_at)
    ):
        pass


def test_a_file_is_understood_shown_and_imported(shop: Community, ann: Client) -> None:
    assert "Try with my own spreadsheet" in page(ann, "list")
    upload = brought(ann, GOOD)
    seen = page(ann, "file-detail", upload.pk)
    for text in ("All rows are valid.", ">Ann<", "attribute: level", "about 2 rows"):
        assert text in seen
    assert "members.csv" in page(ann, "list")
    job = started(ann, upload)
    assert 'hx-trigger="every 1s"' in page(ann, "job-detail", job.pk)
    work_off()
    done = page(ann, "job-detail", job.pk)
    assert "2 rows read" in done
    assert "new members" in done
    assert "every 1s" not in done
    assert account_queries.get(shop, "a").name == "Ann"


def test_the_part_that_is_asked_for_again_and_again_is_small(ann: Client) -> None:
    job = started(ann, brought(ann, GOOD))
    part = page(ann, "job-detail", job.pk, HTTP_HX_REQUEST="true")
    assert "<html" not in part
    assert "queued" in part


def test_another_meaning_is_kept_and_others_make_room(ann: Client) -> None:
    upload = brought(ann, "key,name,nick\na,Ann,Annie\n")
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


def test_what_is_not_a_meaning_is_refused(ann: Client) -> None:
    upload = brought(ann, GOOD)
    said = post(ann, "file-detail", upload.pk, 422, target="members", c1="password")
    assert "not a field of this import" in said
    post(ann, "file-detail", upload.pk, 404, target="nonsense")


def test_broken_rows_are_told_and_the_good_ones_imported(
    shop: Community, ann: Client
) -> None:
    upload = brought(ann, BAD)
    assert "1 row is broken" in page(ann, "file-detail", upload.pk)
    job = started(ann, upload, mode="all")
    work_off()
    told = page(ann, "job-detail", job.pk)
    for text in ("so nothing was written", "yesterday", "Import the 1 good row"):
        assert text in told
    answer = ann.get(reverse("importing:job-problems", args=[job.pk]))
    report = b"".join(answer).decode("utf-8-sig")
    assert "yesterday" in report
    assert "attachment" in answer["Content-Disposition"]
    post(ann, "job-retry-valid-rows", job.pk)
    work_off()
    assert set(account_queries.find(shop, ["a", "b"])) == {"a"}
    assert "1 broken row" in page(ann, "job-detail", ImportJob.objects.latest("pk").pk)


def test_an_import_is_cancelled_and_goes_on(ann: Client) -> None:
    job = started(ann, brought(ann, GOOD))
    post(ann, "job-cancel", job.pk)
    assert "Resume import" in page(ann, "job-detail", job.pk)
    post(ann, "job-cancel", job.pk, 403)
    post(ann, "job-resume", job.pk)
    work_off()
    assert "2 rows read" in page(ann, "job-detail", job.pk)


def test_a_file_that_is_no_table_is_told_beside_the_form(
    ann: Client, home: Path
) -> None:
    for body in (b"", b"\x00" * 50, b"PK\x03\x04 not really", b"a" * (5 << 20)):
        answer = send(ann, body)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    answer = ann.post(reverse("importing:create"), {"other": "field"})
    assert answer.status_code == 422
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]


def test_a_file_that_is_too_large_is_refused_before_it_is_written(
    ann: Client, settings: Settings, home: Path
) -> None:
    settings.MAX_UPLOAD_BYTES = 1_000
    answer = send(ann, "key\n" + "a\n" * 2_000)
    assert answer.status_code == 422
    assert "larger" in answer.content.decode()
    assert not list(home.rglob("*.part"))


def test_without_the_token_nothing_is_written(by: Staff, home: Path) -> None:
    strict = browser(by, enforce_csrf_checks=True)
    assert send(strict, GOOD).status_code == 403
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]
    assert not Upload.objects.exists()


def test_who_may_not_import_writes_nothing_to_the_disk(
    shop: Community, home: Path
) -> None:
    clerk = staff_models.create(community=shop, login="wu", role="operator", at=AT)
    scoped = staff_models.create(
        community=shop, login="li", role="manager", scope={"all": []}, at=AT
    )
    for client in (browser(clerk), browser(scoped)):
        assert send(client, GOOD).status_code == 403
    assert send(Client(), GOOD).status_code == 302
    assert not list(home.rglob("uploads/*"))
    assert "You cannot import files" in page(browser(scoped), "list")


def test_hostile_headings_names_and_values_are_shown_as_text(ann: Client) -> None:
    names = [*HOSTILE, ""]
    rows = "\n".join(",".join(HOSTILE) + ",key" for _ in range(2))
    upload = brought(ann, ",".join(names) + "\n" + rows, "<img onerror=1>.csv")
    post(ann, "file-detail", upload.pk, target="members", c6="key")
    for text in (page(ann, "file-detail", upload.pk), page(ann, "list")):
        assert "<img src=x" not in text
        assert "<img onerror" not in text
    job = started(ann, upload)
    work_off()
    assert "<img src=x" not in page(ann, "job-detail", job.pk)


def test_another_sheet_or_encoding_is_read_anew(ann: Client) -> None:
    upload = brought(ann, "会员号,昵称\na,小红\n".encode("gb18030"))
    assert "gb18030" in page(ann, "file-detail", upload.pk)
    post(ann, "file-preview", upload.pk, 422, encoding="utf-8")
    post(ann, "file-preview", upload.pk, encoding="gb18030")
    assert "小红" in page(ann, "file-detail", upload.pk)


def test_a_file_is_removed(ann: Client, home: Path) -> None:
    upload = brought(ann, GOOD)
    post(ann, "file-delete", upload.pk)
    assert not Upload.objects.exists()
    assert not [path for path in home.rglob("uploads/*/*") if path.is_file()]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("target", target_registry.list_keys())
def test_each_example_is_understood_as_what_it_is(
    by: Staff, target: str, language: str
) -> None:
    by.language = language
    by.save()
    client = browser(by)
    answer = client.get(reverse("importing:example", args=[target]))
    upload = brought(client, answer.content, f"{target}.csv")
    assert upload.options["target"] == target
    text = page(client, "file-detail", upload.pk)
    assert "All rows are valid." in text or "每一行都没有问题" in text
    job = started(client, upload)
    work_off()
    job.refresh_from_db()
    assert (job.state, job.rows_read, job.rows_broken) == ("done", 2, 0)


def test_every_field_and_state_has_words() -> None:
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


def test_nothing_of_another_community_is_here(ann: Client) -> None:
    other = factories.community("other", language="en")
    elsewhere = browser(factories.staff(other, login="bob"))
    upload = brought(elsewhere, GOOD)
    job = started(elsewhere, upload)
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
