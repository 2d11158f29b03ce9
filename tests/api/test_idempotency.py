"""The same request twice is done once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from qunce.api.idempotency import StoredResponse
from qunce.core.communities import Community
from tests.api.client import ApiClient, create_client
from tests.members import made


@pytest.mark.both_databases
def test_the_same_answer_comes_again(shop: Community, api: ApiClient) -> None:
    paid = api.post("/orders", {"key": "o1", "amount": 500, "member_key": "m1"})
    path = f"/orders/{paid.body['id']}/refunds"
    first = api.post(path, {"amount": 100}, **{"Idempotency-Key": "r1"})
    again = api.post(path, {"amount": 100}, **{"Idempotency-Key": "r1"})
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert api.get(f"/orders/{paid.body['id']}").body["refunded_amount"] == 100
    api.post(path, {"amount": 100}, **{"Idempotency-Key": "r2"})
    assert api.get(f"/orders/{paid.body['id']}").body["refunded_amount"] == 200


def test_the_status_comes_again_too(api: ApiClient) -> None:
    key = {"Idempotency-Key": "k"}
    assert api.post("/tags", {"key": "koc"}, **key).status == 201
    assert api.post("/tags", {"key": "koc"}, **key).status == 201
    assert api.post("/tags", {"key": "koc"}).status == 409


def test_a_key_used_for_something_else_is_refused(api: ApiClient) -> None:
    key = {"Idempotency-Key": "k"}
    api.post("/tags", {"key": "koc"}, **key)
    for path, given in (("/tags", {"key": "other"}), ("/tag-groups", {"key": "koc"})):
        response = api.post(path, given, **key)
        assert (response.status, response.kind) == (422, "key-reused")


def test_what_was_refused_is_asked_anew(shop: Community, api: ApiClient) -> None:
    key = {"Idempotency-Key": "k"}
    put = {"members": [1]}
    tag = api.post("/tags", {"key": "koc"}).body["id"]
    assert api.post(f"/tags/{tag}/members", put, **key).status == 404
    assert StoredResponse.objects.count() == 0
    made.members(shop, "m1")
    assert api.post(f"/tags/{tag}/members", put, **key).status == 200


def test_keys_of_two_programs_do_not_meet(shop: Community, api: ApiClient) -> None:
    key = {"Idempotency-Key": "k"}
    api.post("/tags", {"key": "one"}, **key)
    assert create_client(shop).post("/tags", {"key": "two"}, **key).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_a_length(api: ApiClient, key: str) -> None:
    assert api.post("/tags", {"key": "koc"}, **{"Idempotency-Key": key}).status == 422


def test_after_a_day_it_is_forgotten(api: ApiClient) -> None:
    api.post("/tags", {"key": "koc"}, **{"Idempotency-Key": "k"})
    kept = StoredResponse.objects.get()
    StoredResponse.objects.update(at=kept.at - timedelta(days=1, seconds=1))
    assert api.post("/tags", {"key": "koc"}, **{"Idempotency-Key": "k"}).status == 409


def test_reading_needs_no_key(api: ApiClient) -> None:
    assert api.get("/tags", **{"Idempotency-Key": "k"}).status == 200
    assert StoredResponse.objects.count() == 0


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_acts(transactional_db: None) -> None:
    api = create_client(made.shop(language="en"))
    order = api.post("/orders", {"key": "o1", "amount": 500}).body["id"]
    responses: list[int] = []

    def refund() -> None:
        mine = ApiClient(api.token)
        key = {"Idempotency-Key": "once"}
        responses.append(
            mine.post(f"/orders/{order}/refunds", {"amount": 1}, **key).status
        )
        connections.close_all()

    threads = [threading.Thread(target=refund) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert responses == [200] * 4
    assert api.get(f"/orders/{order}").body["refunded_amount"] == 1
