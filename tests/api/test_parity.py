"""What the console can do and programs can do as well, one walk per resource."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.members.tags import bulk
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import ApiClient, create_client
from tests.factories import AT

EVERYONE: dict[str, Any] = {"all": []}


@pytest.fixture
def ann(shop: Community) -> int:
    return factories.member(shop, "ann", name="Ann").pk


def test_consents_are_recorded_and_the_latest_comes_first(
    api: ApiClient, ann: int
) -> None:
    path = f"/members/{ann}/consents"
    given = {"purpose": "marketing", "given": True, "evidence": "form in the shop"}
    assert api.post(path, given).status == 201
    assert api.post(path, {"purpose": "marketing", "given": False}).status == 201
    assert api.post(path, {"purpose": "poems", "given": True}).status == 422
    listed = api.get(path).body["items"]
    assert [row["given"] for row in listed] == [False, True]
    assert listed[1]["evidence"] == "form in the shop"


def test_views_are_saved_shared_and_deleted(shop: Community, api: ApiClient) -> None:
    view = {"name": "Regulars", "columns": ["spend"], "filters": {"q": ["an"]}}
    saved = api.post("/saved-views", {**view, "shared": True})
    assert saved.status == 201, saved.body
    other = create_client(shop, "viewer")
    (listed,) = other.get("/saved-views").body["items"]
    assert (listed["name"], listed["filters"]) == ("Regulars", {"q": ["an"]})
    path = f"/saved-views/{listed['id']}"
    assert other.delete(path).status == 403
    assert api.delete(path).status == 204
    assert api.get(path).status == 404


def test_merge_keeps_what_is_chosen_and_is_undone(
    shop: Community, api: ApiClient, ann: int
) -> None:
    anna = factories.member(shop, "anna", name="Anna").pk
    path = f"/members/{ann}/merges"
    (difference,) = api.get(f"{path}/{anna}/differences").body
    assert (difference["key"], difference["kept"]) == ("name", "left")
    keep = {"name": "right"}
    merged = api.post(path, {"member_id": anna, "keep": keep, "note": "phone call"})
    assert merged.body["name"] == "Anna", merged.body
    (row,) = api.get(path).body["items"]
    assert row["note"] == "phone call"
    assert api.delete(f"/merges/{row['id']}").status == 204
    assert api.delete(f"/merges/{row['id']}").status == 409
    assert api.get(f"/members/{ann}").body["name"] == "Ann"
    assert api.delete("/merges/999").status == 404


def test_members_are_exported_in_chosen_columns(
    shop: Community, api: ApiClient, ann: int
) -> None:
    factories.member(shop, "bob")
    keys = [column["key"] for column in api.get("/member-columns").body]
    assert "joined" in keys
    asked = {"search": "ann", "columns": ["joined"], "sort_by": "-joined"}
    done = api.post("/member-exports", asked)
    assert done.status == 200, done.body
    headings, row = csv.reader(io.StringIO(done.body.removeprefix("\ufeff")))
    assert headings == ["Key", "Name", "Joined"]
    assert row[0] == "ann"
    assert api.post("/member-exports", {"columns": ["nothing"]}).status == 422
    keyed = api.post("/member-exports", asked, **{"Idempotency-Key": "export-1"})
    assert keyed.kind == "invalid-idempotency-key"
    assert create_client(shop, "operator").post("/member-exports").status == 403


def test_everything_about_a_person_is_exported(
    shop: Community, api: ApiClient, ann: int
) -> None:
    token = f"Bearer {api.token}"
    path = f"/api/v1/members/{ann}/export"
    answer = api.client.get(path, HTTP_AUTHORIZATION=token)
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    texts = [archive.read(name) for name in archive.namelist()]
    assert any(b"Ann" in text for text in texts)
    assert all(json.loads(text) for text in texts)
    assert create_client(shop, "viewer").get(path[len("/api/v1") :]).status == 403


def test_members_are_found_by_search_page_by_page(
    shop: Community, api: ApiClient
) -> None:
    factories.members(shop, "tea-1", "tea-2", "tea-3", "coffee")
    found = api.list_all("/members?search=tea-", 2)
    assert [row["key"] for row in found] == ["tea-1", "tea-2", "tea-3"]


def test_members_are_handed_over_if_they_are_as_many_as_was_confirmed(
    shop: Community, api: ApiClient, ann: int
) -> None:
    factories.staff(shop, login="eve")
    path = "/staff-in-charge/hand-over"
    given = {"rule": EVERYONE, "staff": "eve", "expected_count": 2}
    assert api.post(path, given).kind == "count-changed"
    done = api.post(path, given | {"expected_count": 1})
    assert done.body["members_changed"] == 1, done.body
    loads = {
        row["login"]: row["member_count"] for row in api.get("/staff-in-charge").body
    }
    assert loads["eve"] == 1


def test_all_who_match_a_rule_are_tagged_in_the_background(
    shop: Community, api: ApiClient, ann: int
) -> None:
    tag = factories.tag(shop, "koc")
    started = api.post(f"/tags/{tag.pk}/jobs", {"rule": EVERYONE, "depth": "+2"})
    assert started.status == 202, started.body
    bulk.run(str(started.body["id"]), at=AT)
    done = api.get(f"/tag-jobs/{started.body['id']}").body
    assert (done["done"], done["error"]) == (1, "")
    assert api.get(f"/members/{ann}").body["tags"] == {"koc": 2}
    (batch,) = api.get(f"/tag-batches?tag_id={tag.pk}").body["items"]
    assert batch["id"] == done["batch_id"]


def test_exchange_rates_are_set_and_removed(api: ApiClient) -> None:
    rate = {"currency": "USD", "since": "2026-01-01", "rate": "7.18"}
    assert api.post("/exchange-rates", rate).status == 201
    assert api.get("/exchange-rates").body == [rate]
    assert api.post("/exchange-rates", rate | {"rate": "much"}).status == 422
    path = "/exchange-rates?currency=USD&since=2026-01-01"
    assert [api.delete(path).status for _time in range(2)] == [204, 404]


def test_failing_jobs_are_listed_and_retried(shop: Community, api: ApiClient) -> None:
    job_queue.schedule(job="import.run", key="1", due_at=AT, community=shop)
    job_queue.schedule(job="import.run", key="2", due_at=AT, community=shop)
    failing = job_queue.QueuedJob.objects.get(job="import.run", key="1")
    failing.error, failing.attempts, failing.failing_since = "Boom", 3, AT
    failing.save()
    (listed,) = api.get("/jobs?failing=true").body["items"]
    assert (listed["state"], listed["attempts"]) == ("failing", 3)
    retried = api.post(f"/jobs/{listed['id']}/retry")
    assert retried.body["attempts"] == 0
    assert api.post("/jobs/999/retry").status == 404
    assert create_client(shop, "operator").get("/jobs").status == 403


def test_roles_are_created_given_and_deleted(shop: Community, api: ApiClient) -> None:
    eve = factories.staff(shop, "operator", "eve")
    role = {"name": "Helper", "base": "operator", "permissions": ["tags.apply"]}
    created = api.post("/roles", role)
    assert created.status == 201, created.body
    path = f"/roles/{created.body['id']}"
    assert api.patch(path, {"name": "Tagger"}).body["permissions"] == ["tags.apply"]
    given = api.patch(f"/staff/{eve.pk}", {"role_id": created.body["id"]})
    assert given.body["role_id"] == created.body["id"], given.body
    assert api.delete(path).kind == "role-in-use"
    api.patch(f"/staff/{eve.pk}", {"role": "viewer"})
    assert api.delete(path).status == 204
    names = [row["name"] for row in api.get("/roles").body]
    assert names == ["owner", "manager", "operator", "viewer"]
    # Nobody gives what they do not have.
    manager = create_client(shop, "manager")
    assert manager.patch(f"/staff/{eve.pk}", {"role": "owner"}).status == 403


def test_staff_are_limited_moved_and_deactivated(
    shop: Community, api: ApiClient
) -> None:
    factories.tag(shop, "koc")
    eve = factories.staff(shop, "operator", "eve")
    unit = api.post("/units", {"name": "Berlin", "kind": "local"})
    assert unit.status == 201, unit.body
    path, scope = f"/staff/{eve.pk}", {"tag": {"any": ["koc"]}}
    changed = api.patch(path, {"unit_id": unit.body["id"], "scope": scope}).body
    assert (changed["unit_id"], changed["scope"]) == (unit.body["id"], scope)
    assert api.patch(path, {"name": "Eve"}).body["scope"] == scope
    assert api.patch(path, {"scope": None}).body["scope"] is None
    units = f"/units/{unit.body['id']}"
    assert api.post(f"{units}/close").kind == "unit-in-use"
    assert api.patch(units, {"name": "Hamburg"}).body["kind"] == "local"
    assert api.patch(path, {"unit_id": None}).body["unit_id"] is None
    assert api.post(f"{units}/close").body["closed_at"]
    assert api.post(f"{units}/reopen").body["closed_at"] is None
    assert [row["name"] for row in api.get("/units").body] == ["Hamburg"]
    assert api.post(f"{path}/deactivate").body["active"] is False
    assert api.post(f"{path}/reactivate").body["active"] is True
    assert "eve" in [row["login"] for row in api.get("/staff").body["items"]]


def test_identity_settings_change_and_an_erased_person_may_return(
    shop: Community, api: ApiClient
) -> None:
    path = "/identity-settings"
    assert api.patch(path, {"shared_identifier_limit": 9}).status == 200
    member = factories.member(shop, "cy", identifiers={"phone": "13800138000"})
    assert api.delete(f"/members/{member.pk}").status == 204
    settings = api.get(path).body
    assert (settings["shared_identifier_limit"], settings["suppressed_people"]) == (
        9,
        1,
    )
    phone = {"kind": "phone", "value": "138 0013 8000"}
    assert [api.post("/suppressions/lift", phone).status for _ in range(2)] == [
        204,
        404,
    ]


def test_role_in_a_group_is_changed(shop: Community, api: ApiClient, ann: int) -> None:
    group = factories.group(shop, "tea", "ann")
    path = f"/groups/{group.pk}/members"
    changed = api.post(f"{path}/role", {"member_id": ann, "role": "koc"})
    assert changed.status == 200, changed.body
    assert api.get(path).body["items"][0]["role"] == "koc"
    assert api.post(f"{path}/role", {"member_id": 999, "role": "koc"}).status == 404


def test_orders_are_added_up(shop: Community, api: ApiClient, ann: int) -> None:
    factories.order(shop, "ann", amount=1000)
    factories.order(shop, None, amount=500)
    totals = api.get("/orders/totals").body
    assert totals["total"]["paid"] == totals["by_currency"][0]["net"] == 1500
    own = api.get(f"/orders/totals?member_id={ann}&status=paid").body
    assert own["total"]["orders"] == 1
    assert api.get("/orders/totals?status=any_refund").body["by_currency"] == []


def test_orders_are_exported(shop: Community, api: ApiClient, ann: int) -> None:
    for number in range(3):
        factories.order(shop, "ann", amount=1000 + number)
    factories.order(shop, None, amount=500)
    factories.member(shop, "bob")
    done = api.get(f"/orders/export?member_id={ann}")
    assert done.status == 200, done.body
    headings, *rows = csv.reader(io.StringIO(done.body.removeprefix("\ufeff")))
    assert headings[:3] == ["Order number", "Shop", "Key"]
    assert [row[2:7:2] for row in rows] == [
        ["ann", f"10.0{n}", "CNY"] for n in (2, 1, 0)
    ]
    scoped = create_client(shop, "manager", scope={"members": {"keys": ["bob"]}})
    assert "ann" not in scoped.get("/orders/export").body
    assert create_client(shop, "operator").get("/orders/export").status == 403


def test_parts_of_a_rule_are_counted(shop: Community, api: ApiClient) -> None:
    factories.members(shop, "ann", "bob")
    factories.apply_tag(shop, "koc", "ann")
    rule = {"all": [{"tag": {"any": ["koc"]}}, {"not": {"tag": {"any": ["koc"]}}}]}
    funnel = api.post("/rules/funnel", {"rule": rule}).body
    remaining = {step["path"]: step["remaining"] for step in funnel["steps"]}
    assert (funnel["everyone"], funnel["total"]) == (2, 0)
    assert (remaining["all[0]"], remaining["all[1]"]) == (1, 0)


def test_campaign_is_duplicated(shop: Community, api: ApiClient) -> None:
    first = api.post("/campaigns", {"name": "Sale", "text": "Hello"}).body
    copy = api.post(f"/campaigns/{first['id']}/duplicate")
    assert copy.status == 201
    assert copy.body["id"] != first["id"]
    assert (copy.body["text"], copy.body["state"]) == ("Hello", "draft")


def test_movers_of_a_layering_are_listed(shop: Community, api: ApiClient) -> None:
    deriver.catch_up()
    layering = api.post("/layerings", {"key": "value", "ladder": "value"})
    assert layering.status == 201, layering.body
    path = f"/layerings/{layering.body['id']}/changes/members"
    found = api.get(f"{path}?from_layer=low&to_layer=high&since=2026-01-01")
    assert (found.status, found.body) == (200, [])


def test_sidebar_of_a_member_says_what_to_offer_and_why(
    shop: Community, api: ApiClient
) -> None:
    new = factories.member(shop, "new", name="New", joined_at=datetime.now(UTC)).pk
    deriver.catch_up()
    shown = api.get(f"/members/{new}/sidebar").body
    assert shown["remark"] == "New"
    assert [offer["rule"] for offer in shown["offers"]] == ["first_order"]
    # It shows texts of campaigns, the rhythm of orders and titles of tasks.
    few = create_client(shop, scopes=["members:read"])
    assert few.get(f"/members/{new}/sidebar").status == 403


def test_staff_task_is_asked_done_and_finished(
    shop: Community, api: ApiClient, ann: int
) -> None:
    deriver.catch_up()
    owner = api.get("/staff").body["items"][0]["login"]
    factories.tag(shop, "chats")
    asked = api.post(
        "/task-requests",
        {
            "kind": "comment",
            "title": "Say hello",
            "text": "Hello",
            "staff": [owner],
            "rule": EVERYONE,
            "tag_key": "chats",
        },
    )
    assert asked.status == 201, asked.body
    (task,) = api.get("/staff-tasks").body["items"]
    assert task["targets"] == [{"member_id": ann, "outcome": ""}]
    path = f"/staff-tasks/{task['id']}"
    outcome = f"{path}/members/{ann}/outcome"
    assert api.request("PUT", outcome, {"outcome": "loved"}).status == 422
    assert api.request("PUT", outcome, {"outcome": "replied"}).status == 204
    assert api.request("PUT", outcome, {"outcome": "done"}).status == 409
    assert api.delete(outcome).status == 204
    assert api.post(f"{path}/finish", {}).status == 409
    assert api.request("PUT", outcome, {"outcome": "replied"}).status == 204
    done = api.post(f"{path}/finish", {"note": "nice"})
    assert (done.body["state"], done.body["note"]) == ("done", "nice")
    (request,) = api.get("/task-requests").body["items"]
    assert request["state"] == "done"
