"""What the console shows of imports afterwards: reports, their links, Today."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qunce.core.communities import Community
from qunce.importing import import_results
from qunce.importing.jobs.jobs import ImportJob
from tests import factories
from tests.clients import browser
from tests.console.importing.steps import (
    BAD,
    GOOD,
    create_upload,
    link_of,
    page,
    post,
    run_jobs,
    start_import,
)

pytestmark = pytest.mark.django_db


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
