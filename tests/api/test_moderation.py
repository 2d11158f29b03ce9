"""V4, V5, V12–V14 through the API."""

from __future__ import annotations

from datetime import timedelta

from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.models import Case, Mode
from qunce.groups.moderation.staff_decisions import appeals
from tests import clients, factories
from tests.clients import ApiClient
from tests.factories import AT
from tests.groups.moderation.conftest import Chat, channel, chat, word_check
from tests.groups.moderation.rules.test_rules import store

__all__ = ["channel", "chat"]


def client(chat: Chat) -> ApiClient:
    return ApiClient(clients.create_token(chat.by))


def test_rule_is_created_tried_and_acts(chat: Chat) -> None:
    api = client(chat)
    store(chat, "hello", "shoes")
    created = api.post(
        "/moderation/rules", {"name": "Adverts", "checks": [word_check("shoes")]}
    )
    assert (created.status, created.body["mode"]) == (201, "observe")
    key = created.body["key"]

    refused = api.request("PUT", f"/moderation/rules/{key}/mode", {"mode": "act"})
    assert refused.status == 409
    period = {
        "since": (AT - timedelta(days=7)).isoformat(),
        "until": AT.isoformat(),
    }
    run = api.post(f"/moderation/rules/{key}/shadow-runs", period)
    assert (run.body["hits"], run.body["total"]) == (1, 2)
    latest = api.get(f"/moderation/rules/{key}/shadow-runs/latest").body
    assert [each["text"] for each in latest["items"]] == ["shoes"]
    acting = api.request("PUT", f"/moderation/rules/{key}/mode", {"mode": "act"})
    assert acting.body["mode"] == "act"

    listed = api.get("/moderation/rules").body
    assert (listed["found"], listed["confirmed"]) == (0, 0)
    case = chat.caught("eve")
    body = api.get(f"/moderation/cases/{case.number}").body
    assert (body["rung"], body["text"]) == ("delete", case.text)
    assert body["findings"][0]["check"] == "keywords"


def test_cases_are_decided(chat: Chat) -> None:
    api = client(chat)
    chat.rule(Mode.PROPOSE)
    for name in ("eve", "bob", "carl"):
        chat.say(name)

    page = api.get("/moderation/cases?state=open&limit=2").body
    assert [item["number"] for item in page["items"]] == [3, 2]
    rest = api.get(f"/moderation/cases?state=open&limit=2&after={page['next']}").body
    assert [item["number"] for item in rest["items"]] == [1]
    done = api.post("/moderation/cases/1/confirm", {"rung": "mute", "minutes": 5})
    assert (done.body["state"], done.body["verdict"]) == ("confirmed", "right")
    assert api.post("/moderation/cases/2/dismiss", {}).body["state"] == "dismissed"
    assert api.post("/moderation/cases/2/reopen", {}).body["state"] == "open"
    assert api.post("/moderation/cases/1/undo", {}).body["state"] == "undone"
    assert api.post("/moderation/cases/1/undo", {}).status == 409
    assert api.get("/moderation/cases/99").status == 404
    negative = {"rung": "mute", "minutes": -1}
    assert api.post("/moderation/cases/3/confirm", negative).status == 422


def test_a_pasted_message_is_judged(chat: Chat) -> None:
    api = client(chat)
    chat.rule()

    found = api.post(
        "/moderation/pasted-messages",
        {"group_id": chat.group.pk, "text": "shoes", "name": "Zed"},
    ).body["items"]

    assert [(each["name"], each["case_number"]) for each in found] == [("Zed", 1)]
    removed = api.post("/moderation/cases/1/remove", {})
    assert removed.body["rung"] == "ban"


def test_an_appeal_is_answered(chat: Chat) -> None:
    api = client(chat)
    chat.rule()
    chat.say("eve")
    appeals.receive(
        community=chat.community,
        account=chat.people["eve"],
        text="申诉",
        at=chat.now,
    )

    (appeal,) = api.get("/moderation/appeals").body["items"]
    answered = api.post(
        f"/moderation/appeals/{appeal['id']}/answer",
        {"overturn": True, "answer": "Sorry"},
    )

    assert answered.body["state"] == "overturned"
    assert api.get("/moderation/appeals").body["items"] == []
    assert len(api.get("/moderation/appeals?state=all").body["items"]) == 1
    assert Case.objects.get().state == "undone"


def test_a_mass_action_waits_for_somebody_else(chat: Chat) -> None:
    api = client(chat)
    moderation_settings.update(
        community=chat.community, by=chat.by, at=AT, two_people_above=1
    )
    row = api.post(
        "/moderation/mass-actions",
        {
            "group_id": chat.group.pk,
            "kind": "kick",
            "member_ids": list(chat.people.values()),
            "reason": "raid",
        },
    )
    assert (row.status, row.body["state"]) == (201, "waiting")
    at = f"/moderation/mass-actions/{row.body['id']}"
    assert api.post(f"{at}/approve", {}).status == 409
    ben = factories.staff(chat.community, "manager", "ben")
    second = ApiClient(clients.create_token(ben))
    assert second.post(f"{at}/approve", {}).body["state"] == "approved"
    assert len(api.get("/moderation/mass-actions").body["items"]) == 1


def test_ladders_and_limits(chat: Chat) -> None:
    api = client(chat)
    ladder = {
        "name": "Strict",
        "window_days": None,
        "rungs": [{"strikes": 1, "rung": "ban"}],
    }
    assert api.post("/moderation/ladders", ladder).status == 201
    falling = [{"strikes": 1, "rung": "ban"}, {"strikes": 2, "rung": "warn"}]
    wrong = api.post("/moderation/ladders", {**ladder, "rungs": falling})
    assert wrong.status == 422
    assert api.request("DELETE", "/moderation/ladders/Strict").status == 204

    changed = api.request("PATCH", "/moderation/settings", {"max_per_minute": None})
    assert changed.body["max_per_minute"] is None
    assert changed.body["max_percent"] == 10
    minus = api.request("PATCH", "/moderation/settings", {"max_percent": -1})
    assert minus.status == 422
    group = f"/groups/{chat.group.pk}"
    own = api.request("PUT", f"{group}/moderation", {"mode": "observe"}).body
    assert (own["mode"], own["cap"]) == ("observe", "observe")
    closed = api.request("PUT", f"{group}/door", {"minutes": 5})
    assert closed.body["closed_until"]
    assert api.request("DELETE", f"{group}/door").status == 204
    assert api.post(f"{group}/moderation/resume", {}).status == 404
    keys = [each["key"] for each in api.get("/moderation/checks").body["items"]]
    assert "keywords" in keys


def test_limits_without_a_null_stay_and_others_are_switched_off(chat: Chat) -> None:
    api = client(chat)
    before = api.get("/moderation/settings").body
    sent = {"max_percent": None, "sends_notices": None, "mode": None}

    after = api.request("PATCH", "/moderation/settings", sent)

    assert after.body == before | {"max_percent": None}


def test_figures_of_all_groups_are_not_for_those_with_some(chat: Chat) -> None:
    rule = chat.rule(Mode.PROPOSE)
    rule.note = "It was right in 8 of 10 cases."
    rule.save()
    limited = factories.staff(
        chat.community, "operator", "lin", groups=[chat.group.key]
    )

    seen = ApiClient(clients.create_token(limited)).get("/moderation/rules").body

    assert [each["note"] for each in seen["items"]] == [
        "It proposes only, as it was wrong too often."
    ]
    mine = client(chat).get("/moderation/rules").body["items"]
    assert [each["note"] for each in mine] == [rule.note]
