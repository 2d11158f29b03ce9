"""Orders and refunds. Amounts are in the smallest unit of their currency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponseBase, StreamingHttpResponse
from ninja import Field, Router

from qunce.api import exports, members, schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.core import money, permissions, timestamps
from qunce.members.accounts import accounts, resolver
from qunce.members.accounts import queries as account_queries
from qunce.members.people import named_members
from qunce.sales import order_export, order_items, order_list, order_states, orders
from qunce.sales.models import Order

router = Router(auth=RequiresScope("orders"), tags=["orders"])
Amount = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=money.MAX_AMOUNT)]
    | Annotated[str, Field(pattern=r"^\d{1,13}(\.\d{1,3})?$")],
    Field(
        description='1234 is 12.34 in most currencies. A text is a decimal: `"12.34"`.'
    ),
]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Source = Annotated[str | None, Field(max_length=200)]
StatusFilter = Literal["", "paid", "partly_refunded", "refunded", "any_refund"]


class OrderItemIn(schemas.InputSchema):
    category: schemas.ShortText = ""
    name: schemas.ShortText = ""
    quantity: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    amount: Amount | None = None


class OrderIn(schemas.InputSchema):
    """Give `member_id` or what else names the buyer, or nothing for an unknown one.

    An account is created if nobody has the key, phone, e-mail address or UnionID. Orders
    are identified by `source` and `key`.
    """

    key: schemas.Key
    amount: Amount
    paid_at: schemas.Timestamp | None = None
    currency: Currency | None = None
    member_id: schemas.Id | None = None
    member_key: schemas.Key | None = None
    phone: schemas.ShortText | None = None
    email: schemas.ShortText | None = None
    unionid: schemas.ShortText | None = None
    items: Annotated[list[OrderItemIn], Field(max_length=500)] | None = None
    source: schemas.ShortText = "api"


class OrderUpdateIn(schemas.InputSchema):
    """What is left out stays as it is."""

    amount: Amount | None = None
    member_id: schemas.Id | None = None
    paid_at: schemas.Timestamp | None = None


class RefundIn(schemas.InputSchema):
    """Without an `amount`, all that has not been refunded yet is refunded."""

    amount: Amount | None = None
    refunded_at: schemas.Timestamp | None = None


class RefundOut(schemas.OutputSchema):
    refunded_at: datetime
    amount: int


class OrderOut(schemas.OutputSchema):
    """`amount` is before refunds; `status` is paid, partly_refunded or refunded.

    The decimals are the same amounts as texts, such as "12.34".
    """

    id: int
    key: str
    source: str
    status: str
    account_id: int | None
    member_id: int | None
    paid_at: datetime
    amount: int
    amount_decimal: str
    currency: str
    items: list[dict[str, Any]]
    refunded_at: datetime | None
    refunded_amount: int
    refunded_decimal: str
    refunds: list[RefundOut]


def _serialize(request: ApiRequest, rows: Sequence[Order]) -> list[dict[str, Any]]:
    person_ids = account_queries.person_ids(
        order.account_id for order in rows if order.account_id
    )
    sources = orders.source_names(request.community)
    return [
        {
            "id": order.pk,
            "key": order.key,
            "source": sources.get(order.source_id, ""),
            "status": orders.status_of(order),
            "account_id": order.account_id,
            "member_id": person_ids.get(order.account_id or 0),
            "paid_at": order.paid_at,
            "amount": order.amount,
            "amount_decimal": money.format_amount(order.amount, order.currency),
            "currency": order.currency,
            "items": _serialize_items(order),
            "refunded_at": order.refunded_at,
            "refunded_amount": order.refunded_amount,
            "refunded_decimal": money.format_amount(
                order.refunded_amount, order.currency
            ),
            "refunds": [
                {"refunded_at": timestamps.from_micros(at), "amount": amount}
                for at, amount in order_states.load_refunds(order.refunds)
            ],
        }
        for order in rows
    ]


def _serialize_items(order: Order) -> list[dict[str, Any]]:
    items = [dict(item) for item in order_items.load_items(order.items)]
    for item in items:
        if "amount" in item:
            item["amount"] = order_items.item_amount(item, order.currency)
    return items


def _units(amount: int | str, currency: str) -> int:
    """Return an amount in the smallest unit; raises InvalidMoney if it has none so small."""
    return money.parse_units(amount, currency) if isinstance(amount, str) else amount


def _get_order(request: ApiRequest, order_id: int) -> Order:
    return order_list.get(by=request.by, pk=order_id, at=request.at)


class TotalsOut(schemas.OutputSchema):
    """Sums in the smallest unit of `currency`: `paid` is before refunds, `net` after."""

    currency: str
    orders: int
    paid: int
    refunded: int
    net: int


class OrderTotalsOut(schemas.OutputSchema):
    """`by_currency` is null where a scope has too many members to add them up.

    `total` is in the community's currency, without what is `left_out` for want of an
    exchange rate. Orders of people who work here count only in those of one member.
    """

    by_currency: list[TotalsOut] | None
    total: TotalsOut | None
    left_out: list[TotalsOut]


@router.get("/orders/totals", response=OrderTotalsOut)
def get_totals(
    request: ApiRequest,
    member_id: schemas.Id | None = None,
    source: Source = None,
    status: StatusFilter = "",
) -> dict[str, Any]:
    """Add up the orders that the staff member sees, by currency and in all."""
    query: dict[str, Any] = {"by": request.by, "at": request.at}
    filters = _filters(request, member_id, source, status)
    by_currency = order_list.totals(filters=filters, **query)
    if by_currency is None:
        return {"by_currency": None, "total": None, "left_out": []}
    sales = order_list.sales(filters=filters, totals=by_currency, **query)
    return {
        "by_currency": by_currency,
        "total": sales.total,
        "left_out": sales.left_out,
    }


@router.get(
    "/orders/export",
    response={200: None},
    auth=RequiresScope("orders", shows_members=True),
    openapi_extra=exports.describe_file("CSV with one row an order", "text/csv"),
)
def export_orders(
    request: ApiRequest,
    member_id: schemas.Id | None = None,
    source: Source = None,
    status: StatusFilter = "",
) -> HttpResponseBase:
    """Export the orders that the staff member sees as CSV, the newest first."""
    filters = _filters(request, member_id, source, status)
    table = order_export.start(by=request.by, at=request.at, filters=filters)
    return StreamingHttpResponse(table.csv(), content_type="text/csv; charset=utf-8")


def _filters(
    request: ApiRequest, member_id: int | None, source: str | None, status: str
) -> order_list.OrderFilters:
    if member_id is not None:
        member_id = members.get_account(request, member_id).pk
    source_id = (
        None if source is None else orders.find_source(request.community, source)
    )
    return order_list.OrderFilters(state=status, member=member_id, source=source_id)


@router.get("/orders", response=schemas.Page[OrderOut])
def list_(
    request: ApiRequest,
    key: Annotated[str | None, Field(max_length=200)] = None,
    member_id: schemas.Id | None = None,
    source: Annotated[str | None, Field(max_length=200)] = None,
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List orders by id, which is the order in which they were recorded.

    Orders of different sources may have the same key; `source` chooses one.
    Staff who see only part of the community do not see orders of unknown buyers.
    """
    query = Order.objects.filter(community_id=request.community.pk).order_by("pk")
    if key is not None:
        query = query.filter(key=key)
    if source is not None:
        query = query.filter(source_id=orders.find_source(request.community, source))
    if member_id is not None:
        account = members.get_account(request, member_id)
        account_ids = account_queries.account_ids_of_person(account.pk)
        query = query.filter(account_id__in=account_ids)
    page, more = schemas.paginate_rows(
        query,
        after=after,
        limit=limit,
        filter_visible=members.visible_filter(request, lambda order: order.account_id),
    )
    return {"items": _serialize(request, page), "next": more}


