"""Layerings through the API."""

from __future__ import annotations

import pytest

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


@pytest.mark.both_databases
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
    assert api.get(f"{path}/changes").body["changes"] == []
    assert api.get(f"{path}/changes?since=2026-01-01").status == 200
    assert api.get(f"{path}/changes?since=x").status == 422
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["m1"]}})
    counts = [layer["member_count"] for layer in scoped.get(path).body["layers"]]
    assert counts == [0, 0, 1]
    assert len(scoped.list_all(f"{path}/members?layer=low", 5)) == 1


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
    ):
        assert stranger.request(method, operation).status == 404, operation
