"""The idea box of the API, in one walk."""

from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient

pytestmark = pytest.mark.django_db


def test_idea_goes_from_a_link_to_a_material(api: ApiClient, shop: Community) -> None:
    given = {"title": "Ice", "url": "https://x.example/", "day": "2026-12-01"}
    idea = api.post("/ideas", given)
    assert idea.status == 201, idea.body
    assert (idea.body["day"], idea.body["content_type"]) == ("2026-12-01", "knowledge")
    path = f"/ideas/{idea.body['id']}"
    assert api.post("/ideas", given).status == 409
    assert api.patch(path, {"day": None, "tags": ["a"]}).body["day"] is None
    assert api.patch(path, {"source": "feed"}).status == 422
    pasted = api.post("/ideas/paste", {"text": "https://x.example https://y.example/"})
    assert len(pasted.body["added"]) == len(pasted.body["known"]) == 1
    assert pasted.body["added"][0]["reading"] == "waiting"
    assert api.post(f"{path}/state", {"state": "ready"}).status == 409
    moved = api.post(f"{path}/state", {"state": "draft", "expected": "idea"})
    assert moved.body["state"] == "draft"
    factories.staff(shop, "operator", "wang")
    task = {"staff": "wang", "due_at": "2099-12-01T10:00:00+08:00"}
    assert api.request("PUT", f"{path}/task", task).body["task"]["staff"] == "wang"
    assert api.delete(f"{path}/task").body["task"] is None
    made = api.post(f"{path}/material")
    assert made.status == 201
    assert made.body["idea"]["material_id"] == made.body["material_id"]
    assert api.post(f"{path}/material").status == 409
    assert api.post(f"{path}/reading").body["reading"] == "waiting"
    assert api.post(f"{path}/archive").body["archived_at"]
    assert [i["title"] for i in api.get("/ideas?archived=true").body["items"]] == [
        "Ice"
    ]
    assert api.delete(f"{path}/archive").body["archived_at"] is None
    first = api.get("/ideas?limit=1").body
    rest = api.get(f"/ideas?limit=1&after={first['next']}").body
    assert first["items"][0]["id"] < rest["items"][0]["id"]
    days = api.get("/ideas/festivals").body["items"]
    added = api.post("/ideas/festivals", {"key": days[0]["key"]})
    assert (added.status, added.body["source"]) == (201, "festival")


def test_feed_is_added_changed_paused_and_removed(api: ApiClient) -> None:
    feed = api.post("/idea-feeds", {"url": "https://x.example/feed"})
    assert feed.status == 201, feed.body
    path = f"/idea-feeds/{feed.body['id']}"
    assert api.post("/idea-feeds", {"url": "ftp://x.example/"}).status == 422
    assert api.patch(path, {"title": "News", "tags": ["a"]}).body["title"] == "News"
    assert api.post(f"{path}/pause").body["state"] == "paused"
    assert api.post(f"{path}/fetch").status == 409
    assert api.delete(f"{path}/pause").body["next_fetch_at"]
    assert len(api.get("/idea-feeds").body["items"]) == 1
    assert api.delete(path).status == 204
    assert api.get(path).status == 404
