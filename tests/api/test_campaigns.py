"""Campaigns and staff tasks through the API (P10)."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests.api.client import ApiClient, create_client
from tests.members import made

ROLES = ("owner", "manager")
EVERYONE: dict[str, Any] = {"all": []}


def owner(api: ApiClient) -> int:
    found = api.get("/staff").body
    return next(int(one["id"]) for one in found if one["name"].split("-")[0] in ROLES)


def draft(api: ApiClient, **given: Any) -> int:
    about = {"name": "News", "text": "Hi {name|friend}", "rule": EVERYONE}
    response = api.post("/campaigns", about | {"staff": [owner(api)]} | given)
    assert response.status == 201, response.body
    return int(response.body["id"])


@pytest.mark.both_databases
def test_a_send_goes_from_draft_to_done(shop: Community, api: ApiClient) -> None:
    made.member(shop, "m1", name="Li")
    made.member(shop, "m2")
    send = draft(api)
    path = f"/campaigns/{send}"
    changed = api.patch(path, {"text": "Hello {name|friend}", "due_at": None})
    assert changed.body["text"] == "Hello {name|friend}"
    review = api.get(f"{path}/review").body
    assert (review["asked"], review["size"]) == (2, 2)
    assert [one["text"] for one in review["samples"]] == ["Hello Li", "Hello friend"]
    wrong = api.post(f"{path}/start", {"expected": 5})
    assert (wrong.status, wrong.kind) == (409, "audience-changed")
    assert api.post(f"{path}/start", {"expected": 2}).body["state"] == "sending"
    assert api.post(f"{path}/pause").body["state"] == "paused"
    assert api.delete(f"{path}/pause").body["state"] == "sending"
    task = api.list_all("/tasks?mine=true&unfinished=true", 1)[0]
    assert (task["send"], task["left"], task["mine"]) == (send, 2, True)
    rows = api.post(f"/tasks/{task['id']}/recipients", {"most": 2}).body["items"]
    assert [row["text"] for row in rows] == ["Hello Li", "Hello friend"]
    one, two = (f"/tasks/{task['id']}/recipients/{row['target']}" for row in rows)
    assert api.post(f"{one}/mark").body["left"] == 1
    assert api.post(f"{one}/mark").status == 409
    assert api.delete(f"{one}/mark").body["left"] == 2
    assert len(api.get(f"/tasks/{task['id']}/recipients").body["items"]) == 2
    api.post(f"{one}/mark")
    failed = api.post(f"{two}/failure", {"reason": "other", "note": "no phone"})
    assert (failed.status, failed.body.get("left")) == (200, 0)
    assert api.get(path).body["state"] == "done"
    progress = api.get(f"{path}/progress").body
    assert progress["counts"] == {"marked": 1, "failed": 1}
    found = api.list_all(f"{path}/recipients", 1)
    assert [line["state"] for line in found] == ["marked", "failed"]
    assert len(api.list_all(f"{path}/recipients?state=failed", 1)) == 1
    assert [each["id"] for each in api.list_all("/campaigns?state=done", 1)] == [send]


def test_it_is_scheduled_taken_back_and_cancelled(shop: Community, api: ApiClient) -> None:
    made.members(shop, "m1")
    path = f"/campaigns/{draft(api)}"
    late = api.post(f"{path}/schedule", {"send_at": "2020-01-01T00:00:00Z"})
    assert late.status == 422
    later = {"send_at": "2190-01-01T00:00:00Z"}
    assert api.post(f"{path}/schedule", later).body["state"] == "scheduled"
    assert api.delete(f"{path}/schedule").body["state"] == "draft"
    assert api.post(f"{path}/cancel").body["state"] == "cancelled"
    assert api.post(f"{path}/start", {"expected": 1}).status == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "{nonsense}"},
        {"rule": {"nope": 1}},
        {"channel": "nope"},
        {"staff": [999]},
        {"groups": [999], "target": "groups"},
        {"name": " "},
    ],
)
def test_what_cannot_be_sent_is_refused(
    shop: Community, api: ApiClient, wrong: dict[str, Any]
) -> None:
    response = api.post("/campaigns", {"name": "News"} | wrong)
    assert response.status in (404, 422), response.body


def test_a_task_is_handed_over_to_staff_only(shop: Community, api: ApiClient) -> None:
    made.members(shop, "m1")
    helper = create_client(shop, role="operator")
    other = Staff.objects.get(login__startswith="operator-").pk
    send = draft(api)
    api.post(f"/campaigns/{send}/start", {"expected": 1})
    task = api.list_all("/tasks", 5)[0]["id"]
    assert helper.get(f"/tasks/{task}").status == 404
    assert api.post(f"/tasks/{task}/handover", {"staff": 9_999}).status == 404
    moved = api.post(f"/tasks/{task}/handover", {"staff": other})
    assert moved.body == {"moved": 1}
    mine = helper.list_all("/tasks", 5)
    assert [each["mine"] for each in mine] == [True]
    assert api.post(f"/tasks/{mine[0]['id']}/recipients").kind == "not-yours"
    assert api.get(f"/tasks/{mine[0]['id']}/recipients").kind == "not-yours"


def test_who_sees_a_part_or_elsewhere_sees_no_sends_of_others(
    shop: Community, api: ApiClient
) -> None:
    made.members(shop, "mine", "other")
    send = draft(api)
    api.post(f"/campaigns/{send}/start", {"expected": 2})
    task = api.list_all("/tasks", 5)[0]["id"]
    part = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    strangers = (part, create_client(made.shop("elsewhere")))
    for stranger in strangers:
        assert stranger.get("/campaigns").body["items"] == []
        assert stranger.get("/tasks").body["items"] == []
        for method, path, given in (
            ("GET", f"/campaigns/{send}", None),
            ("PATCH", f"/campaigns/{send}", {"name": "x"}),
            ("GET", f"/campaigns/{send}/review", None),
            ("POST", f"/campaigns/{send}/start", {"expected": 2}),
            (
                "POST",
                f"/campaigns/{send}/schedule",
                {"send_at": "2190-01-01T00:00:00Z"},
            ),
            ("DELETE", f"/campaigns/{send}/schedule", None),
            ("POST", f"/campaigns/{send}/pause", {}),
            ("DELETE", f"/campaigns/{send}/pause", None),
            ("POST", f"/campaigns/{send}/cancel", {}),
            ("GET", f"/campaigns/{send}/progress", None),
            ("GET", f"/campaigns/{send}/recipients", None),
            ("GET", f"/tasks/{task}", None),
            ("POST", f"/tasks/{task}/recipients", {}),
            ("GET", f"/tasks/{task}/recipients", None),
            ("POST", f"/tasks/{task}/recipients/1/mark", {}),
            ("DELETE", f"/tasks/{task}/recipients/1/mark", None),
            ("POST", f"/tasks/{task}/recipients/1/failure", {"reason": "other"}),
            ("POST", f"/tasks/{task}/handover", {"staff": 1}),
        ):
            assert stranger.request(method, path, given).status == 404, (method, path)
    review = part.get(f"/campaigns/{draft(part, staff=[])}/review")
    assert review.status == 422  # nobody to send it; and no number of people is told


def test_a_review_counts_whom_one_sees(shop: Community) -> None:
    made.members(shop, "mine", "other")
    part = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    found = part.get(f"/campaigns/{draft(part)}/review").body
    assert (found["asked"], found["size"]) == (1, 1)
