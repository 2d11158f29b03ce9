"""Webhooks through the API (X8)."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from tests.api.client import ApiClient, create_client
from tests.members import made

HOOK = {"name": "till", "url": "https://example.com/in", "kinds": ["order.paid"]}


@pytest.mark.both_databases
def test_a_webhook_is_made_changed_tried_and_removed(
    shop: Community, api: ApiClient
) -> None:
    made_ = api.post("/webhooks", HOOK)
    assert made_.status == 201
    assert made_.body["secret"].startswith("whsec_")
    path = f"/webhooks/{made_.body['id']}"
    assert "secret" not in api.get(path).body
    changed = api.patch(path, {"kinds": ["order.refunded", "order.paid"]})
    assert changed.body["kinds"] == ["order.paid", "order.refunded"]
    assert api.post(f"{path}/pause").body["state"] == "paused"
    assert api.delete(f"{path}/pause").body["state"] == "active"
    new = api.post(f"{path}/secret").body["secret"]
    assert new != made_.body["secret"]
    for _each in range(3):
        tried = api.post(f"{path}/test").body
    assert tried["state"] == "waiting"
    log = api.list_all(f"{path}/deliveries", 2)
    assert [row["id"] for row in log] == sorted((r["id"] for r in log), reverse=True)
    assert len(log) == 3
    assert api.get(f"{path}/deliveries?state=failed").body["items"] == []
    assert api.post(f"{path}/deliveries/{tried['id']}/retry").status == 200
    assert [each["name"] for each in api.get("/webhooks").body] == ["till"]
    assert api.delete(path).status == 204
    assert api.get(path).status == 404


@pytest.mark.parametrize(
    "wrong", [{"url": "http://example.com"}, {"url": "x"}, {"kinds": ["x"]}]
)
def test_what_is_no_webhook_is_refused(api: ApiClient, wrong: dict[str, Any]) -> None:
    assert api.post("/webhooks", HOOK | wrong).status == 422


def test_others_have_no_webhooks_here(shop: Community, api: ApiClient) -> None:
    path = f"/webhooks/{api.post('/webhooks', HOOK).body['id']}"
    row = api.post(f"{path}/test").body["id"]
    clerk = create_client(shop, role="operator")
    part = create_client(shop, role="manager", scope={"all": []})
    stranger = create_client(made.shop("elsewhere"))
    assert stranger.get("/webhooks").body == []
    for method, where, given in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/pause", {}),
        ("DELETE", f"{path}/pause", None),
        ("POST", f"{path}/secret", {}),
        ("POST", f"{path}/test", {}),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/{row}/retry", {}),
    ):
        assert stranger.request(method, where, given).status == 404, where
        assert clerk.request(method, where, given).status == 403, where
        assert part.request(method, where, given).status == 403, where
