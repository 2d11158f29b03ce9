"""Orders and refunds, in the currency's smallest unit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Field, Router

from qunce.api import members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import money, permissions
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.sales import orders
from qunce.sales.orders import Order

router = Router(auth=RequiresScope("orders"), tags=["orders"])
Amount = Annotated[int, Field(ge=0, le=money.LARGEST, description="1234 is 12.34.")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class Item(schemas.InputSchema):
    category: schemas.ShortText = ""
    name: schemas.ShortText = ""
    quantity: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    amount: Amount | None = None


class OrderGiven(schemas.InputSchema):
    """Whose it is: `member` is a number, `member_key` a key, made where it is new."""

    key: schemas.Key
    amount: Amount
    paid_at: schemas.Timestamp | None = None
    currency: Currency | None = None
    member: schemas.Id | None = None
    member_key: schemas.Key | None = None
    items: Annotated[list[Item], Field(max_length=500)] | None = None
    source: schemas.ShortText = "api"


class OrderChange(schemas.InputSchema):
    amount: Amount


class RefundGiven(schemas.InputSchema):
    """Without an `amount` all that is left is given back."""

    amount: Annotated[int, Field(ge=1, le=money.LARGEST)] | None = None
    refunded_at: schemas.Timestamp | None = None


class OrderShown(schemas.OutputSchema):
    id: int
    key: str
    account: int | None
    member: int | None
    paid_at: datetime
    amount: int
    currency: str
    items: list[dict[str, Any]]
    refunded_at: datetime | None
    refunded_amount: int


def _shown(some: Sequence[Order]) -> list[dict[str, Any]]:
    heads = account_queries.person_ids(one.account_id for one in some if one.account_id)
    return [
        {
            "id": one.pk,
            "key": one.key,
            "account": one.account_id,
            "member": heads.get(one.account_id or 0),
            "paid_at": one.paid_at,
            "amount": one.amount,
            "currency": one.currency,
            "items": json.loads(one.items) if one.items else [],
            "refunded_at": one.refunded_at,
            "refunded_amount": one.refunded_amount,
        }
        for one in some
    ]


def _seen(call: ApiRequest, some: Sequence[Order]) -> list[Order]:
    """Who sees a part of the community sees no orders of unknown people."""
    heads = account_queries.person_ids(one.account_id for one in some if one.account_id)
    seen = visibility.filter_visible(by=call.by, accounts=heads, at=call.at)
    return [one for one in some if heads.get(one.account_id or 0) in seen]


def _order_of(call: ApiRequest, number: int) -> Order:
    there = list(Order.objects.filter(community_id=call.community.pk, pk=number))
    if call.by.scope is not None:
        there = _seen(call, there)
    for order in there:
        return order
    raise orders.UnknownOrder(_("There is no such order."))


@router.get("/orders", response=schemas.Page[OrderShown])
def listed(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=200)] = None,
    member: schemas.Id | None = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """By number, which is the order in which they became known."""
    there = Order.objects.filter(community_id=request.community.pk).order_by("pk")
    if key is not None:
        there = there.filter(key=key)
    if member is not None:
        account = members.account_of(request, member)
        there = there.filter(
            account_id__in=account_queries.account_ids_of_person(account.pk)
        )
    found, more = schemas.paginate(
        lambda start, most: list(there.filter(pk__gt=start)[:most]),
        after=after,
        limit=limit,
        number=lambda order: order.pk,
        keep=None if request.by.scope is None else lambda some: _seen(request, some),
    )
    return {"items": _shown(found), "next": more}


@router.post("/orders", response=OrderShown)
def pay(request: ApiRequest, given: OrderGiven) -> dict[str, Any]:
    """Take an order; one that is known is set to the new amount."""
    permissions.check_may(request.by, orders.RECORD)
    account = _account(request, given)
    if request.by.scope is not None:
        _check_known(request, given.key)
    order = orders.pay(
        community=request.community,
        key=given.key,
        account=account,
        amount=given.amount,
        paid_at=given.paid_at or request.at,
        currency=given.currency or request.community.currency,
        items=[_item(one) for one in given.items or ()],
        source=given.source,
        by=request.by,
        at=request.at,
    )
    return _shown([order])[0]


def _item(item: Item) -> dict[str, Any]:
    return item.model_dump(exclude_unset=True, exclude_none=True)


def _account(call: ApiRequest, given: OrderGiven) -> int | None:
    if given.member is not None:
        return members.account_of(call, given.member).pk
    if given.member_key is None:
        members.check_whole(call)
        return None
    if call.by.scope is not None:
        return visibility.get_by_key(by=call.by, key=given.member_key, at=call.at).pk
    key = accounts.check_key(given.member_key)
    made = accounts.ensure(
        community=call.community,
        keys={key: given.paid_at or call.at},
        source=given.source,
        by=call.by,
        at=call.at,
    )
    return made[key]


def _check_known(call: ApiRequest, key: str) -> None:
    """An order of somebody out of sight is not told of, and not changed."""
    known = Order.objects.filter(community_id=call.community.pk, key=key)
    for order in known:
        _order_of(call, order.pk)


@router.get("/orders/{order}", response=OrderShown)
def one(request: ApiRequest, order: schemas.Id) -> dict[str, Any]:
    return _shown([_order_of(request, order)])[0]


@router.patch("/orders/{order}", response=OrderShown)
def amend(request: ApiRequest, order: schemas.Id, given: OrderChange) -> dict[str, Any]:
    """Set right what was paid."""
    permissions.check_may(request.by, orders.RECORD)
    found = _order_of(request, order)
    orders.amend(
        community=request.community,
        order=found,
        amount=given.amount,
        by=request.by,
        at=request.at,
    )
    found.refresh_from_db()
    return _shown([found])[0]


@router.post("/orders/{order}/refunds", response=OrderShown)
def refund(
    request: ApiRequest, order: schemas.Id, given: RefundGiven
) -> dict[str, Any]:
    """Give back some or all; send an Idempotency-Key, as each one is a refund more."""
    permissions.check_may(request.by, orders.RECORD)
    changed = orders.refund(
        community=request.community,
        key=_order_of(request, order).key,
        amount=given.amount,
        refunded_at=given.refunded_at or request.at,
        by=request.by,
        at=request.at,
    )
    return _shown([changed])[0]
