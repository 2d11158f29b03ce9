"""The pages of the idea box, without a browser and without JavaScript."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials.models import Material
from qunce.outreach.ideas import assignment, ideas
from qunce.outreach.ideas.models import Feed, Idea
from qunce.outreach.tasks.staff_tasks import StaffTask
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
BOX = "/outreach/ideas/"


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def client(owner: Staff) -> Client:
    return clients.browser(owner)


def page(response: Any) -> str:
    return str(response.content.decode())


def create(by: Staff, title: str, **fields: Any) -> Idea:
    return ideas.create(community=by.community, title=title, by=by, at=AT, **fields)


def test_idea_is_written_found_moved_and_made_a_material(
    client: Client, owner: Staff
) -> None:
    assert "No ideas yet" in page(client.get(BOX))
    form = {"title": "冷萃 <b>", "note": "a\r\nb", "url": "https://x.example/a",
            "source": "hot_topic", "content_type": "fun", "tags": "夏天，冰"}  # fmt: skip
    wrong = client.post(f"{BOX}new/", form | {"url": "javascript:alert(1)"})
    assert wrong.status_code == 422
    assert "is not a complete link" in page(wrong)
    saved = client.post(f"{BOX}new/", form)
    idea = Idea.objects.get()
    assert saved["Location"] == f"{BOX}{idea.pk}/"
    assert (idea.tags, idea.source, idea.note) == (["夏天", "冰"], "hot_topic", "a\nb")
    again = client.post(f"{BOX}new/", form | {"title": "Twice"})
    assert "already: “冷萃 &lt;b&gt;”" in page(again)
    found = page(client.get(f"{BOX}?q=lengcui&content_type=fun"))
    assert "冷萃 &lt;b&gt;" in found
    assert "<b>" not in found
    assert "No idea fits" in page(client.get(f"{BOX}?q=tea"))
    step = {"to": "draft", "expected": "idea", "next": f"{BOX}?q=lengcui"}
    moved = client.post(f"{BOX}{idea.pk}/state/", step)
    assert (moved.status_code, moved["Location"]) == (303, f"{BOX}?q=lengcui")
    away = client.post(
        f"{BOX}{idea.pk}/state/", {"to": "ready", "next": "https://evil.example/"}
    )
    assert away["Location"] == f"{BOX}{idea.pk}/"
    made = client.post(f"{BOX}{idea.pk}/material/")
    material = Material.objects.get()
    assert made["Location"] == f"/outreach/materials/{material.pk}/edit/"
    assert "x.example" in page(client.get(made["Location"]))
    detail = page(client.get(f"{BOX}{idea.pk}/"))
    assert f"/outreach/materials/{material.pk}/" in detail
    assert "Make a material" not in detail


def test_pasted_links_that_are_known_are_shown(client: Client, owner: Staff) -> None:
    create(owner, "Mine", url="https://known.example/")
    text = "https://known.example https://new.example/a"
    shown = page(client.post(f"{BOX}paste/", {"text": text, "content_type": "fun"}))
    assert "1 idea added" in shown
    assert "1 link is already in the box" in shown
    assert "Mine" in shown
    assert "page is being read" in page(client.get(BOX))
    none = client.post(f"{BOX}paste/", {"text": "nothing", "content_type": "fun"})
    assert none.status_code == 422
    assert "There is no link in this text" in page(none)


def test_picture_is_asked_for_and_is_late_on_the_board_and_today(
    client: Client, owner: Staff
) -> None:
    wang = factories.staff(owner.community, "operator", "wang", name="Wang")
    factories.member(owner.community, "m1")
    idea = create(owner, "Snow")
    past = {"staff": wang.pk, "due_at": "2020-01-01T10:00"}
    refused = client.post(f"{BOX}{idea.pk}/assign/", past)
    assert refused.status_code == 422
    assert "in the past" in page(refused)
    due = timezone.localtime() + timedelta(days=1)
    client.post(f"{BOX}{idea.pk}/assign/", past | {"due_at": f"{due:%Y-%m-%dT%H:%M}"})
    task = StaffTask.objects.get()
    assert task.staff == wang
    StaffTask.objects.update(due_at=AT)
    board = page(client.get(BOX))
    assert "overdue" in board
    assert "Wang" in board
    assert "Snow" in page(client.get(f"{BOX}?due=late"))
    maker = clients.browser(wang)
    assert "Snow" in page(maker.get("/"))
    of_task = reverse("tasks:task-detail", args=[task.pk])
    assert f"{BOX}{idea.pk}/" in page(maker.get(of_task))
    client.post(f"{BOX}{idea.pk}/unassign/")
    assert "Nobody makes one yet" in page(client.get(f"{BOX}{idea.pk}/"))
    assert assignment.find_tasks([idea]) == {}


def test_viewer_reads_and_changes_nothing(client: Client, owner: Staff) -> None:
    idea = create(owner, "Snow")
    viewer = clients.browser(factories.staff(owner.community, "viewer", "v"))
    shown = page(viewer.get(BOX)) + page(viewer.get(f"{BOX}{idea.pk}/"))
    assert "Snow" in shown
    for button in ("New idea", "Paste links", "Start", "Archive", "Make a material"):
        assert f">{button}<" not in shown
        assert button in page(client.get(BOX)) + page(client.get(f"{BOX}{idea.pk}/"))
    for path in ("new/", "paste/", "feeds/new/", f"{idea.pk}/edit/"):
        assert viewer.get(f"{BOX}{path}").status_code in (403, 404)


def test_feed_is_added_paused_and_shows_why_it_failed(client: Client) -> None:
    assert "No feeds yet" in page(client.get(f"{BOX}feeds/"))
    form = {"url": "https://x.example/feed", "content_type": "fun", "tags": "新闻"}
    wrong = client.post(f"{BOX}feeds/new/", form | {"url": "file:///etc/passwd"})
    assert wrong.status_code == 422
    client.post(f"{BOX}feeds/new/", form)
    feed = Feed.objects.get()
    assert (feed.title, feed.tags) == ("x.example/feed", ["新闻"])
    assert "not read yet" in page(client.get(f"{BOX}feeds/"))
    Feed.objects.update(error="status", status=404, suggestion="https://x.example/rss")
    shown = page(client.get(f"{BOX}feeds/"))
    assert "The server answered with status 404. Open the address" in shown
    assert "https://x.example/rss" in shown
    client.post(f"{BOX}feeds/{feed.pk}/", {"title": "News", "content_type": "care"})
    for action in ("fetch", "pause", "resume", "remove"):
        assert client.post(f"{BOX}feeds/{feed.pk}/{action}/").status_code == 303
    assert "No feeds yet" in page(client.get(f"{BOX}feeds/"))


def test_coming_day_is_added_and_archived_again(client: Client) -> None:
    shown = page(client.get(f"{BOX}festivals/"))
    assert "Add to the box" in shown
    key = shown.partition('name="key" value="')[2].partition('"')[0]
    client.post(f"{BOX}festivals/add/", {"key": key})
    idea = Idea.objects.get()
    assert (idea.source, idea.source_key) == ("festival", key)
    assert f'value="{key}"' not in page(client.get(f"{BOX}festivals/"))
    client.post(f"{BOX}{idea.pk}/archive/")
    link = f'href="{BOX}{idea.pk}/"'
    assert link not in page(client.get(BOX))
    assert link in page(client.get(f"{BOX}?state=archived"))
    client.post(f"{BOX}{idea.pk}/restore/")
    assert Idea.objects.get().archived_at is None
