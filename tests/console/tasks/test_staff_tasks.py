"""Pages of staff tasks: ask, tap, finish, remind."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from qunce.console.today import items
from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.staff import entry_links
from qunce.core.staff.models import Staff
from qunce.members.staff_in_charge import assignments
from qunce.members.tags import person_tags
from qunce.outreach.sending import messages
from qunce.outreach.sending.ledger import Origin, Purpose
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequest
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "manager", "ann", name="Ann")


@pytest.fixture
def wang(shop: Community) -> Staff:
    return factories.staff(shop, "operator", "wang", name="Wang")


def url(view: str, *args: object) -> str:
    return reverse(f"tasks:{view}", args=args)


def page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def ask(client: Client, kind: str, **fields: Any) -> StaffTask:
    deriver.catch_up()
    given = {"title": "Spring post", "text": "Look at this", **fields}
    posted = client.post(url("request-create") + f"?kind={kind}", given)
    assert posted.status_code == 303, posted.content.decode()
    return StaffTask.objects.latest("pk")


def test_moments_post_is_asked_done_and_its_likes_deepen_a_tag(
    shop: Community, by: Staff, wang: Staff, ann: Client
) -> None:
    bob = factories.member(shop, "bob", name="Bob").pk
    factories.tag(shop, "tea", name="Tea lovers")
    assert "Moments post" in page(ann, url("request-create"))
    task = ask(ann, "moments", tag="Tea lovers", staff=[wang.pk], audience="all")
    li = browser(wang)
    detail = url("task-detail", task.pk)
    assert "Moments post" in page(li, reverse("tasks:task-list"))
    assert "Visible to: <bdi>everyone</bdi>" in page(li, detail)
    assert "Bob" in page(li, f"{detail}?q=bo")
    tap = {"outcome": "liked"}
    done = li.post(
        url("outcome-record", task.pk, bob), tap, headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in done
    assert 'data-do="undo"' in done
    assert person_tags.depths_of_person([bob]) == {"tea": 1}
    assert li.post(url("outcome-record", task.pk, bob), tap).status_code == 422
    # The manager sees it, and cannot do it.
    assert "This task belongs to Wang" in page(ann, detail)
    assert ann.post(url("outcome-undo", task.pk, bob)).status_code == 422
    li.post(url("task-finish", task.pk), {"note": "went well"})
    text = page(ann, url("request-detail", task.request_id))
    assert "went well" in text
    assert "liked" in text


def test_request_says_what_is_missing(shop: Community, by: Staff, ann: Client) -> None:
    path = url("request-create") + "?kind=moments"
    given = {"title": "Post", "staff": [by.pk]}
    for fields, sentence in (
        ({}, "Write a text, or give an address"),
        ({"text": "x", "tag": "unknown"}, "There is no tag “unknown”."),
        ({"text": "x", "url": "weibo"}, "must be an address"),
    ):
        answer = ann.post(path, given | fields)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    assert ann.get(url("request-create") + "?kind=poem").status_code == 422
    assert not TaskRequest.objects.exists()


def test_late_tasks_are_listed_with_a_reminder_to_copy(
    shop: Community, by: Staff, wang: Staff, ann: Client
) -> None:
    factories.named_members(shop, "bob", "cyd")
    task = ask(ann, "like", staff=[wang.pk], audience="all")
    late = timestamps.to_micros(datetime.now(UTC) - timedelta(hours=2))
    StaffTask.objects.update(due_at=late)
    listed = page(ann, url("request-list"))
    assert "2 left: 2 Wang" in listed
    assert "Please finish it today." in listed
    (own,) = [
        i for i in items.list_items(wang, at=datetime.now(UTC)) if "task" in i.key
    ]
    assert (own.text, own.is_late) == ("Like: Spring post, 2 members left", True)
    late_items = [
        i for i in items.list_items(by, at=datetime.now(UTC)) if "late" in i.key
    ]
    assert [i.text for i in late_items] == ["“Spring post” is late: 2 left: 2 Wang"]
    ann.post(url("request-cancel", task.request_id))
    assert "No open requests" in page(ann, url("request-list"))


def test_post_is_finished_with_a_typed_result_and_a_proof(
    shop: Community, by: Staff, ann: Client
) -> None:
    task = ask(ann, "weibo", staff=[by.pk])
    picture = io.BytesIO()
    Image.new("RGB", (20, 20)).save(picture, "PNG")
    for content, status in ((b"no picture", 422), (picture.getvalue(), 303)):
        upload = io.BytesIO(content)
        upload.name = "shot.png"
        sent = ann.post(url("task-proof", task.pk), {"proof": upload})
        assert sent.status_code == status
    proof = StaffTask.objects.get().proof_id
    # Nobody gets it as a material.
    assert ann.get(reverse("materials:file", args=[proof])).status_code == 404
    refused = ann.post(url("task-finish", task.pk), {"url": "weibo"})
    assert "must be an address" in refused.content.decode()
    result = {"url": "https://weibo.com/1", "likes": "1200"}
    ann.post(url("task-finish", task.pk), result)
    text = page(ann, url("task-detail", task.pk))
    assert "1,200" in text
    assert "https://weibo.com/1" in text
    shown: Any = ann.get(url("task-proof", task.pk))
    assert shown["Content-Type"] == "image/png"
    assert b"".join(shown.streaming_content) == picture.getvalue()
    shown.close()


def test_invitation_shows_in_the_sidebar_and_is_handed_over(
    shop: Community, by: Staff, wang: Staff, ann: Client
) -> None:
    bob = factories.member(shop, "bob", name="Bob").pk
    room = factories.group(shop, "room", name="Regulars")
    task = ask(
        ann, "invitation", staff=[by.pk], audience="all", group=room.pk, goal="5"
    )
    beside = page(ann, reverse("sidebar:member", args=[bob]))
    assert "An invitation to “Regulars”" in beside
    assert "Targeted invitation: Spring post" in beside
    ann.post(url("task-hand-over", task.pk), {"to": wang.pk})
    assert "An invitation to" not in page(ann, reverse("sidebar:member", args=[bob]))
    task.refresh_from_db()
    assert task.staff == wang


def test_entry_link_opens_the_tasks_only(
    shop: Community, by: Staff, wang: Staff, ann: Client
) -> None:
    task = ask(ann, "weibo", staff=[wang.pk])
    link = entry_links.create(
        staff=wang,
        role="operator",
        purpose="tasks",
        valid_for=timedelta(hours=1),
        by=factories.staff(shop, "owner", "boss"),
        at=datetime.now(UTC),
    )
    device = Client()
    device.post(reverse("login:enter", args=[entry_links.token_of(link)]))
    assert "Spring post" in page(device, reverse("tasks:task-list"))
    assert "Look at this" in page(device, url("task-detail", task.pk))
    assert device.get(url("request-list")).status_code == 302
    assert device.get("/sidebar/").status_code == 302


def test_today_says_how_many_own_newcomers_to_welcome(
    shop: Community, by: Staff, wang: Staff
) -> None:
    now = datetime.now(UTC)
    new = factories.member(shop, "new", joined_at=now).pk
    old = factories.member(shop, "old", joined_at=now - timedelta(9)).pk
    other = factories.member(shop, "other", joined_at=now).pk
    for staff, accounts in ((wang, [new, old]), (by, [other])):
        assignments.assign(
            community=shop, accounts=accounts, staff=staff, by=by, at=now
        )
    deriver.catch_up()
    own_newcomers = [i for i in items.list_items(wang, at=now) if "newcomers" in i.key]
    assert [item.text for item in own_newcomers] == ["Welcome 1 newcomer"]
    # A message greets them, so nothing is to be done.
    draft = messages.Draft(
        origin=Origin.WELCOME,
        origin_id=1,
        account=new,
        text="Hello",
        purpose=Purpose.SERVICE,
        staff=wang,
        channel="assisted",
        stale_at=now + timedelta(1),
    )
    messages.request(draft, community=shop, at=now)
    shown = items.list_items(wang, at=now)
    assert [i for i in shown if "newcomers" in i.key] == []
    assert "1 welcome waits for you" in [item.text for item in shown]
