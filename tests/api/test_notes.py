"""Notes, follow-ups and opt-outs through the API."""

from __future__ import annotations

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient


@pytest.fixture
def ann(shop: Community) -> int:
    return factories.member(shop, "ann").pk


def test_follow_up_is_written_changed_done_and_reopened(
    shop: Community, api: ApiClient, ann: int
) -> None:
    factories.staff(shop, login="eve")
    path = f"/members/{ann}/notes"
    assert api.post(path, {"text": "likes tea"}).status == 201
    due = {"next_step": "call back", "due_at": "2026-03-20T09:00:00+08:00"}
    created = api.post(path, {**due, "staff": "eve"})
    assert created.status == 201, created.body
    assert created.body["staff"] == "eve"
    note = f"/notes/{created.body['id']}"
    assert api.patch(note, {"text": "about the refund"}).body["text"]
    assert [n["next_step"] for n in api.get(path).body["items"]] == ["call back", ""]
    assert api.post(f"{note}/complete").body["done_at"]
    assert api.post(f"{note}/complete").status == 409
    assert api.post(f"{note}/reopen").body["done_at"] is None


def test_follow_ups_of_the_owner_of_the_key_are_listed(
    api: ApiClient, ann: int
) -> None:
    due = {"next_step": "call back", "due_at": "2026-03-20T09:00:00+08:00"}
    api.post(f"/members/{ann}/notes", due)
    (listed,) = api.get("/follow-ups").body["items"]
    assert (listed["member_id"], listed["next_step"]) == (ann, "call back")


def test_note_without_text_or_for_unknown_staff_is_rejected(
    api: ApiClient, ann: int
) -> None:
    path = f"/members/{ann}/notes"
    assert api.post(path, {}).status == 422
    assert api.post(path, {"next_step": "call"}).status == 422
    assert api.post(path, {"text": "x", "staff": "nobody"}).status == 404
    assert api.get(path).body["items"] == []


def test_member_opts_out_and_in_again(api: ApiClient, ann: int) -> None:
    path = f"/members/{ann}/opt-out"
    assert api.get(path).body["opted_out"] is False
    for _time in range(2):
        done = api.request("PUT", path)
        assert (done.status, done.body["opted_out"]) == (200, True), done.body
    assert api.get(path).body["source"] == "api"
    assert api.delete(path).body["opted_out"] is False
