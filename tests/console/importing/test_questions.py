"""What the console shows of a file before its import, and asks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core.communities import Community
from qunce.importing.jobs import jobs, uploads
from qunce.importing.values import dates
from qunce.members.accounts import queries as account_queries
from tests.console.importing.steps import (
    BAD,
    GOOD,
    create_upload,
    page,
    post,
    run_jobs,
    start_import,
)

pytestmark = pytest.mark.django_db


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
