"""Orders and refunds through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.people import people
from qunce.sales import orders
from qunce.sales.models import Order
from tests import factories
from tests.clients import ApiClient, create_client
from tests.factories import AT, LATER


def test_order_is_recorded_corrected_and_refunded(
    shop: Community, api: ApiClient
) -> None:
    data = {
        "key": "2026/1",
        "amount": 12_345,
        "member_key": "m1",
        "paid_at": "2026-03-01T10:00:00+08:00",
        "items": [{"category": "fruit", "name": "苹果", "quantity": 2}],
    }
    order = api.post("/orders", data).body
    assert order["currency"] == "CNY"
    assert api.post("/orders", data).body["id"] == order["id"]
    path = f"/orders/{order['id']}"
    assert api.patch(path, {"amount": 12_000}).body["amount"] == 12_000
    refunded = api.post(f"{path}/refunds", {"amount": 2_000}).body
    assert refunded["refunded_amount"] == 2_000
    too_large = api.post(f"{path}/refunds", {"amount": 12_000})
    assert (too_large.status, too_large.kind) == (409, "refund-too-large")
    assert api.post(f"{path}/refunds").body["refunded_amount"] == 12_000
    assert [row["id"] for row in api.list_all("/orders", 1)] == [order["id"]]
    assert api.get("/orders?key=2026/1").body["items"][0]["items"] == data["items"]
    own = api.get(f"/orders?member_id={order['member_id']}").body["items"]
    assert [row["id"] for row in own] == [order["id"]]
    recorded = factories.recorded_facts(shop, "order.refunded")
    assert [payload["amount"] for _account, payload in recorded] == [2_000, 10_000]


@pytest.mark.parametrize(
    "wrong", [{"amount": -1}, {"amount": 2**63}, {"currency": "yen"}, {"amount": 1.5}]
)
def test_invalid_order_is_rejected(api: ApiClient, wrong: dict[str, Any]) -> None:
    order = {"key": "o1", "amount": 1}
    assert api.post("/orders", order | wrong).status == 422
    assert api.post("/orders", order).status == 200


def test_scoped_staff_see_orders_of_visible_members_only(
    shop: Community, api: ApiClient
) -> None:
    mine, _other = factories.members(shop, "mine", "other")
    ids = [
        api.post("/orders", {"key": key, "amount": 100, "member_key": member}).body[
            "id"
        ]
        for key, member in (("o1", "other"), ("o2", "mine"), ("o3", "other"))
    ]
    api.post("/orders", {"key": "o4", "amount": 100})
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    assert [order["key"] for order in scoped.list_all("/orders", 1)] == ["o2"]
    assert scoped.get("/orders?member_id=2").status == 404
    for method, path, data in (
        ("GET", f"/orders/{ids[0]}", None),
        ("PATCH", f"/orders/{ids[0]}", {"amount": 1}),
        ("POST", f"/orders/{ids[0]}/refunds", {}),
        ("POST", "/orders", {"key": "o1", "amount": 1, "member_id": mine}),
    ):
        response = scoped.request(method, path, data)
        assert (response.status, response.kind) == (404, "order-not-found"), path
    new = {"key": "o9", "amount": 1}
    assert scoped.post("/orders", new | {"member_key": "other"}).status == 404
    assert scoped.post("/orders", new).kind == "scope-too-narrow"
    known = {"key": "o2", "amount": 200, "member_id": mine}
    assert scoped.post("/orders", known).body["amount"] == 200


def test_scoped_staff_do_not_learn_which_order_numbers_are_taken(
    shop: Community, api: ApiClient
) -> None:
    mine, _other = factories.members(shop, "mine", "other")
    api.post("/orders", {"key": "taken", "amount": 100, "member_key": "other"})
    api.post("/orders", {"key": "nobody", "amount": 100})
    api.post("/orders", {"key": "usd", "amount": 1, "currency": "USD", "member_id": 2})
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})
    answers = set()
    for key in ("taken", "nobody", "usd", "free"):
        response = scoped.post("/orders", {"key": key, "amount": 9, "member_id": mine})
        text = str(response.body).replace(key, "…")
        answers.add((response.status, response.kind, text))
    assert len(answers) == 1
    assert {kind for _status, kind, _text in answers} == {"order-not-found"}
    assert Order.objects.count() == 3


def test_verbs_refuse_orders_outside_the_scope(shop: Community, by: Staff) -> None:
    mine, other = factories.members(shop, "mine", "other")
    scope = {"members": {"keys": ["mine"]}}
    scoped = factories.staff(shop, "manager", "eve", scope=scope)
    hidden = factories.order(shop, other, key="o1")
    seen = factories.order(shop, mine, key="o2")
    who: dict[str, Any] = {"community": shop, "by": scoped, "at": LATER}
    verbs: tuple[Callable[[Order], Order], ...] = (
        lambda order: orders.amend(order=order, amount=5, **who),
        lambda order: orders.refund_order(
            order=order, amount=1, refunded_at=LATER, **who
        ),
        lambda order: orders.refund(key=order.key, amount=1, refunded_at=LATER, **who),
        lambda order: orders.refund_up_to(
            key=order.key, total=3, refunded_at=LATER, **who
        ),
    )
    for verb in verbs:
        with pytest.raises(orders.OrderNotFound):
            verb(hidden)
        assert verb(seen).pk == seen.pk


def test_scoped_staff_name_buyers_whom_they_see_only(shop: Community) -> None:
    """Sentences about hidden members are those about unknown ones."""
    factories.member(shop, "mine", identifiers={"phone": "13800000001"})
    factories.member(shop, "shared", channel="wechat")
    factories.member(shop, "shared", channel="wecom")
    factories.member(shop, "other", name="A", identifiers={"phone": "13800009999"})
    factories.member(shop, "third", name="B", identifiers={"email": "b@x.cn"})
    left, right = (
        factories.member(shop, key, identifiers={"phone": "13800008888"})
        for key in ("left", "right")
    )
    people.unmerge(left=left, right=right, by=staff_models.system(shop), at=AT)
    scoped = create_client(shop, role="manager", scope={"members": {"keys": ["mine"]}})

    def answer(path: str, data: dict[str, Any]) -> tuple[int, str]:
        response = scoped.post(path, data)
        text = str(response.body)
        for name in sorted(("other", "13800009999", "13800008888", "b@x.cn", "shared")):
            text = text.replace(name, "nobody")
        return response.status, text.replace("13800007777", "nobody")

    order = {"key": "o1", "amount": 1}
    for known, unknown in (
        ({"phone": "13800009999"}, {"phone": "13800007777"}),
        ({"phone": "13800008888"}, {"phone": "13800007777"}),
        ({"phone": "13800009999", "email": "b@x.cn"}, {"phone": "13800007777"}),
        ({"member_key": "other"}, {"member_key": "nobody"}),
        ({"member_key": "shared"}, {"member_key": "nobody"}),
        ({"member_key": "13800008888"}, {"member_key": "nobody"}),
    ):
        assert answer("/orders", order | known) == answer("/orders", order | unknown)
        hidden, missing = (
            answer("/facts", {"facts": [{"kind": "page.seen", **references}]})
            for references in (known, unknown)
        )
        assert hidden == missing
    for key in ("shared", "13800008888", "other"):
        found = scoped.get(f"/members?key={key}")
        assert (found.status, found.body["items"]) == (200, [])
    create_client(shop).post("/orders", order | {"phone": "13800000001"})
    assert scoped.post("/orders", order | {"phone": "13800000001"}).status == 200


def test_orders_of_another_community_are_not_found(
    shop: Community, api: ApiClient
) -> None:
    path = f"/orders/{api.post('/orders', {'key': 'o1', 'amount': 1}).body['id']}"
    stranger = create_client(factories.community("elsewhere"))
    assert stranger.get("/orders").body["items"] == []
    assert api.get(path).status == 200
    for method, operation, data in (
        ("GET", path, None),
        ("PATCH", path, {"amount": 1}),
        ("POST", f"{path}/refunds", {}),
    ):
        assert stranger.request(method, operation, data).status == 404, operation


def test_decimals_are_texts(shop: Community, api: ApiClient) -> None:
    order = api.post("/orders", {"key": "o1", "amount": "12.00"}).body
    assert (order["amount"], order["amount_decimal"]) == (1_200, "12.00")
    path = f"/orders/{order['id']}"
    amended = api.patch(path, {"amount": "13.50"}).body
    assert (amended["amount"], amended["status"]) == (1_350, "paid")
    refunded = api.post(f"{path}/refunds", {"amount": "3.5"}).body
    assert refunded["refunded_decimal"] == "3.50"
    assert [each["amount"] for each in refunded["refunds"]] == [350]
    for wrong in ("1.234", "-1", "1e3", "twelve", ""):
        assert api.patch(path, {"amount": wrong}).status == 422, wrong
    assert api.get(path).body["amount"] == 1_350
    (paid, *_more) = factories.recorded_facts(shop, "order.paid")
    assert paid[1]["currency"] == "CNY"


def test_buyer_is_found_by_phone_and_corrected(shop: Community, api: ApiClient) -> None:
    first = api.post("/orders", {"key": "o1", "amount": 1, "phone": "138 0013 8001"})
    second = api.post("/orders", {"key": "o2", "amount": 1, "phone": "+8613800138001"})
    assert first.body["member_id"] == second.body["member_id"] is not None
    (other,) = factories.members(shop, "other")
    path = f"/orders/{first.body['id']}"
    assert api.patch(path, {"member_id": other}).body["member_id"] == other
    again = api.post("/orders", {"key": "o1", "amount": 2})
    assert (again.body["member_id"], again.body["amount"]) == (other, 2)


def test_orders_of_two_sources_are_two(api: ApiClient) -> None:
    for source in ("taobao", "shopify"):
        order = {"key": "o1", "amount": 1, "source": source}
        assert api.post("/orders", order).body["source"] == source
    assert len(api.get("/orders?key=o1").body["items"]) == 2
    (one,) = api.get("/orders?key=o1&source=taobao").body["items"]
    assert one["source"] == "taobao"
