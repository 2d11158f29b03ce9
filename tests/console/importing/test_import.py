"""Imports in the console, from the upload to the report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from qunce import schedule
from qunce.console.importing import labels
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.importing import import_results, target_registry
from qunce.importing.columns import column_mapping
from qunce.importing.jobs import jobs, uploads
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.uploads import Upload
from qunce.importing.values import dates
from qunce.members.accounts import queries as account_queries
from tests import factories
from tests.clients import browser
from tests.factories import AT, LATER

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
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


def upload_file(client: Client, text: str | bytes, name: str = "members.csv") -> Any:
    body = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile(name, body)
    return client.post(reverse("importing:create"), {"file": file})


def create_upload(
    client: Client, text: str | bytes, name: str = "members.csv"
) -> Upload:
    answer = upload_file(client, text, name)
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


def report_of(page: str) -> dict[str, str]:
    """Labels and numbers of the report."""
    found = re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page)
    return dict(found)


def start_import(client: Client, upload: Upload, **data: Any) -> ImportJob:
    post(client, "file-import", upload.pk, **data)
    return ImportJob.objects.order_by("-pk")[0]


def run_jobs() -> None:
    schedule_of_imports = {jobs.JOB: schedule.SCHEDULE[jobs.JOB]}
    while scheduler.run_due(
        schedule_of_imports,
        clock=lambda: max(LATER, ImportJob.objects.latest("pk").started_at),
    ):
        pass


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


def link_of(page: str, label: str) -> str:
    (url,) = re.findall(rf'href="([^"]*)">{label}</a>', page)
    return str(url)


def test_report_of_orders_links_to_the_orders_of_that_import(
    shop: Community, ann: Client
) -> None:
    factories.order(shop, None, key="X-0")
    text = "order_id,customer_id,order_date,total\nX-1,a,2026-01-02,12\n"
    upload = create_upload(ann, text, "orders.csv")
    job = start_import(ann, upload)
    run_jobs()
    url = link_of(page(ann, "job-detail", job.pk), "View the orders of this import")
    listed = ann.get(url).content.decode()
    assert "X-1" in listed
    assert "X-0" not in listed
    assert "orders.csv" in listed
    totals = ann.get(reverse("sales:order-totals") + f"?import={job.pk}")
    assert "12.00 net" in totals.content.decode()
    assert "X-0" in ann.get(reverse("sales:order-list")).content.decode()


def test_a_list_of_too_many_orders_is_refused_instead_of_showing_all(
    shop: Community, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "order_id,customer_id,order_date,total\nX-1,a,2026-01-02,12\n"
    job = start_import(ann, create_upload(ann, text, "orders.csv"))
    run_jobs()
    monkeypatch.setattr(import_results, "MAX_LISTED", 0)
    answer = ann.get(f"{reverse('sales:order-list')}?import={job.pk}")
    assert answer.status_code == 422
    assert "too many orders" in answer.content.decode()
    assert "X-1" not in answer.content.decode()


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("members", "key,name\nnew,New One\n"),
        ("tags", "member_key,tag\nnew,vip\n"),
        ("memberships", "group_key,member_key\ng1,new\n"),
    ],
)
def test_report_links_to_the_members_of_that_import(
    shop: Community, ann: Client, target: str, text: str
) -> None:
    factories.members(shop, "old")
    upload = create_upload(ann, text)
    post(ann, "file-detail", upload.pk, target=target)
    job = start_import(ann, upload, target=target)
    run_jobs()
    report = page(ann, "job-detail", job.pk)
    listed = ann.get(link_of(report, "View the members of this import"))
    text_of_list = listed.content.decode()
    assert "Import: members.csv" in text_of_list
    assert re.findall(r'class="[^"]*avatar', text_of_list) or ">new<" in text_of_list
    assert ">old<" not in text_of_list
    if target == "memberships":
        group = ann.get(link_of(report, "View the group"))
        assert ">g1<" in group.content.decode()


def test_members_with_too_many_imported_tags_are_not_listed_in_part(
    shop: Community, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.members(shop, "a", "b", "c")
    upload = create_upload(ann, "member_key,tag\na,vip\nb,vip\nc,vip\n", "tags.csv")
    job = start_import(ann, upload)
    run_jobs()
    url = f"{reverse('members:list')}?import={job.pk}"
    assert "tags.csv" in ann.get(url).content.decode()
    monkeypatch.setattr(import_results, "MAX_LISTED", 2)
    assert "too many members" in ann.get(url).content.decode()


def test_orders_of_an_import_are_hidden_from_who_may_not_import(
    shop: Community, ann: Client
) -> None:
    text = "order_id,customer_id,order_date,total\nX-1,a,2026-01-02,12\n"
    job = start_import(ann, create_upload(ann, text, "orders.csv"))
    viewer = browser(factories.staff(shop, login="vic", role="viewer"))
    for view in ("sales:order-list", "members:list"):
        answer = viewer.get(f"{reverse(view)}?import={job.pk}")
        assert answer.status_code == 403
        assert "orders.csv" not in answer.content.decode()


def test_preview_shows_amounts_as_money(ann: Client) -> None:
    text = "order_id,order_date,total\nX-1,2026-01-02,US$ 59.5\nX-2,2026-01-02,1280\n"
    preview = page(ann, "file-detail", create_upload(ann, text, "orders.csv").pk)
    assert ">US$ 59.50<" in preview
    assert ">1,280.00<" in preview
    assert "Amounts without a currency of their own are in CNY." in preview


def test_file_without_rows_cannot_be_imported(ann: Client) -> None:
    upload = create_upload(ann, "key,name\n")
    preview = page(ann, "file-detail", upload.pk)
    assert "The file has no rows to import." in preview
    assert "Upload the corrected file" in preview
    assert "All rows are valid" not in preview
    assert reverse("importing:file-import", args=[upload.pk]) not in preview
    job = start_import(ann, upload)
    run_jobs()
    report = page(ann, "job-detail", job.pk)
    assert "The file has no rows, so nothing was imported." in report
    assert "nothing new" not in report


def test_broken_rows_are_skipped_by_the_button_that_names_the_good_ones(
    shop: Community, ann: Client
) -> None:
    upload = create_upload(ann, BAD)
    preview = page(ann, "file-detail", upload.pk)
    button = re.search(
        r"<button[^>]*file-import[^>]*>|<button[^>]*formaction[^>]*>", preview
    )
    assert button and 'name="mode" value="valid"' in button[0]
    assert "Skip the broken rows and import 1 row<" in preview
    assert "Import 2 rows" not in preview
    # Browsers post the value of the button after those of the form.
    job = start_import(ann, upload, mode=["all", "valid"])
    run_jobs()
    assert set(account_queries.find(shop, ["a", "b"])) == {"a"}
    assert jobs.get(shop, job.pk).state == "done"
    assert "Import 1 row<" in page(ann, "file-detail", upload.pk)


def test_file_without_good_rows_cannot_be_imported(ann: Client) -> None:
    upload = create_upload(ann, "key,joined_at\nb,yesterday\n")
    preview = page(ann, "file-detail", upload.pk)
    assert "1 row is broken" in preview and "Upload the corrected file" in preview
    assert reverse("importing:file-import", args=[upload.pk]) not in preview


def test_queued_import_waits_only_for_others(ann: Client) -> None:
    first = start_import(ann, create_upload(ann, GOOD))
    assert "Starts in a moment." in page(ann, "job-detail", first.pk)
    second = start_import(ann, create_upload(ann, BAD))
    waiting = page(ann, "job-detail", second.pk)
    assert "Starts when the other imports have finished." in waiting
    assert "Starts in a moment." in page(ann, "job-detail", first.pk)
    run_jobs()
    third = start_import(ann, create_upload(ann, GOOD + "c,Cid,gold\n"))
    assert "Starts in a moment." in page(ann, "job-detail", third.pk)


ASKED = "key,name,joined_at,birthday\na,Ann,01/02/2024,03/04/1990\nb,Bob,03/04/2024,05/06/1991\n"


def asked_keys(page: str) -> list[str]:
    return re.findall(r'data-question="([^"]+)"', page)


def test_questions_keep_their_places_when_they_are_answered(ann: Client) -> None:
    upload = create_upload(ann, ASKED)
    before = asked_keys(page(ann, "file-detail", upload.pk))
    assert before[:2] == ["dates:joined_at", "dates:birthday"]
    answer: dict[str, Any] = {
        "answer:dates:joined_at": dates.DAY_FIRST,
        "target": "members",
    }
    post(ann, "file-detail", upload.pk, **answer)
    after = page(ann, "file-detail", upload.pk)
    assert "kept for the next file" in after
    assert asked_keys(after) == before


def test_reading_that_fits_no_date_cannot_be_chosen(ann: Client) -> None:
    upload = create_upload(ann, ASKED)
    inputs = re.findall(
        r'<input[^>]*name="answer:dates:joined_at"[^>]*>',
        page(ann, "file-detail", upload.pk),
    )
    assert [" disabled" in each for each in inputs] == [False, False, True]


def today(client: Client) -> str:
    return client.get("/").content.decode()


def finish(job: ImportJob, state: str, **fields: Any) -> None:
    """Let the job have ended like this a moment ago."""
    ImportJob.objects.filter(pk=job.pk).update(
        state=state, finished_at=timezone.now(), **fields
    )


@pytest.mark.parametrize(
    ("state", "broken", "text"),
    [
        ("done", 2, "members.csv: 2 rows were skipped"),
        ("rejected", 2, "members.csv was rejected: 2 broken rows"),
        ("failed", 0, "members.csv: the import stopped"),
        ("failed", 2, "members.csv: the import stopped"),
        ("done", 0, ""),
        ("undone", 2, ""),
        ("undoing", 2, ""),
        ("cancelled", 2, ""),
    ],
)
def test_today_says_what_became_of_an_import(
    shop: Community, ann: Client, state: str, broken: int, text: str
) -> None:
    factories.member(shop, "old")
    job = start_import(ann, create_upload(ann, GOOD))
    finish(job, state, rows_broken=broken, error="The disk is full.")
    shown = today(ann)
    sentences = [line.strip() for line in shown.splitlines() if "members.csv" in line]
    assert bool(sentences) == bool(text)
    assert text in shown
    assert ("The disk is full." in shown) == (state == "failed")
    assert ("was rejected" in shown) == (state == "rejected")


def test_today_leaves_out_a_file_that_was_imported_again(
    shop: Community, ann: Client
) -> None:
    factories.member(shop, "old")
    job = start_import(ann, create_upload(ann, BAD), mode="all")
    run_jobs()
    finish(job, "rejected")
    assert "members.csv was rejected: 1 broken row" in today(ann)
    post(ann, "job-retry-valid-rows", job.pk)
    run_jobs()
    finish(ImportJob.objects.latest("pk"), "done")
    shown = today(ann)
    assert "was rejected" not in shown
    assert "members.csv: 1 row was skipped" in shown


def test_currency_is_asked_only_if_an_amount_has_none(ann: Client) -> None:
    every = create_upload(
        ann, "order_key,total,paid_at\no1,CNY 10,2026-01-02\n", "orders.csv"
    )
    own = page(ann, "file-detail", every.pk)
    assert "If a row is broken" in own
    assert "Currency for amounts without one" not in own
    some = "order_key,total,paid_at\no1,CNY 10,2026-01-02\no2,11,2026-01-02\n"
    upload = create_upload(ann, some, "orders.csv")
    assert "Currency for amounts without one" in page(ann, "file-detail", upload.pk)


def test_source_of_a_file_is_empty_until_it_is_named(ann: Client) -> None:
    upload = create_upload(ann, GOOD)
    box = r'<input id="source"[^>]*value="([^"]*)"'
    shown = page(ann, "file-detail", upload.pk)
    assert "Where the file is from" in shown
    assert re.findall(box, shown) == [""]
    for text, stored in (("Youzan", "Youzan"), ("", "import")):
        post(ann, "file-detail", upload.pk, target="members", source=text)
        upload.refresh_from_db()
        assert uploads.options_of(upload).source == stored
        assert re.findall(box, page(ann, "file-detail", upload.pk)) == [text]


RUSSIAN = "key,name,Город\na,Анна Петрова,Москва\nb,Борис Иванов,Казань\n"


def test_certain_encoding_is_named_and_not_asked(ann: Client) -> None:
    upload = create_upload(ann, RUSSIAN.encode("cp1251"))
    shown = page(ann, "file-detail", upload.pk)
    assert "The file is read as CP1251." in shown
    assert "Анна Петрова" in shown
    assert 'data-question="encoding"' not in shown
    # Too short to be certain.
    upload = create_upload(ann, "key,name\na,王芳\n".encode("gb18030"))
    assert 'data-question="encoding"' in page(ann, "file-detail", upload.pk)


def test_upload_names_all_files_that_are_read(ann: Client) -> None:
    shown = page(ann, "create")
    (accepted,) = re.findall(r'type="file"[^>]*accept="([^"]+)"', shown)
    suffixes = accepted.split(",")
    for suffix in (".csv", ".xlsx", ".xls", ".html", ".json", ".ndjson", ".zip", ".gz"):
        assert suffix in suffixes
    assert "CSV, Excel (.xlsx or .xls), an HTML table, JSON or NDJSON" in shown


def test_file_without_headings_is_asked_about_and_gets_letters(
    shop: Community, ann: Client
) -> None:
    upload = create_upload(ann, "张三,13800138001\n李四,13800138002\n")
    shown = page(ann, "file-detail", upload.pk)
    assert 'data-question="first_row"' in shown
    url = reverse("importing:file-detail", args=[upload.pk])
    ann.post(url, {"answer:first_row": "data", "shown:first_row": ""})
    upload.refresh_from_db()
    assert upload.inspection["headings"] == ["A", "B"]
    ann.post(url, {"c0": "name", "c1": "phone"})
    assert "Import 2 rows<" in page(ann, "file-detail", upload.pk)
