"""Orders: the newest first, one by one, and what they add up to."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from qunce.console import http, paging
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.sales import order_list
from qunce.sales.order_list import Cursor, OrderFilters
from qunce.sales.orders import Order

STATE_LABELS = {
    "unrefunded": _("not refunded"),
    "refunded": _("with refunds"),
    "partly_refunded": _("partially refunded"),
    "fully_refunded": _("fully refunded"),
}


@http.page()
def order_list(request: http.Request) -> HttpResponse:
    by, at, wanted = request.staff, request.at, _parse_filters(request)
    found = order_list.page(by=by, at=at, filters=wanted, before=_parse_cursor(request))
    buyers = order_list.find_buyers(found.orders)
    context = {
        "orders": [_order_row(request, each, buyers) for each in found.orders],
        "states": [(key, words, key == wanted.state) for key, words in STATE_LABELS.items()],
        "wanted": wanted,
        "member": _filtered_member(request, wanted),
        "next": _next_url(request, found.next),
        "first": paging.link(request, before=None) if "before" in request.GET else "",
        "totals_query": paging.link(request, before=None),
    }
    part = "console/sales/_rows.html"
    return http.render(request, "console/sales/orders.html", context, part=part)


@http.page()
def order_totals(request: http.Request) -> HttpResponse:
    """Fetched once the list stands: every order is added up for it."""
    wanted = _parse_filters(request)
    found = order_list.totals(by=request.staff, filters=wanted, at=request.at)
    context = {"totals": found, "back": paging.link(request)}
    part = "console/sales/_totals.html"
    return http.render(request, "console/sales/totals.html", context, part=part)


@http.page()
def order_detail(request: http.Request, pk: int) -> HttpResponse:
    order = order_list.get(by=request.staff, pk=pk, at=request.at)
    row = _order_row(request, order, order_list.find_buyers([order]))
    told = _parse_json(order.items, list)
    items = [_item_row(item) for item in told if isinstance(item, dict)]
    details = _parse_json(order.details, dict)
    context = {
        "row": row,
        "order": order,
        "items": items,
        "named": any(item["name"] != "–" for item in items),
        "priced": any(item["amount"] is not None for item in items),
        "details": [(str(name), str(text)) for name, text in details.items()],
        "left": order.amount - order.refunded_amount,
    }
    return http.render(request, "console/sales/order.html", context)


def _parse_filters(request: http.Request) -> OrderFilters:
    state = request.GET.get("state", "")
    return OrderFilters(
        state=state if state in STATE_LABELS else "",
        member=paging.parse_number(request, "member") or None,
        key=request.GET.get("key", "").replace("\0", "").strip()[:500],
    )


def _parse_cursor(request: http.Request) -> Cursor | None:
    moment, _dash, pk = request.GET.get("before", "").rpartition("-")
    digits = moment.removeprefix("-")
    if not (digits + pk).isascii() or not digits.isdigit() or not pk.isdigit():
        return None
    return (int(moment), int(pk)) if len(digits) < 17 and len(pk) < 17 else None


def _next_url(request: http.Request, cursor: Cursor | None) -> str:
    if cursor is None:
        return ""
    return paging.link(request, before=f"{cursor[0]}-{cursor[1]}")


def _filtered_member(request: http.Request, wanted: OrderFilters) -> tuple[int, str] | None:
    """Of whom these orders are, where one person's are asked for."""
    if wanted.member is None:
        return None
    head = account_queries.person_ids([wanted.member])[wanted.member]
    account = account_models.Account.objects.get(pk=head)
    return head, _display_name(request, account)


def _order_row(
    request: http.Request, order: Order, buyers: dict[int, account_models.Account]
) -> dict[str, Any]:
    buyer = buyers.get(order.account_id or 0)
    state = order_list.refund_state(order)
    return {
        "order": order,
        "buyer": (buyer.pk, _display_name(request, buyer)) if buyer else None,
        "state": state,
        "said": STATE_LABELS[state],
    }


def _display_name(request: http.Request, account: account_models.Account) -> str:
    return account.name or masking.key(account.key, request.staff)


def _parse_json(text: str | None, shape: type) -> Any:
    """What a file told; whatever else lies there is shown as nothing."""
    try:
        found = json.loads(text or "null")
    except ValueError:
        return shape()
    return found if isinstance(found, shape) else shape()


def _item_row(item: dict[str, Any]) -> dict[str, Any]:
    amount = item.get("amount")
    return {
        "name": str(item.get("name") or "–"),
        "category": str(item.get("category") or "–"),
        "quantity": str(item.get("quantity", "–")),
        "amount": amount if isinstance(amount, int) else None,
    }
