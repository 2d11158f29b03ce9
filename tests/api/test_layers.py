"""Layerings through the API."""

from __future__ import annotations

from qunce.core.communities import Community
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers
from qunce.members.layers.layers import Layering
from tests import factories
from tests.clients import ApiClient, create_client
from tests.factories import AT


def create_layering(shop: Community) -> Layering:
    by = factories.staff(shop)
    return layers.create(
        community=shop, key="value", spec=layer_specs.VALUE, by=by, at=AT
    )


def test_layering_is_run_counted_and_compared(shop: Community, api: ApiClient) -> None:
    factories.members(shop, "m1", "m2")
    create_layering(shop)
    path = f"/layerings/{api.list_all('/layerings', 1)[0]['id']}"
    run = api.post(f"{path}/runs").body
    assert {layer["key"]: layer["member_count"] for layer in run["layers"]} == {
        "high": 0,
        "mid": 0,
        "low": 2,
    }
    low = api.list_all(f"{path}/members?layer=low", 1)
    assert [row["key"] for row in low] == ["m1", "m2"]
    assert api.get(f"{path}/members?layer=nope").status == 404
    refused = api.get(f"{path}/changes?since=2026-01-01")
    assert (refused.status, "Layers are known from" in refused.body["detail"]) == (
        409,
        True,
    )
    assert api.get(f"{path}/changes?since=x").status == 422
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["m1"]}})
    counts = [layer["member_count"] for layer in scoped.get(path).body["layers"]]
    assert counts == [0, 0, 1]
    assert len(scoped.list_all(f"{path}/members?layer=low", 5)) == 1


SPEC = {
    "by": "rules",
    "layers": [
        {"key": "high", "name": "Best", "rule": {"tag": {"any": ["vip"]}}},
        {"key": "rest", "name": "Rest"},
    ],
}


def test_a_layering_is_previewed_created_changed_and_archived(
    shop: Community, api: ApiClient
) -> None:
    """K9: what the console can do with layerings."""
    ann, _bob = factories.members(shop, "ann", "bob")
    factories.apply_tag(shop, "vip", ann)
    preview = api.post("/layerings/preview", {"spec": SPEC}).body
    assert [(row["name"], row["member_count"]) for row in preview] == [
        ("Best", 1),
        ("Rest", 1),
    ]
    created = api.post("/layerings", {"key": "own", "name": "Own", "spec": SPEC})
    assert created.status == 201
    counts = {row["key"]: row["member_count"] for row in created.body["layers"]}
    assert counts == {"high": 1, "rest": 1}
    path = f"/layerings/{created.body['id']}"
    rule = {"layer": {"of": "own", "in": ["high"]}}
    assert api.post("/segments", {"key": "best", "rule": rule}).status == 201
    other = {
        "by": "rules",
        "layers": [{"key": "new", "rule": {"all": []}}, {"key": "x"}],
    }
    refused = api.patch(path, {"spec": other})
    assert refused.status == 409
    assert "best" in refused.body["detail"]
    assert api.post(f"{path}/archive").status == 409
    renamed = {**SPEC, "layers": [SPEC["layers"][0], {"key": "rest", "name": "Others"}]}
    changed = api.patch(path, {"spec": renamed, "default": "high"}).body
    assert (changed["name"], changed["default"]) == ("Own", "high")
    assert changed["layers"][1]["name"] == "Others"
    sizes = api.get(f"{path}/sizes").body
    assert [(row["layer"], row["member_count"]) for row in sizes] == [
        ("high", 1),
        ("rest", 1),
    ]
    ladders = {row["key"]: row for row in api.get("/ladders").body}
    assert "price.asked" in ladders["intent"]["missing_kinds"]
    made = api.post("/layerings", {"key": "steps", "ladder": "phases"}).body
    assert made["default"] == "ripening"
    assert api.post(f"/layerings/{made['id']}/archive").body["state"] == "archived"
    restored = api.delete(f"/layerings/{made['id']}/archive")
    assert restored.body["state"] == "active"
    for bad in (
        {"key": "a"},
        {"key": "a", "ladder": "phases", "spec": SPEC},
        {"key": "a", "spec": {}},
    ):
        assert api.post("/layerings", bad).status == 422
    assert api.post("/layerings", {"key": "a", "ladder": "nope"}).status == 404


def test_changes_between_two_days_add_up_and_each_has_its_rule(
    shop: Community, api: ApiClient
) -> None:
    ann, _bob, _eve = factories.members(shop, "ann", "bob", "eve")
    factories.tag(shop, "vip")
    by = factories.staff(shop)
    layering = layers.create(community=shop, key="own", spec=SPEC, by=by, at=AT)
    layers.recompute(layering=layering, by=by, at=AT)
    factories.apply_tag(shop, "vip", ann)
    factories.member(shop, "new")
    layers.recompute(layering=layering, by=by, at=factories.LATER)
    path = f"/layerings/{layering.pk}"
    found = api.get(f"{path}/changes?since={AT:%Y-%m-%d}").body
    cells = {
        (row["from_layer"], row["to_layer"]): row["member_count"]
        for row in found["changes"]
    }
    assert cells == {("rest", "high"): 1, ("rest", "rest"): 2, ("", "rest"): 1}
    assert [(row["size_since"], row["size_until"]) for row in found["layers"]] == [
        (0, 1),
        (3, 3),
    ]
    (risen,) = [row for row in found["changes"] if row["to_layer"] == "high"]
    made = api.post("/segments", {"key": "risen", "rule": risen["rule"]})
    assert made.status == 201, made.body
    movers = f"{path}/changes/members?from_layer=rest&to_layer=high&since={AT:%Y-%m-%d}"
    assert [row["key"] for row in api.get(movers).body] == ["ann"]


def test_layerings_of_another_community_are_not_found(
    shop: Community, api: ApiClient
) -> None:
    path = f"/layerings/{create_layering(shop).pk}"
    stranger = create_client(factories.community("elsewhere"))
    assert stranger.get("/layerings").body["items"] == []
    assert api.get(path).status == 200
    for method, operation in (
        ("GET", path),
        ("GET", f"{path}/members?layer=low"),
        ("GET", f"{path}/changes"),
        ("POST", f"{path}/runs"),
        ("GET", f"{path}/sizes"),
        ("POST", f"{path}/archive"),
        ("DELETE", f"{path}/archive"),
    ):
        assert stranger.request(method, operation).status == 404, operation
    assert stranger.patch(path, {"name": "Mine"}).status == 404
