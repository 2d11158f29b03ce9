"""Webhooks through the API (X8)."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.clients import ApiClient, create_client

WEBHOOK = {"name": "till", "url": "https://example.com/in", "kinds": ["order.paid"]}


@pytest.mark.both_databases
def test_webhook_is_created_updated_tested_and_deleted(
    shop: Community, api: ApiClient
) -> None:
    created = api.post("/webhooks", WEBHOOK)
    assert created.status == 201
    assert created.body["secret"].startswith("whsec_")
    path = f"/webhooks/{created.body['id']}"
    assert "secret" not in api.get(path).body
    updated = api.patch(path, {"kinds": ["order.refunded", "order.paid"]})
    assert updated.body["kinds"] == ["order.paid", "order.refunded"]
    assert api.post(f"{path}/pause").body["state"] == "paused"
    assert api.delete(f"{path}/pause").body["state"] == "active"
    renewed = api.post(f"{path}/secret").body["secret"]
    assert renewed != created.body["secret"]
    for _time in range(3):
        test = api.post(f"{path}/test").body
    assert (test["state"], test["response_status"]) == ("waiting", 0)
    log = api.list_all(f"{path}/deliveries", 2)
    assert [row["id"] for row in log] == sorted((r["id"] for r in log), reverse=True)
    assert len(log) == 3
    assert api.get(f"{path}/deliveries?state=failed").body["items"] == []
    assert api.post(f"{path}/deliveries/{test['id']}/retry").status == 200
    assert [webhook["name"] for webhook in api.get("/webhooks").body] == ["till"]
    assert api.delete(path).status == 204
    assert api.get(path).status == 404


@pytest.mark.parametrize(
    "wrong", [{"url": "http://example.com"}, {"url": "x"}, {"kinds": ["x"]}]
)
def test_invalid_webhook_is_rejected(api: ApiClient, wrong: dict[str, Any]) -> None:
    assert api.post("/webhooks", WEBHOOK | wrong).status == 422


def test_webhooks_need_permission_and_the_whole_community(
    shop: Community, api: ApiClient
) -> None:
    path = f"/webhooks/{api.post('/webhooks', WEBHOOK).body['id']}"
    delivery = api.post(f"{path}/test").body["id"]
    operator = create_client(shop, role="operator")
    scoped = create_client(shop, role="manager", scope={"all": []})
    stranger = create_client(factories.community("elsewhere"))
    assert stranger.get("/webhooks").body == []
    for method, operation, data in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/pause", {}),
        ("DELETE", f"{path}/pause", None),
        ("POST", f"{path}/secret", {}),
        ("POST", f"{path}/test", {}),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/{delivery}/retry", {}),
    ):
        assert stranger.request(method, operation, data).status == 404, operation
        assert operator.request(method, operation, data).status == 403, operation
        assert scoped.request(method, operation, data).status == 403, operation
    assert api.get(path).status == 200
