"""Idempotency keys: a repeated request is run once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from qunce.api.idempotency import StoredResponse
from qunce.core.communities import Community
from qunce.core.staff import staff as staff_verbs
from qunce.core.staff.models import Staff
from tests import factories
from tests.clients import ApiClient, create_client

KEY = {"Idempotency-Key": "k"}


@pytest.mark.both_databases
def test_repeated_request_gets_the_stored_response(
    shop: Community, api: ApiClient
) -> None:
    paid = api.post("/orders", {"key": "o1", "amount": 500, "member_key": "m1"})
    path = f"/orders/{paid.body['id']}/refunds"
    first = api.post(path, {"amount": 100}, **{"Idempotency-Key": "r1"})
    again = api.post(path, {"amount": 100}, **{"Idempotency-Key": "r1"})
    assert (again.status, again.body["id"]) == (first.status, first.body["id"])
    assert again.body["refunded_amount"] == 100
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert api.get(f"/orders/{paid.body['id']}").body["refunded_amount"] == 100
    api.post(path, {"amount": 100}, **{"Idempotency-Key": "r2"})
    assert api.get(f"/orders/{paid.body['id']}").body["refunded_amount"] == 200


def test_no_names_texts_or_secrets_are_stored(shop: Community, api: ApiClient) -> None:
    hook = {"name": "Hook", "url": "https://a.example/", "kinds": ["order.paid"]}
    person = {"key": "p1", "name": "Ann Lee", "identifiers": {"phone": "13800138000"}}
    for path, data in (("/webhooks", hook), ("/members", person)):
        first = api.post(path, data, **{"Idempotency-Key": path})
        again = api.post(path, data, **{"Idempotency-Key": path})
        assert (again.status, again.body["id"]) == (201, first.body["id"])
    stored = " ".join(StoredResponse.objects.values_list("body", flat=True))
    assert "id" in stored
    for text in ("Ann", "138", "whsec", "p1", "Hook"):
        assert text not in stored


def test_rights_of_today_decide_about_a_replay(shop: Community) -> None:
    api = create_client(shop, "manager")
    assert api.post("/tags", {"key": "koc"}, **KEY).status == 201
    staff = Staff.objects.get(role="manager")
    owner = factories.staff(shop, login="boss")
    staff_verbs.update(staff=staff, role="operator", by=owner, at=factories.LATER)
    assert api.post("/tags", {"key": "koc"}, **KEY).kind == "not-allowed"
    later = datetime.now(UTC) + timedelta(minutes=1)
    change = {"role": "manager", "scope": {"all": []}}
    staff_verbs.update(staff=staff, **change, by=owner, at=later)
    assert api.post("/tags", {"key": "koc"}, **KEY).kind == "scope-too-narrow"


def test_status_is_repeated_too(api: ApiClient) -> None:
    assert api.post("/tags", {"key": "koc"}, **KEY).status == 201
    assert api.post("/tags", {"key": "koc"}, **KEY).status == 201
    assert api.post("/tags", {"key": "koc"}).status == 409


def test_key_of_another_request_is_rejected(api: ApiClient) -> None:
    api.post("/tags", {"key": "koc"}, **KEY)
    for path, data in (("/tags", {"key": "other"}), ("/tag-groups", {"key": "koc"})):
        response = api.post(path, data, **KEY)
        assert (response.status, response.kind) == (422, "idempotency-key-reused")


def test_failed_request_is_run_again(shop: Community, api: ApiClient) -> None:
    data = {"member_ids": [1]}
    tag = api.post("/tags", {"key": "koc"}).body["id"]
    assert api.post(f"/tags/{tag}/members", data, **KEY).status == 404
    assert StoredResponse.objects.count() == 0
    factories.members(shop, "m1")
    assert api.post(f"/tags/{tag}/members", data, **KEY).status == 200
    assert StoredResponse.objects.count() == 1


def test_keys_of_two_programs_do_not_collide(shop: Community, api: ApiClient) -> None:
    assert api.post("/tags", {"key": "one"}, **KEY).status == 201
    assert create_client(shop).post("/tags", {"key": "two"}, **KEY).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_key_of_wrong_length_is_rejected(api: ApiClient, key: str) -> None:
    assert api.post("/tags", {"key": "koc"}, **{"Idempotency-Key": key}).status == 422


def test_response_is_deleted_after_a_day(api: ApiClient) -> None:
    api.post("/tags", {"key": "koc"}, **KEY)
    stored = StoredResponse.objects.get()
    earlier = stored.created_at - timedelta(days=1, seconds=1)
    StoredResponse.objects.update(created_at=earlier)
    assert api.post("/tags", {"key": "koc"}, **KEY).status == 409


def test_key_of_a_read_is_ignored(api: ApiClient) -> None:
    assert api.get("/tags", **KEY).status == 200
    assert StoredResponse.objects.count() == 0


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_with_one_key_are_run_once(transactional_db: None) -> None:
    api = create_client(factories.community(language="en"))
    order = api.post("/orders", {"key": "o1", "amount": 500}).body["id"]
    statuses: list[int] = []

    def refund() -> None:
        path = f"/orders/{order}/refunds"
        key = {"Idempotency-Key": "once"}
        statuses.append(ApiClient(api.token).post(path, {"amount": 1}, **key).status)
        connections.close_all()

    threads = [threading.Thread(target=refund) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    assert api.get(f"/orders/{order}").body["refunded_amount"] == 1


def test_stream_takes_no_key(api: ApiClient) -> None:
    line = b'{"kind": "page.viewed", "happened_at": 1772685000, "key": "p1"}\n'
    refused = api.request("POST", "/facts/stream", line, **KEY)
    assert (refused.status, refused.kind) == (422, "invalid-idempotency-key")
    assert StoredResponse.objects.count() == 0
    assert api.request("POST", "/facts/stream", line).body["accepted"] == 1