@router.post("/orders", response=OrderOut)
def record(request: ApiRequest, data: OrderIn) -> dict[str, Any]:
    """Record a paid order.

    If the source has an order with this key, its amount is corrected, and its member and
    its time of payment if they are given. Staff who see only part of the community
    correct orders of the members whom they see, and record no new ones.
    """
    permissions.check_may(request.by, orders.WRITE)
    currency = data.currency or request.community.currency
    amount = _units(data.amount, currency)
    account_id = _resolve_account(request, data)
    order = orders.record_payment(
        community=request.community,
        key=data.key,
        account=account_id,
        amount=amount,
        paid_at=data.paid_at,
        currency=currency,
        items=[_parse_item(item, currency) for item in data.items or ()],
        source=data.source,
        by=request.by,
        at=request.at,
    )
    return _serialize(request, [order])[0]


def _parse_item(item: OrderItemIn, currency: str) -> dict[str, Any]:
    fields = item.model_dump(exclude_unset=True, exclude_none=True)
    if "amount" in fields:
        fields["amount"] = _units(fields["amount"], currency)
    return fields


def _resolve_account(request: ApiRequest, data: OrderIn) -> int | None:
    """Return the account of the buyer, created if need be, or None if it is unknown."""
    if data.member_id is not None:
        return members.get_account(request, data.member_id).pk
    references = {
        kind: text
        for kind in (resolver.MEMBER_KEY, "phone", "email", "unionid")
        if (text := getattr(data, kind)) is not None
    }
    if not references:
        # Staff with a scope could not see the order of an unknown buyer that they have
        # just recorded.
        accounts.check_may_add(request.by)
        return None
    if request.by.scope is not None:
        return named_members.get_by_references(
            by=request.by, references=references, at=request.at
        ).pk
    return resolver.find_or_create(
        community=request.community,
        references=references,
        seen_at=data.paid_at or request.at,
        source=data.source,
        by=request.by,
        at=request.at,
    )


@router.get("/orders/{order_id}", response=OrderOut)
def get(request: ApiRequest, order_id: schemas.Id) -> dict[str, Any]:
    """Get an order."""
    return _serialize(request, [_get_order(request, order_id)])[0]


@router.patch("/orders/{order_id}", response=OrderOut)
def update(
    request: ApiRequest, order_id: schemas.Id, data: OrderUpdateIn
) -> dict[str, Any]:
    """Correct the paid amount, the member or the time of payment of an order."""
    permissions.check_may(request.by, orders.WRITE)
    order = _get_order(request, order_id)
    account = None
    if data.member_id is not None:
        account = members.get_account(request, data.member_id).pk
    order = orders.amend(
        community=request.community,
        order=order,
        amount=None if data.amount is None else _units(data.amount, order.currency),
        account=account,
        paid_at=data.paid_at,
        by=request.by,
        at=request.at,
    )
    return _serialize(request, [order])[0]


@router.post("/orders/{order_id}/refunds", response=OrderOut)
def refund(request: ApiRequest, order_id: schemas.Id, data: RefundIn) -> dict[str, Any]:
    """Refund an order, in part or in full.

    Send an `Idempotency-Key`, as each request is another refund.
    """
    permissions.check_may(request.by, orders.WRITE)
    order = _get_order(request, order_id)
    order = orders.refund_order(
        community=request.community,
        order=order,
        amount=None if data.amount is None else _units(data.amount, order.currency),
        refunded_at=data.refunded_at or request.at,
        by=request.by,
        at=request.at,
    )
    return _serialize(request, [order])[0]
