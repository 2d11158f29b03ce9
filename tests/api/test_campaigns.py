"""Campaigns and staff tasks through the API (P10)."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.clients import ApiClient, create_client

ROLES = ("owner", "manager")
EVERYONE: dict[str, Any] = {"all": []}


def find_sender(api: ApiClient) -> int:
    staff = api.get("/assignable-staff").body
    return next(int(row["id"]) for row in staff if row["name"].split("-")[0] in ROLES)


def create_draft(api: ApiClient, **fields: Any) -> int:
    data: dict[str, Any] = {"name": "News", "text": "Hi {name|friend}"}
    data |= {"rule": EVERYONE, "staff_ids": [find_sender(api)]}
    response = api.post("/campaigns", data | fields)
    assert response.status == 201, response.body
    return int(response.body["id"])


def test_campaign_goes_from_draft_to_done(shop: Community, api: ApiClient) -> None:
    factories.member(shop, "m1", name="Li")
    factories.member(shop, "m2")
    campaign_id = create_draft(api)
    path = f"/campaigns/{campaign_id}"
    updated = api.patch(path, {"text": "Hello {name|friend}", "due_at": None})
    assert updated.body["text"] == "Hello {name|friend}"
    review = api.get(f"{path}/review").body
    assert (review["matched"], review["size"], review["excluded"]) == (2, 2, {})
    texts = ["Hello Li", "Hello friend"]
    assert [sample["text"] for sample in review["samples"]] == texts
    wrong = api.post(f"{path}/start", {"expected_size": 5})
    assert (wrong.status, wrong.kind) == (409, "audience-changed")
    assert api.post(f"{path}/start", {"expected_size": 2}).body["state"] == "sending"
    assert api.post(f"{path}/pause").body["state"] == "paused"
    assert api.delete(f"{path}/pause").body["state"] == "sending"
    task = api.list_all("/tasks?mine=true&unfinished=true", 1)[0]
    assert (task["campaign_id"], task["mine"]) == (campaign_id, True)
    assert (task["total"], task["remaining"]) == (2, 2)
    task_path = f"/tasks/{task['id']}"
    opened = api.post(f"{task_path}/recipients", {"limit": 2}).body["items"]
    assert [row["text"] for row in opened] == texts
    one, two = (f"{task_path}/recipients/{row['target_id']}" for row in opened)
    assert api.post(f"{one}/mark").body["remaining"] == 1
    assert api.post(f"{one}/mark").status == 409
    assert api.post(f"{one}/undo").body["remaining"] == 2
    assert len(api.get(f"{task_path}/recipients").body["items"]) == 2
    api.post(f"{one}/mark")
    failed = api.post(f"{two}/failure", {"reason": "other", "note": "no phone"})
    assert (failed.status, failed.body.get("remaining")) == (200, 0)
    assert api.get(path).body["state"] == "done"
    progress = api.get(f"{path}/progress").body
    assert progress["counts"] == {"marked": 1, "failed": 1}
    assert (progress["total"], progress["remaining"], progress["unclaimed"]) == (
        2,
        0,
        0,
    )
    recipients = api.list_all(f"{path}/recipients", 1)
    assert [row["state"] for row in recipients] == ["marked", "failed"]
    assert len(api.list_all(f"{path}/recipients?state=failed", 1)) == 1
    done = api.list_all("/campaigns?state=done", 1)
    assert [row["id"] for row in done] == [campaign_id]


def test_campaign_is_scheduled_unscheduled_and_cancelled(
    shop: Community, api: ApiClient
) -> None:
    factories.members(shop, "m1")
    path = f"/campaigns/{create_draft(api)}"
    late = api.post(f"{path}/schedule", {"send_at": "2020-01-01T00:00:00Z"})
    assert late.status == 422
    future = {"send_at": "2190-01-01T00:00:00Z"}
    assert api.post(f"{path}/schedule", future).body["state"] == "scheduled"
    assert api.delete(f"{path}/schedule").body["state"] == "draft"
    assert api.post(f"{path}/cancel").body["state"] == "cancelled"
    assert api.post(f"{path}/start", {"expected_size": 1}).status == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "{nonsense}"},
        {"rule": {"nope": 1}},
        {"channel": "nope"},
        {"staff_ids": [999]},
        {"group_ids": [999], "target": "groups"},
        {"name": " "},
    ],
)
def test_invalid_campaign_is_rejected(
    shop: Community, api: ApiClient, wrong: dict[str, Any]
) -> None:
    response = api.post("/campaigns", {"name": "News"} | wrong)
    assert response.status in (404, 422), response.body
    assert api.post("/campaigns", {"name": "News"}).status == 201


def test_task_is_handed_over_to_staff_only(shop: Community, api: ApiClient) -> None:
    factories.members(shop, "m1")
    helper = create_client(shop, role="operator")
    helper_id = Staff.objects.get(login__startswith="operator-").pk
    campaign_id = create_draft(api)
    api.post(f"/campaigns/{campaign_id}/start", {"expected_size": 1})
    task = api.list_all("/tasks", 5)[0]["id"]
    assert helper.get(f"/tasks/{task}").status == 404
    assert api.post(f"/tasks/{task}/handover", {"staff_id": 9_999}).status == 404
    moved = api.post(f"/tasks/{task}/handover", {"staff_id": helper_id})
    assert moved.body == {"recipients_moved": 1}
    own = helper.list_all("/tasks", 5)
    assert [row["mine"] for row in own] == [True]
    for method in ("GET", "POST"):
        response = api.request(method, f"/tasks/{own[0]['id']}/recipients", {})
        assert response.kind == "campaign-task-not-own"
    assert helper.post(f"/tasks/{own[0]['id']}/recipients").status == 200


def test_campaigns_of_others_are_hidden_from_scoped_staff_and_strangers(
    shop: Community, api: ApiClient
) -> None:
    factories.members(shop, "mine", "other")
    path = f"/campaigns/{create_draft(api)}"
    api.post(f"{path}/start", {"expected_size": 2})
    task = f"/tasks/{api.list_all('/tasks', 5)[0]['id']}"
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    for client in (scoped, create_client(factories.community("elsewhere"))):
        assert client.get("/campaigns").body["items"] == []
        assert client.get("/tasks").body["items"] == []
        for method, operation, data in (
            ("GET", path, None),
            ("PATCH", path, {"name": "x"}),
            ("GET", f"{path}/review", None),
            ("POST", f"{path}/start", {"expected_size": 2}),
            ("POST", f"{path}/schedule", {"send_at": "2190-01-01T00:00:00Z"}),
            ("DELETE", f"{path}/schedule", None),
            ("POST", f"{path}/pause", {}),
            ("DELETE", f"{path}/pause", None),
            ("POST", f"{path}/cancel", {}),
            ("GET", f"{path}/progress", None),
            ("GET", f"{path}/recipients", None),
            ("GET", task, None),
            ("POST", f"{task}/recipients", {}),
            ("GET", f"{task}/recipients", None),
            ("POST", f"{task}/recipients/1/mark", {}),
            ("POST", f"{task}/recipients/1/undo", {}),
            ("POST", f"{task}/recipients/1/failure", {"reason": "other"}),
            ("POST", f"{task}/handover", {"staff_id": 1}),
        ):
            assert client.request(method, operation, data).status == 404, operation
    # Nobody can send it, and the error says no number of members.
    review = scoped.get(f"/campaigns/{create_draft(scoped, staff_ids=[])}/review")
    assert review.status == 422


def test_review_counts_visible_members(shop: Community) -> None:
    factories.members(shop, "mine", "other")
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    review = scoped.get(f"/campaigns/{create_draft(scoped)}/review").body
    assert (review["matched"], review["size"]) == (1, 1)


def test_second_person_approves_through_the_api(
    shop: Community, api: ApiClient
) -> None:
    factories.named_members(shop, "ann", "bob")
    boss = create_client(shop, "manager")
    assert boss.request("PUT", "/approval-rule", {"from_size": 1}).body == {
        "from_size": 1
    }
    variants = [{"name": "B", "text": "Hi", "share": 50, "rule": None}]
    campaign_id = create_draft(api, variants=variants, hold_out_per_mille=0)
    path = f"/campaigns/{campaign_id}"
    review = api.get(f"{path}/review").body
    assert (review["needs_approval"], sum(review["variants"].values())) == (True, 2)
    refused = api.post(f"{path}/start", {"expected_size": 2})
    assert (refused.status, refused.kind) == (409, "approval-needed")
    assert api.post(f"{path}/submission", {}).body["state"] == "in_review"
    own = api.post(f"{path}/approval", {"digest": review["digest"]})
    assert own.kind == "second-person-needed"
    note = {"note": "Shorter"}
    assert boss.post(f"{path}/rejection", note).body["note"] == "Shorter"
    api.patch(path, {"text": "Hello"})
    api.post(f"{path}/submission", {})
    stale = boss.post(f"{path}/approval", {"digest": review["digest"]})
    assert stale.kind == "campaign-changed-since"
    digest = boss.get(f"{path}/review").body["digest"]
    assert boss.post(f"{path}/approval", {"digest": digest}).body["is_approved"]
    assert api.post(f"{path}/start", {"expected_size": 2}).status == 200
    effects = api.get(f"{path}/effects").body
    verdicts = [each["verdict"] for each in effects["comparisons"]]
    assert (effects["reached"], verdicts) == (0, ["open"])
    assert api.post(f"{path}/tests", {"member_id": 1}).status == 422


def test_contact_budget_is_read_and_set(shop: Community, api: ApiClient) -> None:
    (bob,) = factories.members(shop, "bob")
    budget = api.get("/contact-budget").body
    assert [limit["count"] for limit in budget["limits"]] == [2]
    budget["limits"][0] |= {"mode": "none", "count": None}
    assert (
        api.request("PUT", "/contact-budget", budget | {"quiet_start": 60}).status
        == 422
    )
    assert (
        api.request("PUT", "/contact-budget", budget).body["limits"][0]["mode"]
        == "none"
    )
    shown = api.get(f"/members/{bob}/contact-pressure").body["items"]
    assert [item["count"] for item in shown] == [0]
    hold_out = api.request("PUT", "/hold-out", {"per_mille": 20}).body
    assert (hold_out["per_mille"], hold_out["held_out"]) == (20, 0)
