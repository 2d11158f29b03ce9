"""Members and accounts through the API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.members.attributes import attributes
from tests.api.client import AT, ApiClient, create_client
from tests.members import made


@pytest.mark.both_databases
def test_a_member_is_added_changed_and_read_again(shop: Community, api: ApiClient) -> None:
    attributes.define(
        community=shop, name="city", type="text", by=made.staff(shop), at=AT
    )
    added = api.post(
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
    assert added.status == 201, added.body
    member = added.body["id"]
    changed = api.patch(
        f"/members/{member}", {"name": "Lei", "attributes": {"city": None}}
    )
    assert changed.status == 200
    told = api.get(f"/members/{member}").body
    assert (told["name"], told["attributes"]) == ("Lei", {})
    assert told["identifiers"] == [{"kind": "phone", "value": "13800138000"}]
    assert told["joined_at"] == "2026-02-01T00:00:00Z"
    again = api.post("/members", {"key": "m1"})
    assert (again.status, again.kind) == (409, "account-already-exists")


def test_what_fails_half_way_leaves_nothing(shop: Community, api: ApiClient) -> None:
    response = api.post("/members", {"key": "m1", "attributes": {"nonsense": 1}})
    assert (response.status, response.kind) == (404, "attribute-not-found")
    assert api.get("/members?key=m1").body["items"] == []


def test_pages_hold_everybody_once(shop: Community, api: ApiClient) -> None:
    keys = [f"m{n}" for n in range(7)]
    made.members(shop, *keys)
    assert [row["key"] for row in api.list_all("/members", limit=3)] == keys
    assert [row["key"] for row in api.list_all("/accounts", limit=2)] == keys
    first = api.get("/members?limit=7").body
    assert first["next"] is None


def test_a_rule_chooses_the_members(shop: Community, api: ApiClient) -> None:
    made.members(shop, "m1", "m2")
    rule = quote(json.dumps({"members": {"keys": ["m2"]}}))
    found = api.get(f"/members?rule={rule}").body["items"]
    assert [row["key"] for row in found] == ["m2"]
    unknown = quote(json.dumps({"tag": {"any": ["nope"]}}))
    wrong = api.get(f"/members?rule={unknown}")
    assert (wrong.status, wrong.kind) == (422, "rule-error")
    assert wrong.body["where"] == "tag.any[0]"


@pytest.mark.parametrize("after", ["x", "!!", "MQ,", "LTE", quote("é"), "MSwy"])
def test_a_cursor_of_somebodys_own_making_is_refused_or_harmless(
    api: ApiClient, after: str
) -> None:
    assert api.get(f"/members?after={after}").status in (200, 422)


def test_two_accounts_become_one_person_and_two_again(
    shop: Community, api: ApiClient
) -> None:
    left, right = made.members(shop, "m1", "m2")
    merged = api.post(f"/members/{left}/merges", {"member": right, "note": "same"})
    assert [part["id"] for part in merged.body["accounts"]] == [left, right]
    assert api.get(f"/members/{right}").body["id"] == left
    assert api.get(f"/accounts/{right}").body["member"] == left
    assert len(api.get("/members").body["items"]) == 1
    assert api.post(f"/members/{left}/merges", {"member": right}).status == 409
    parted = api.delete(f"/members/{left}/merges/{right}")
    assert [part["id"] for part in parted.body["accounts"]] == [left]


def test_somebody_leaves_comes_back_and_is_erased(shop: Community, api: ApiClient) -> None:
    (member,) = made.members(shop, "m1")
    assert api.post(f"/members/{member}/departure").body["present"] is False
    assert api.get("/members").body["items"] == []
    assert api.post(f"/members/{member}/departure").status == 409
    assert api.delete(f"/members/{member}/departure").body["present"] is True
    assert api.delete(f"/members/{member}").status == 204
    assert api.get(f"/members/{member}").status == 404
    assert api.get("/accounts").body["items"] == []


def test_accounts_are_ensured_by_the_thousand(shop: Community, api: ApiClient) -> None:
    (known,) = made.members(shop, "k1")
    keys = ["k1", *(f"n{n}" for n in range(999))]
    response = api.post("/accounts", {"keys": keys, "source": "till"})
    assert response.status == 200
    assert len(response.body["ids"]) == 1_000
    assert response.body["ids"]["k1"] == known
    assert api.post("/accounts", {"keys": [*keys, "more"]}).status == 422
    assert api.post("/accounts", {"keys": ["   "]}).status == 422


def test_an_identifier_shared_makes_one_person(shop: Community, api: ApiClient) -> None:
    left, right = made.members(shop, "m1", "m2")
    given = {"kind": "email", "value": "Li@Example.com"}
    assert api.post(f"/accounts/{left}/identifiers", given).body == {
        "member": left,
        "made": True,
    }
    assert api.post(f"/accounts/{right}/identifiers", given).body["member"] == left
    assert api.post(f"/accounts/{left}/identifiers", given).body["made"] is False
    wrong = api.post(f"/accounts/{left}/identifiers", {"kind": "phone", "value": "x"})
    assert (wrong.status, wrong.kind) == (422, "invalid-identifier")


def test_identifiers_are_masked_for_who_may_not_read_them(
    shop: Community, api: ApiClient
) -> None:
    """S3"""
    api.post(
        "/members", {"key": "13800138000", "identifiers": {"phone": "13800138000"}}
    )
    clerk = create_client(shop, role="operator")
    for path in ("/members", "/accounts", "/members/1"):
        told = json.dumps(clerk.get(path).body)
        assert "13800138000" not in told, path
        assert "8000" in told, path


def test_who_sees_a_part_sees_nobody_else(shop: Community) -> None:
    """S3: out of scope is as good as not there, in lists and in counts."""
    mine, other = made.members(shop, "mine", "other")
    part = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert [row["key"] for row in part.get("/members").body["items"]] == ["mine"]
    assert [row["key"] for row in part.get("/accounts").body["items"]] == ["mine"]
    assert part.get("/members?key=other").body == part.get("/members?key=no").body
    assert part.get("/accounts?key=other").body["items"] == []
    count = part.post("/rules/count", {"rule": {"all": []}}).body
    assert count == {"count": 1}
    paths: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", f"/members/{other}", None),
        ("PATCH", f"/members/{other}", {"name": "x"}),
        ("DELETE", f"/members/{other}", None),
        ("POST", f"/members/{other}/departure", None),
        ("DELETE", f"/members/{other}/departure", None),
        ("POST", f"/members/{mine}/merges", {"member": other}),
        ("DELETE", f"/members/{mine}/merges/{other}", None),
        ("GET", f"/accounts/{other}", None),
        ("POST", f"/accounts/{other}/identifiers", {"kind": "qq", "value": "1"}),
        ("GET", f"/facts?member_id={other}", None),
        ("POST", "/rules/explain", {"rule": {"all": []}, "member": other}),
    ]
    for method, path, given in paths:
        response = part.request(method, path, given)
        assert (response.status, response.kind) == (404, "member-not-found"), path
        unknown = part.request(method, path.replace(str(other), "77"), _instead(given))
        assert unknown.body["type"] == response.body["type"]
    adding: list[tuple[str, dict[str, Any]]] = [
        ("/members", {"key": "new"}),
        ("/members", {"key": "other"}),
        ("/accounts", {"keys": ["other"]}),
        (f"/accounts/{mine}/identifiers", {"kind": "qq", "value": "1"}),
    ]
    for path, given in adding:
        assert part.post(path, given).kind == "scope-too-narrow", path


def _instead(given: dict[str, Any] | None) -> dict[str, Any] | None:
    return given if given is None or "member" not in given else given | {"member": 77}


def test_another_community_is_not_there(shop: Community, api: ApiClient) -> None:
    (member,) = made.members(shop, "m1")
    stranger = create_client(made.shop("elsewhere"))
    assert stranger.get("/members").body["items"] == []
    assert stranger.get("/accounts").body["items"] == []
    for method, path in (
        ("GET", f"/members/{member}"),
        ("DELETE", f"/members/{member}"),
        ("GET", f"/accounts/{member}"),
        ("GET", f"/facts?member_id={member}"),
    ):
        assert stranger.request(method, path).status == 404, path


@pytest.mark.parametrize("number", ["0", "-1", "4294967296", "9" * 40, "x", "1.5"])
def test_numbers_out_of_range_are_refused(api: ApiClient, number: str) -> None:
    assert api.get(f"/members/{number}").status == 422


def test_what_is_done_is_in_the_log(shop: Community, api: ApiClient) -> None:
    api.post("/members", {"key": "m1"})
    assert facts.find_kind("member.joined")
    assert [account for account, _payload in made.told(shop, "member.joined")] == [1]
