"""Complaints, conversations, automatic replies, wishes and digests for programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qunce.core.communities import Community
from qunce.outreach.replies.models import Answer
from tests import factories
from tests.clients import ApiClient, create_client
from tests.outreach.replies import chats as chat_events
from tests.outreach.replies.chats import Chats


@pytest.fixture
def chats(shop: Community) -> Iterator[Chats]:
    yield from chat_events.opened(shop)


def test_a_case_goes_its_way(shop: Community, api: ApiClient) -> None:
    bob = factories.member(shop, "bob").pk
    case = {"topic": "quality", "title": "Cup", "member_id": bob}
    assert api.post("/complaints", case | {"topic": "x"}).status == 422
    made = api.post("/complaints", case)
    assert (made.status, made.body["source"]) == (201, "program")
    assert api.post("/complaints", case).status == 409
    path = f"/complaints/{made.body['id']}"
    assert api.patch(path, {"title": "Lid", "order": "o1"}).body["title"] == "Lid"
    assert api.post(f"{path}/start").body["state"] == "in_work"
    assert api.post(f"{path}/notes", {"text": "Called"}).status == 201
    assert api.post(f"{path}/answer", {"text": "Sorry"}).body["state"] == "answered"
    assert api.request("PUT", f"{path}/rating", {"rating": 4}).status == 409
    assert api.post(f"{path}/close", {"outcome": "solved"}).body["state"] == "closed"
    rated = api.request("PUT", f"{path}/rating", {"rating": 4}).body["ratings"]
    assert [(each["rating"], each["by"] != "") for each in rated] == [(4, True)]
    assert api.request("PUT", f"{path}/rating", {"rating": 6}).status == 422
    assert api.post(f"{path}/reopen").body["state"] == "open"
    assert api.request("PUT", f"{path}/owner", {"staff": ""}).body["owner"] == ""
    assert [note["text"] for note in api.get(path).body["notes"]] == ["Called", "Sorry"]
    found = api.get(f"/complaints?state=open&member_id={bob}").body["items"]
    assert [each["id"] for each in found] == [made.body["id"]]
    words = {"topics": [{"topic": "Lids", "words": ["loose"]}], "complaint_hours": 4}
    changed = api.patch("/complaints/settings", words).body
    assert changed["topics"][0] == {"topic": "Lids", "name": "Lids", "words": ["loose"]}
    assert api.get("/complaints/settings").body["complaint_hours"] == 4
    assert api.patch("/complaints/settings", {"complaint_hours": -1}).status == 422


def test_a_conversation_is_answered_and_taken_back(
    chats: Chats, api: ApiClient
) -> None:
    chats.write("bob", "hello?")
    (waiting,) = api.get("/conversations?state=waiting").body["items"]
    path = f"/conversations/{waiting['id']}"
    (entry,) = api.get(path).body["entries"]
    assert (entry["text"], entry["waits"]) == ("hello?", True)
    sent = api.post(f"{path}/answers", {"text": "Hi"})
    assert (sent.status, sent.body["way"]) == (200, "channel")
    assert api.post(f"{path}/answers", {"text": "Hi"}).status == 409
    other = api.delete(f"/conversations/999/answers/{sent.body['id']}")
    assert other.status == 404
    back = api.delete(f"{path}/answers/{sent.body['id']}")
    assert back.body["state"] == "waiting"
    assert api.request("PUT", f"{path}/staff", {"staff": ""}).body["staff"] == ""
    assert api.post(f"{path}/close", {"reason": "spam"}).body["state"] == "closed"
    assert api.post(f"{path}/close", {"reason": "silence"}).status == 422
    assert api.post(f"{path}/reopen").body["state"] == "waiting"
    assert api.post(f"{path}/answered").body["way"] == "elsewhere"
    settings = {"answer_minutes": 5, "mention_words": ["@Bean"]}
    assert api.patch("/conversations/settings", settings).body == {
        "answer_minutes": 5,
        "assigns_in_turn": True,
        "mention_words": ["Bean"],
    }
    assert api.get("/conversations/settings").body["answer_minutes"] == 5


def test_similar_questions_are_those_of_members_in_scope(
    chats: Chats, shop: Community, api: ApiClient
) -> None:
    """E15"""
    chats.write("bob", "how do I return a cup?")
    (row,) = api.get("/conversations?state=waiting").body["items"]
    api.post(f"/conversations/{row['id']}/answers", {"text": "Within 7 days"})
    Answer.objects.update(state="sent")
    path = "/conversations/similar?text=return+the+cup"
    (found,) = api.get(path).body["items"]
    assert (found["conversation_id"], found["answer"]) == (row["id"], "Within 7 days")
    assert 0.25 <= found["score"] <= 1
    assert api.get("/conversations/similar?text=zebra").body["items"] == []
    assert api.get("/conversations/similar?text=").status == 422
    assert api.get(f"{path}&limit=0").status == 422
    factories.member(shop, "eve", channel="fake")
    scope = {"members": {"keys": ["fake:eve"]}}
    other = create_client(shop, role="operator", scope=scope)
    assert other.get(path).body["items"] == []


def test_automatic_replies(shop: Community, api: ApiClient) -> None:
    rule = {"name": "Hours", "match": "contains", "words": ["hours"], "text": "9 to 6"}
    made = api.post("/reply-rules", rule)
    assert (made.status, made.body["is_on"]) == (201, False)
    path = f"/reply-rules/{made.body['id']}"
    assert api.post(f"{path}/start").body["is_on"] is True
    assert api.post("/reply-rules", rule).status == 409
    second = api.post("/reply-rules", rule | {"accept_conflicts": True}).body["id"]
    tried = api.post("/reply-rules/try", {"texts": ["Hours?", "no"]}).body["items"]
    assert [each["reply_rule_id"] for each in tried] == [made.body["id"], None]
    order = api.request("PUT", f"/reply-rules/{second}/position", {"position": 0}).body[
        "items"
    ]
    assert [each["id"] for each in order] == [second, made.body["id"]]
    assert api.patch(path, {"per_hour": 5}).body["per_hour"] == 5
    assert api.patch(path, {"per_hour": -1}).status == 422
    assert api.post(f"{path}/stop").body["is_on"] is False
    assert api.delete(path).status == 204
    assert len(api.get("/reply-rules").body["items"]) == 1
    assert api.get(path).body["is_on"] is False


def test_wishes(shop: Community, api: ApiClient) -> None:
    bob = factories.member(shop, "bob").pk
    made = api.post("/wishes", {"title": "Oat milk"}).body
    path = f"/wishes/{made['id']}"
    voice = api.post(f"{path}/voices", {"member_id": bob})
    assert (voice.status, voice.body["members"]) == (201, 1)
    assert api.post(f"{path}/voices", {}).status == 422
    assert (
        api.request("PUT", f"{path}/state", {"state": "done"}).body["state"] == "done"
    )
    assert api.patch(path, {"answer": "Here"}).body["answer"] == "Here"
    assert api.post(f"{path}/answer").body["members"] == 1
    assert api.post(f"{path}/answer").status == 409
    other = api.post("/wishes", {"title": "Oat"}).body["id"]
    merged = api.post(f"/wishes/{other}/merge", {"into_id": made["id"]})
    assert merged.body["id"] == made["id"]
    assert len(api.get("/wishes?search=oat").body["items"]) == 1
    assert api.delete(f"/wishes/{other}/merge").body["merged_into_id"] is None
    number = voice.body["voices"][0]["id"]
    assert api.delete(f"{path}/voices/{number}").status == 204
    assert api.get(path).body["members"] == 0


def test_digests(chats: Chats, api: ApiClient) -> None:
    chats.write("bob", "周末几点开门？", group="north")
    (group,) = api.get("/groups").body["items"]
    day = chats.conversations  # the day of the message
    assert day() == []
    refused = api.get(f"/groups/{group['id']}/digest?day=2026-03-05")
    assert refused.status == 422
    assert api.get(f"/groups/{group['id']}/digest?day=soon").status == 422
