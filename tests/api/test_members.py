"""Members and accounts through the API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.members.attributes import attributes
from tests import factories
from tests.clients import ApiClient, create_client
from tests.factories import AT


def test_member_is_created_updated_and_read(shop: Community, api: ApiClient) -> None:
    attributes.define(
        community=shop, name="city", type="text", by=factories.staff(shop), at=AT
    )
    created = api.post(
        "/members",
        {
            "key": "m1",
            "name": "李雷",
            "joined_at": "2026-02-01T08:00:00+08:00",
            "source": "fair",
            "identifiers": {"phone": "+86 138 0013 8000"},
            "attributes": {"city": "兰州"},
        },
    )
    assert created.status == 201, created.body
    assert created.body["attributes"]["city"]["value"] == "兰州"
    member_id = created.body["id"]
    updated = api.patch(
        f"/members/{member_id}", {"name": "Lei", "attributes": {"city": None}}
    )
    assert updated.status == 200
    member = api.get(f"/members/{member_id}").body
    assert (member["name"], member["attributes"]) == ("Lei", {})
    assert member["identifiers"] == [{"kind": "phone", "value": "13800138000"}]
    assert member["joined_at"] == "2026-02-01T00:00:00Z"
    again = api.post("/members", {"key": "m1"})
    assert (again.status, again.kind) == (409, "account-already-exists")


def test_failed_request_leaves_nothing_behind(shop: Community, api: ApiClient) -> None:
    response = api.post("/members", {"key": "m1", "attributes": {"nonsense": 1}})
    assert (response.status, response.kind) == (404, "attribute-not-found")
    assert api.get("/members?key=m1").body["items"] == []


def test_pages_contain_every_member_once(shop: Community, api: ApiClient) -> None:
    keys = [f"m{n}" for n in range(7)]
    factories.members(shop, *keys)
    assert [row["key"] for row in api.list_all("/members", limit=3)] == keys
    assert [row["key"] for row in api.list_all("/accounts", limit=2)] == keys
    first = api.get("/members?limit=7").body
    assert first["next"] is None


def test_members_are_filtered_by_a_rule(shop: Community, api: ApiClient) -> None:
    factories.members(shop, "m1", "m2")
    rule = quote(json.dumps({"members": {"keys": ["m2"]}}))
    items = api.get(f"/members?rule={rule}").body["items"]
    assert [row["key"] for row in items] == ["m2"]
    unknown = quote(json.dumps({"tag": {"any": ["nope"]}}))
    wrong = api.get(f"/members?rule={unknown}")
    assert (wrong.status, wrong.kind) == (422, "rule-error")
    assert wrong.body["path"] == "tag.any[0]"


@pytest.mark.parametrize("after", ["x", "!!", "MQ,", "LTE", quote("é"), "MSwy"])
def test_made_up_cursor_is_rejected_or_harmless(api: ApiClient, after: str) -> None:
    assert api.get(f"/members?after={after}").status in (200, 422)


def test_members_are_merged_and_unmerged(shop: Community, api: ApiClient) -> None:
    left, right = factories.members(shop, "m1", "m2")
    merged = api.post(f"/members/{left}/merges", {"member_id": right, "note": "same"})
    assert [part["id"] for part in merged.body["accounts"]] == [left, right]
    assert api.get(f"/members/{right}").body["id"] == left
    assert api.get(f"/accounts/{right}").body["member_id"] == left
    assert len(api.get("/members").body["items"]) == 1
    assert api.post(f"/members/{left}/merges", {"member_id": right}).status == 409
    unmerged = api.delete(f"/members/{left}/merges/{right}")
    assert [part["id"] for part in unmerged.body["accounts"]] == [left]


def test_member_departs_rejoins_and_is_erased(shop: Community, api: ApiClient) -> None:
    (member,) = factories.members(shop, "m1")
    assert api.post(f"/members/{member}/departure").body["present"] is False
    assert api.get("/members").body["items"] == []
    assert api.post(f"/members/{member}/departure").status == 409
    assert api.delete(f"/members/{member}/departure").body["present"] is True
    assert api.delete(f"/members/{member}").status == 204
    assert api.get(f"/members/{member}").status == 404
    assert api.get("/accounts").body["items"] == []


def test_accounts_are_ensured_by_the_thousand(shop: Community, api: ApiClient) -> None:
    (existing,) = factories.members(shop, "k1")
    keys = ["k1", *(f"n{n}" for n in range(999))]
    response = api.post("/accounts", {"keys": keys, "source": "till"})
    assert response.status == 200
    assert len(response.body["ids"]) == 1_000
    assert response.body["ids"]["k1"] == existing
    assert api.post("/accounts", {"keys": [*keys, "more"]}).status == 422
    assert api.post("/accounts", {"keys": ["   "]}).status == 422


def test_shared_identifier_merges_accounts(shop: Community, api: ApiClient) -> None:
    left, right = factories.members(shop, "m1", "m2")
    email = {"kind": "email", "value": "Li@Example.com"}
    assert api.post(f"/accounts/{left}/identifiers", email).body == {
        "member_id": left,
        "created": True,
    }
    shared = api.post(f"/accounts/{right}/identifiers", email).body
    assert shared["member_id"] == left
    assert api.post(f"/accounts/{left}/identifiers", email).body["created"] is False
    wrong = api.post(f"/accounts/{left}/identifiers", {"kind": "phone", "value": "x"})
    assert (wrong.status, wrong.kind) == (422, "invalid-identifier")


def test_identifiers_are_masked_without_permission(
    shop: Community, api: ApiClient
) -> None:
    """S3"""
    api.post(
        "/members", {"key": "13800138000", "identifiers": {"phone": "13800138000"}}
    )
    operator = create_client(shop, role="operator")
    for path in ("/members", "/accounts", "/members/1"):
        assert "13800138000" in json.dumps(api.get(path).body), path
        masked = json.dumps(operator.get(path).body)
        assert "13800138000" not in masked, path
        assert "8000" in masked, path


def test_scoped_staff_see_and_change_no_other_member(
    shop: Community, api: ApiClient
) -> None:
    """S3: a member out of scope is answered like one that does not exist."""
    mine, other = factories.members(shop, "mine", "other")
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert [row["key"] for row in scoped.get("/members").body["items"]] == ["mine"]
    assert [row["key"] for row in scoped.get("/accounts").body["items"]] == ["mine"]
    assert len(api.get("/accounts").body["items"]) == 2
    assert scoped.get("/members?key=other").body == scoped.get("/members?key=no").body
    assert scoped.get("/accounts?key=other").body["items"] == []
    count = scoped.post("/rules/count", {"rule": {"all": []}}).body
    assert count == {"count": 1}
    paths: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", f"/members/{other}", None),
        ("PATCH", f"/members/{other}", {"name": "x"}),
        ("DELETE", f"/members/{other}", None),
        ("POST", f"/members/{other}/departure", None),
        ("DELETE", f"/members/{other}/departure", None),
        ("POST", f"/members/{mine}/merges", {"member_id": other}),
        ("DELETE", f"/members/{mine}/merges/{other}", None),
        ("GET", f"/accounts/{other}", None),
        ("POST", f"/accounts/{other}/identifiers", {"kind": "qq", "value": "1"}),
        ("GET", f"/facts?member_id={other}", None),
        ("POST", "/rules/explain", {"rule": {"all": []}, "member_id": other}),
    ]
    for method, path, data in paths:
        response = scoped.request(method, path, data)
        assert (response.status, response.kind) == (404, "member-not-found"), path
        if data is not None and "member_id" in data:
            data = data | {"member_id": 77}
        unknown = scoped.request(method, path.replace(str(other), "77"), data)
        assert unknown.body["type"] == response.body["type"]
    additions: list[tuple[str, dict[str, Any]]] = [
        ("/members", {"key": "new"}),
        ("/members", {"key": "other"}),
        ("/accounts", {"keys": ["other"]}),
        (f"/accounts/{mine}/identifiers", {"kind": "qq", "value": "1"}),
    ]
    for path, data in additions:
        assert scoped.post(path, data).kind == "scope-too-narrow", path


def test_members_of_another_community_are_not_found(
    shop: Community, api: ApiClient
) -> None:
    (member,) = factories.members(shop, "m1")
    stranger = create_client(factories.community("elsewhere"))
    assert stranger.get("/members").body["items"] == []
    assert stranger.get("/accounts").body["items"] == []
    for method, path in (
        ("GET", f"/members/{member}"),
        ("GET", f"/accounts/{member}"),
        ("GET", f"/facts?member_id={member}"),
        ("DELETE", f"/members/{member}"),
    ):
        assert stranger.request(method, path).status == 404, path
        assert api.request(method, path).status < 300, path


@pytest.mark.parametrize("number", ["0", "-1", "4294967296", "9" * 40, "x", "1.5"])
def test_id_out_of_range_is_rejected(api: ApiClient, number: str) -> None:
    assert api.get(f"/members/{number}").status == 422


def test_changes_are_recorded_as_facts(shop: Community, api: ApiClient) -> None:
    api.post("/members", {"key": "m1"})
    assert facts.find_kind("member.joined")
    assert [
        account for account, _payload in factories.recorded_facts(shop, "member.joined")
    ] == [1]


def test_wrong_phone_of_an_account_is_replaced(shop: Community, api: ApiClient) -> None:
    phone = {"phone": "13800138001"}
    ann = factories.member(shop, "ann", identifiers=phone)
    bob = factories.member(shop, "bob", identifiers=phone)
    path = f"/accounts/{bob.pk}/identifiers/correction"
    data = {"kind": "phone", "value": "+86 138 0013 8001", "new": "13900139001"}
    answer = api.post(path, data).body
    assert answer["member_id"] == bob.pk
    pair = {"left_id": ann.pk, "right_id": bob.pk, "kind": "phone"}
    assert (answer["parted"], answer["joined"]) == ([pair], [])
    identifiers = api.get(f"/members/{bob.pk}").body["identifiers"]
    assert [each["value"] for each in identifiers] == ["13900139001"]
    assert api.post(path, data).kind == "identifier-not-found"


def test_member_is_found_by_phone_and_address(shop: Community, api: ApiClient) -> None:
    both = {"phone": "13800138001", "email": "ann@example.com"}
    ann = factories.member(shop, "ann", identifiers=both)
    for text in ("ann", "+86 138-0013-8001", "Ann@Example.com", "\u200bann"):
        (found,) = api.get(f"/members?key={quote(text)}").body["items"]
        assert found["id"] == ann.pk
    assert api.get("/members?key=13900139001").body["items"] == []
    (account,) = api.get(f"/accounts?key={quote(chr(0xFEFF) + 'ann')}").body["items"]
    assert account["id"] == ann.pk


def test_erased_member_is_not_created_again(shop: Community, api: ApiClient) -> None:
    ann = factories.member(shop, "ann", identifiers={"phone": "13800138001"})
    assert api.delete(f"/members/{ann.pk}").status == 204
    new = {"key": "new", "identifiers": {"phone": "13800138001"}}
    for path, data in (
        ("/members", {"key": "ann"}),
        ("/members", new),
        ("/accounts", {"keys": ["ann"]}),
    ):
        answer = api.post(path, data)
        assert (answer.status, answer.kind) == (409, "person-erased")
    assert api.get("/members").body["items"] == []


def test_names_are_stored_without_invisible_characters(
    shop: Community, api: ApiClient
) -> None:
    created = api.post("/members", {"key": "m1", "name": "张\u200b三\u3000"})
    assert created.body["name"] == "张三"
    path = f"/members/{created.body['id']}"
    assert api.patch(path, {"name": "\ufeff李 \u00a0四"}).body["name"] == "李 四"
    group = api.post("/groups", {"key": "g\u200b1", "name": "茶友\u2060群"})
    assert (group.body["key"], group.body["name"]) == ("g1", "茶友群")


def test_staff_in_charge_are_read_and_set(shop: Community, api: ApiClient) -> None:
    factories.staff(shop, "operator", "wang", name="王芳")
    (ann,) = factories.members(shop, "ann-2")
    path = f"/members/{ann}"
    assert api.get(path).body["staff"] is None
    updated = api.patch(path, {"staff": "王芳"})
    assert updated.body["staff"] == {"login": "wang", "name": "王芳"}
    assert api.patch(path, {"name": "Ann"}).body["staff"]["login"] == "wang"
    assert api.patch(path, {"staff": "nobody"}).status == 404
    assert api.patch(path, {"staff": None}).body["staff"] is None
    created = api.post("/members", {"key": "new", "staff": "wang"})
    assert created.body["staff"]["login"] == "wang"
