"""Tags, groups, orders, segments and layers through the API."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.members.layers import layers
from qunce.members.layers import specs as layer_specs
from tests.api.client import AT, ApiClient, create_client
from tests.members import made

KOC = {"tag": {"any": ["koc"]}}


# Tags


@pytest.mark.both_databases
def test_a_tag_lives_from_creation_to_merging(shop: Community, api: ApiClient) -> None:
    members = made.members(shop, "m1", "m2", "m3")
    group = api.post("/tag-groups", {"key": "roles", "exclusive": True}).body["id"]
    koc = api.post("/tags", {"key": "koc", "name": "KOC", "group": group}).body["id"]
    fan = api.post("/tags", {"key": "fan"}).body["id"]
    put = api.post(f"/tags/{koc}/members", {"members": members[:2], "note": "fair"})
    assert put.body["changed"] == 2
    assert api.get(f"/tags/{koc}").body["carriers"] == 2
    assert [row["key"] for row in api.list_all(f"/tags/{koc}/members", 1)] == ["m1", "m2"]
    off = api.post(f"/tags/{koc}/members/remove", {"members": members[:1]})
    assert off.body["changed"] == 1
    undone = api.post(f"/tag-batches/{off.body['id']}/undo")
    assert undone.body["undone_at"]
    assert api.post(f"/tag-batches/{off.body['id']}/undo").status == 409
    assert api.patch(f"/tags/{koc}", {"name": "Key"}).body["name"] == "Key"
    assert api.post(f"/tags/{koc}/archive").body["state"] == "archived"
    assert [tag["key"] for tag in api.list_all("/tags", 5)] == ["fan"]
    assert [tag["key"] for tag in api.list_all("/tags?archived=true", 5)] == ["koc"]
    assert api.delete(f"/tags/{koc}/archive").body["state"] == "active"
    api.post(f"/tags/{fan}/synonyms", {"key": "friend"})
    assert api.get("/tags?key=friend").body["items"][0]["id"] == fan
    assert api.post(f"/tags/{fan}/merge", {"tag": koc}).status == 200
    assert api.get(f"/tags/{fan}").status == 404
    assert [tag["key"] for tag in api.list_all(f"/tags?group_id={group}", 1)] == ["koc"]
    assert len(api.list_all("/tag-groups", 1)) == 1


def test_who_sees_a_part_tags_nobody_else(shop: Community, api: ApiClient) -> None:
    mine, other = made.members(shop, "mine", "other")
    tag = api.post("/tags", {"key": "koc"}).body["id"]
    batch = api.post(f"/tags/{tag}/members", {"members": [mine, other]}).body["id"]
    part = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert part.get(f"/tags/{tag}").body["carriers"] == 1
    assert len(part.get(f"/tags/{tag}/members").body["items"]) == 1
    for path in (f"/tags/{tag}/members", f"/tags/{tag}/members/remove"):
        response = part.post(path, {"members": [mine, other]})
        assert (response.status, response.kind) == (404, "member-not-found")
    assert part.post(f"/tag-batches/{batch}/undo").status == 404
    own = part.post(f"/tags/{tag}/members/remove", {"members": [mine]}).body["id"]
    assert part.post(f"/tag-batches/{own}/undo").status == 200


# Groups


@pytest.mark.both_databases
def test_a_group_is_made_filled_and_moved_on(shop: Community, api: ApiClient) -> None:
    members = made.members(shop, "m1", "m2", "m3")
    given = {"key": "g1", "name": "一群", "capacity": 2, "platform": "wecom"}
    group = api.post("/groups", given).body["id"]
    joined = api.post(
        f"/groups/{group}/members", {"members": members[:2], "role": "owner"}
    )
    assert joined.body == {"changed": 2}
    full = api.post(f"/groups/{group}/members", {"members": members[2:]})
    assert (full.status, full.kind) == (409, "group-full")
    found = api.list_all(f"/groups/{group}/members", 1)
    assert [row["member"] for row in found] == members[:2]
    left = api.post(f"/groups/{group}/members/remove", {"members": members[:1]})
    assert left.body == {"changed": 1}
    assert api.get(f"/groups/{group}").body["size"] == 1
    changed = api.patch(f"/groups/{group}", {"capacity": None, "name": "老客群"})
    assert (changed.body["capacity"], changed.body["name"]) == (None, "老客群")
    moved = api.post(f"/groups/{group}/stage", {"step": "stabilize"})
    assert moved.body["stage"] == "lasting"
    assert api.post(f"/groups/{group}/stage", {"step": "stabilize"}).status == 409
    assert [g["key"] for g in api.list_all("/groups?stage=lasting", 1)] == ["g1"]
    assert api.get("/groups?stage=nonsense").status == 422


def test_who_sees_some_groups_sees_no_others(shop: Community, api: ApiClient) -> None:
    one, two = (api.post("/groups", {"key": key}).body["id"] for key in ("g1", "g2"))
    part = create_client(shop, role="manager", groups=["g1"])
    assert [group["id"] for group in part.list_all("/groups", 5)] == [one]
    for method, path, given in (
        ("GET", f"/groups/{two}", None),
        ("PATCH", f"/groups/{two}", {"name": "x"}),
        ("POST", f"/groups/{two}/stage", {"step": "stabilize"}),
        ("GET", f"/groups/{two}/members", None),
        ("POST", f"/groups/{two}/members", {"members": [1]}),
        ("POST", f"/groups/{two}/members/remove", {"members": [1]}),
    ):
        response = part.request(method, path, given)
        assert (response.status, response.kind) == (404, "group-not-found"), path


def test_who_sees_a_part_sees_a_part_of_a_group(shop: Community, api: ApiClient) -> None:
    mine, other = made.members(shop, "mine", "other")
    group = api.post("/groups", {"key": "g1"}).body["id"]
    api.post(f"/groups/{group}/members", {"members": [mine, other]})
    part = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert part.get(f"/groups/{group}").body["size"] == 1
    found = part.list_all(f"/groups/{group}/members", 1)
    assert [row["account"] for row in found] == [mine]
    for path in (f"/groups/{group}/members", f"/groups/{group}/members/remove"):
        assert part.post(path, {"members": [other]}).kind == "member-not-found"


# Orders


@pytest.mark.both_databases
def test_an_order_is_paid_amended_and_refunded(shop: Community, api: ApiClient) -> None:
    given = {
        "key": "2026/1",
        "amount": 12_345,
        "member_key": "m1",
        "paid_at": "2026-03-01T10:00:00+08:00",
        "items": [{"category": "fruit", "name": "苹果", "quantity": 2}],
    }
    paid = api.post("/orders", given).body
    assert paid["currency"] == "CNY"
    assert api.post("/orders", given).body["id"] == paid["id"]
    path = f"/orders/{paid['id']}"
    assert api.patch(path, {"amount": 12_000}).body["amount"] == 12_000
    assert (
        api.post(f"{path}/refunds", {"amount": 2_000}).body["refunded_amount"] == 2_000
    )
    much = api.post(f"{path}/refunds", {"amount": 12_000})
    assert (much.status, much.kind) == (409, "refund-too-large")
    assert api.post(f"{path}/refunds").body["refunded_amount"] == 12_000
    assert [order["id"] for order in api.list_all("/orders", 1)] == [paid["id"]]
    assert api.get("/orders?key=2026/1").body["items"][0]["items"] == given["items"]
    theirs = api.get(f"/orders?member_id={paid['member']}").body["items"]
    assert [order["id"] for order in theirs] == [paid["id"]]
    told = [
        payload["amount"] for _account, payload in made.told(shop, "order.refunded")
    ]
    assert told == [2_000, 10_000]


@pytest.mark.parametrize(
    "wrong", [{"amount": -1}, {"amount": 2**63}, {"currency": "yen"}, {"amount": 1.5}]
)
def test_a_wrong_order_is_refused(api: ApiClient, wrong: dict[str, Any]) -> None:
    assert api.post("/orders", {"key": "o1", "amount": 1} | wrong).status == 422


def test_who_sees_a_part_sees_their_orders_only(shop: Community, api: ApiClient) -> None:
    mine, _other = made.members(shop, "mine", "other")
    ids = [
        api.post("/orders", {"key": key, "amount": 100, "member_key": of}).body["id"]
        for key, of in (("o1", "other"), ("o2", "mine"), ("o3", "other"))
    ]
    api.post("/orders", {"key": "o4", "amount": 100})
    part = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert [order["key"] for order in part.list_all("/orders", 1)] == ["o2"]
    assert part.get("/orders?member_id=2").status == 404
    for method, path, given in (
        ("GET", f"/orders/{ids[0]}", None),
        ("PATCH", f"/orders/{ids[0]}", {"amount": 1}),
        ("POST", f"/orders/{ids[0]}/refunds", {}),
        ("POST", "/orders", {"key": "o1", "amount": 1, "member": mine}),
    ):
        response = part.request(method, path, given)
        assert (response.status, response.kind) == (404, "order-not-found"), path
    new = {"key": "o9", "amount": 1}
    assert part.post("/orders", new | {"member_key": "other"}).status == 404
    assert part.post("/orders", new).kind == "scope-too-narrow"
    assert part.post("/orders", new | {"member": mine}).status == 200


# Segments and rules


@pytest.mark.both_databases
def test_a_segment_is_counted_listed_explained_and_frozen(
    shop: Community, api: ApiClient
) -> None:
    members = made.members(shop, "m1", "m2", "m3")
    tag = api.post("/tags", {"key": "koc"}).body["id"]
    api.post(f"/tags/{tag}/members", {"members": members[:2]})
    made_ = api.post("/segments", {"key": "kocs", "rule": KOC})
    assert made_.status == 201
    path = f"/segments/{made_.body['id']}"
    assert api.get(f"{path}/count").body == {"count": 2}
    assert [row["key"] for row in api.list_all(f"{path}/members", 1)] == ["m1", "m2"]
    out = api.get(f"{path}/explain?member_id={members[2]}").body
    assert out["holds"] is False
    assert [part["where"] for part in out["because"]] == ["", "tag"]
    frozen = api.post(f"{path}/frozen-segments", {"key": "march"}).body
    assert frozen["size"] == 2
    api.patch(path, {"rule": {"not": KOC}})
    assert api.get(f"{path}/count").body == {"count": 1}
    assert len(api.list_all(f"/frozen-segments/{frozen['id']}/members", 1)) == 2
    both = {"left": KOC, "right": {"all": []}}
    assert api.post("/rules/overlap", both).body == {"left": 0, "both": 2, "right": 1}
    assert api.post("/rules/count", {"rule": KOC}).body == {"count": 2}
    page = api.post("/rules/members", {"rule": KOC, "limit": 1}).body
    rest = api.post("/rules/members", {"rule": KOC, "after": page["next"]}).body
    assert [row["key"] for row in page["items"] + rest["items"]] == ["m1", "m2"]
    about = {"rule": KOC, "member": members[0]}
    assert api.post("/rules/explain", about).body["holds"] is True
    assert api.post(f"{path}/archive").body["state"] == "archived"
    assert api.get("/segments").body["items"] == []
    assert api.delete(f"{path}/archive").body["state"] == "active"
    assert api.get(path).body["rule"] == {"not": KOC}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"nope": 1},
        {"all": {}},
        {"tag": {"any": ["nope"]}},
        {"segment": {"any": ["self"]}},
        {"all": [{"not": {"not": {"any": 7}}}]},
        {"did": {"kind": "x.y", "within": "-1d"}},
        {"members": {"keys": [1]}},
    ],
)
def test_a_rule_that_cannot_be_understood_names_its_place(
    api: ApiClient, rule: Any
) -> None:
    for path in ("/rules/count", "/rules/members"):
        assert api.post(path, {"rule": rule}).status in (404, 422), rule
    assert api.post("/segments", {"key": "self", "rule": rule}).status in (404, 422)


def test_reading_segments_is_enough_to_count(shop: Community) -> None:
    reading = create_client(shop, role="viewer", scopes=["segments:read"])
    assert reading.post("/rules/count", {"rule": {"all": []}}).status == 200
    assert reading.post("/segments", {"key": "s", "rule": {"all": []}}).status == 403


def test_counts_lists_and_overlaps_are_scoped(shop: Community, api: ApiClient) -> None:
    made.members(shop, "mine", "other")
    path = api.post("/segments", {"key": "all", "rule": {"all": []}}).body["id"]
    frozen = api.post(f"/segments/{path}/frozen-segments", {"key": "march"}).body["id"]
    part = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    everyone: dict[str, Any] = {"rule": {"all": []}}
    assert part.get(f"/segments/{path}/count").body == {"count": 1}
    assert len(part.list_all(f"/segments/{path}/members", 5)) == 1
    assert len(part.list_all(f"/frozen-segments/{frozen}/members", 5)) == 1
    assert len(part.post("/rules/members", everyone).body["items"]) == 1
    both: dict[str, Any] = {"left": {"all": []}, "right": {"any": []}}
    assert part.post("/rules/overlap", both).body == {"left": 1, "both": 0, "right": 0}
    out = part.get(f"/segments/{path}/explain?member_id=2")
    assert (out.status, out.kind) == (404, "member-not-found")
    kept = part.post(f"/segments/{path}/frozen-segments", {"key": "mine"})
    assert kept.body["size"] == 1


# Layers


@pytest.mark.both_databases
def test_layers_are_counted_listed_and_compared(shop: Community, api: ApiClient) -> None:
    made.members(shop, "m1", "m2")
    layers.create(
        community=shop, key="value", spec=layer_specs.VALUE, by=made.staff(shop), at=AT
    )
    found = api.list_all("/layerings", 1)[0]["id"]
    ran = api.post(f"/layerings/{found}/runs").body
    assert {layer["key"]: layer["size"] for layer in ran["layers"]} == {
        "high": 0,
        "mid": 0,
        "low": 2,
    }
    low = api.list_all(f"/layerings/{found}/members?layer=low", 1)
    assert [row["key"] for row in low] == ["m1", "m2"]
    assert api.get(f"/layerings/{found}/members?layer=nope").status == 404
    assert api.get(f"/layerings/{found}/changes").body["moves"] == []
    assert api.get(f"/layerings/{found}/changes?since=2026-01-01").status == 200
    assert api.get(f"/layerings/{found}/changes?since=x").status == 422
    part = create_client(shop, role="manager", scope={"members": {"keys": ["m1"]}})
    sizes = part.get(f"/layerings/{found}").body["layers"]
    assert [layer["size"] for layer in sizes] == [0, 0, 1]
    assert len(part.list_all(f"/layerings/{found}/members?layer=low", 5)) == 1


# Another community


def test_of_another_community_nothing_is_there(shop: Community, api: ApiClient) -> None:
    (member,) = made.members(shop, "m1")
    tag = api.post("/tags", {"key": "koc"}).body["id"]
    api.post("/tag-groups", {"key": "roles"})
    group = api.post("/groups", {"key": "g1"}).body["id"]
    order = api.post("/orders", {"key": "o1", "amount": 1, "member": member}).body["id"]
    segment = api.post("/segments", {"key": "s", "rule": KOC}).body["id"]
    frozen = api.post(f"/segments/{segment}/frozen-segments", {"key": "f"}).body["id"]
    batch = api.post(f"/tags/{tag}/members", {"members": [member]}).body["id"]
    layering = layers.create(
        community=shop, key="value", spec=layer_specs.VALUE, by=made.staff(shop), at=AT
    ).pk
    stranger = create_client(made.shop("elsewhere"))
    for path in (
        "/tags",
        "/tag-groups",
        "/groups",
        "/orders",
        "/segments",
        "/layerings",
    ):
        assert stranger.get(path).body["items"] == [], path
    for method, path, given in (
        ("GET", f"/tags/{tag}", None),
        ("PATCH", f"/tags/{tag}", {"name": "x"}),
        ("POST", f"/tags/{tag}/archive", {}),
        ("DELETE", f"/tags/{tag}/archive", None),
        ("POST", f"/tags/{tag}/synonyms", {"key": "x"}),
        ("POST", f"/tags/{tag}/merge", {"tag": tag}),
        ("GET", f"/tags/{tag}/members", None),
        ("POST", f"/tags/{tag}/members", {"members": [member]}),
        ("POST", f"/tags/{tag}/members/remove", {"members": [member]}),
        ("POST", f"/tag-batches/{batch}/undo", {}),
        ("GET", f"/groups/{group}", None),
        ("PATCH", f"/groups/{group}", {"name": "x"}),
        ("POST", f"/groups/{group}/stage", {"step": "stabilize"}),
        ("GET", f"/groups/{group}/members", None),
        ("POST", f"/groups/{group}/members", {"members": [member]}),
        ("POST", f"/groups/{group}/members/remove", {"members": [member]}),
        ("GET", f"/orders/{order}", None),
        ("PATCH", f"/orders/{order}", {"amount": 1}),
        ("POST", f"/orders/{order}/refunds", {}),
        ("GET", f"/segments/{segment}", None),
        ("PATCH", f"/segments/{segment}", {"name": "x"}),
        ("POST", f"/segments/{segment}/archive", {}),
        ("DELETE", f"/segments/{segment}/archive", None),
        ("GET", f"/segments/{segment}/count", None),
        ("GET", f"/segments/{segment}/members", None),
        ("GET", f"/segments/{segment}/explain?member_id={member}", None),
        ("POST", f"/segments/{segment}/frozen-segments", {"key": "x"}),
        ("GET", f"/frozen-segments/{frozen}/members", None),
        ("GET", f"/layerings/{layering}", None),
        ("GET", f"/layerings/{layering}/members?layer=low", None),
        ("GET", f"/layerings/{layering}/changes", None),
        ("POST", f"/layerings/{layering}/runs", {}),
    ):
        assert stranger.request(method, path, given).status == 404, f"{method} {path}"
