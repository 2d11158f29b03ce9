"""Orders: the list, its totals, and one order."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from qunce.console import http, paging
from qunce.core import errors, json_values, permissions, timestamps
from qunce.importing import import_results
from qunce.importing.jobs import access, jobs
from qunce.importing.jobs.jobs import ImportJob
from qunce.members.accounts import channel_labels, masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.search import export as member_export
from qunce.sales import order_export, order_items, order_states
from qunce.sales import order_list as orders
from qunce.sales import orders as records
from qunce.sales.models import Order
from qunce.sales.order_list import Cursor, OrderFilters

STATE_LABELS = {
    records.PAID: _("not refunded"),
    orders.ANY_REFUND: _("with refunds"),
    records.PARTLY_REFUNDED: _("partly refunded"),
    records.REFUNDED: _("fully refunded"),
}


@http.page()
def order_list(request: http.Request) -> HttpResponse:
    by, at, filters = request.staff, request.at, _parse_filters(request)
    page = orders.page(by=by, at=at, filters=filters, before=_parse_cursor(request))
    buyers = orders.find_buyers(page.orders)
    sources = records.source_names(request.community)
    context = {
        "rows": [_order_row(request, order, buyers, sources) for order in page.orders],
        "states": [
            (key, label, key == filters.state) for key, label in STATE_LABELS.items()
        ],
        "filters": filters,
        "member": _filtered_member(request, filters),
        "import": _find_import(request),
        "next": paging.link(request, before="{}-{}".format(*page.next))
        if page.next
        else "",
        "first": paging.link(request, before=None) if "before" in request.GET else "",
        "totals_query": paging.link(request, before=None),
        "may_export": permissions.may(request.staff, member_export.EXPORT),
    }
    part = "console/sales/_rows.html"
    return http.render(request, "console/sales/list.html", context, part=part)


@http.page()
def order_totals(request: http.Request) -> HttpResponse:
    """Totals of the list, requested after it is shown because all orders are read."""
    filters = _parse_filters(request)
    query: dict[str, Any] = {
        "by": request.staff,
        "filters": filters,
        "at": request.at,
    }
    totals = orders.totals(**query)
    context: dict[str, Any] = {"totals": totals, "list_query": paging.link(request)}
    if totals and any(each.currency != request.community.currency for each in totals):
        context["sales"] = orders.sales(totals=totals, **query)
    part = "console/sales/_totals.html"
    return http.render(request, "console/sales/totals.html", context, part=part)


@require_GET
@http.page(member_export.EXPORT)
def export_orders(request: http.Request) -> HttpResponseBase:
    """The orders of the list as CSV, all pages of it."""
    table = order_export.start(
        by=request.staff, at=request.at, filters=_parse_filters(request)
    )
    response = StreamingHttpResponse(
        table.csv(), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="orders.csv"'
    return response


@http.page()
def order_detail(request: http.Request, pk: int) -> HttpResponse:
    order = orders.get(by=request.staff, pk=pk, at=request.at)
    sources = records.source_names(request.community)
    row = _order_row(request, order, orders.find_buyers([order]), sources)
    parsed = json_values.parse_or_empty(list, order.items)
    items = [
        {
            "name": str(item.get("name") or "–"),
            "category": str(item.get("category") or "–"),
            "quantity": str(item.get("quantity", "–")),
            "amount": order_items.item_amount(item, order.currency),
        }
        for item in parsed
        if isinstance(item, dict)
    ]
    details = json_values.parse_or_empty(dict, order.details)
    context = {
        "row": row,
        "order": order,
        "items": items,
        "has_names": any(item["name"] != "–" for item in items),
        "has_amounts": any(item["amount"] is not None for item in items),
        "details": [(str(name), str(text)) for name, text in details.items()],
        "net_amount": order.amount - order.refunded_amount,
        "refunds": [
            (timestamps.from_micros(moment), amount)
            for moment, amount in order_states.load_refunds(order.refunds)
        ],
    }
    return http.render(request, "console/sales/detail.html", context)


def _find_import(request: http.Request) -> ImportJob | None:
    """Return the import whose orders are listed, if it is only one's."""
    number = paging.parse_number(request, "import")
    if not number:
        return None
    access.check_may_import(request.staff)
    job = jobs.get(request.community, number)
    if import_results.is_too_large(job):
        raise errors.Invalid(str(_("This import wrote too many orders to list them.")))
    return job


def _parse_filters(request: http.Request) -> OrderFilters:
    state = request.GET.get("state", "")
    job, ids = _find_import(request), None
    if job is not None:
        ids = orders.find_ids(request.community, import_results.list_orders(job))
    return OrderFilters(
        state=state if state in STATE_LABELS else "",
        member=paging.parse_number(request, "member") or None,
        source=paging.parse_number(request, "source") or None,
        key=request.GET.get("key", "").replace("\0", "").strip()[:500],
        ids=ids,
    )


def _parse_cursor(request: http.Request) -> Cursor | None:
    # Times before 1970 are negative, so the last dash separates the two.
    paid_at, _dash, pk = request.GET.get("before", "").rpartition("-")
    digits = paid_at.removeprefix("-")
    if not (digits + pk).isascii() or not digits.isdigit() or not pk.isdigit():
        return None
    return (int(paid_at), int(pk)) if len(digits) < 17 and len(pk) < 17 else None


def _filtered_member(
    request: http.Request, filters: OrderFilters
) -> tuple[int, str] | None:
    """Return ID and name of the member whose orders are listed, if it is only one's."""
    if filters.member is None:
        return None
    person_id = account_queries.person_ids([filters.member])[filters.member]
    account = account_models.Account.objects.get(pk=person_id)
    return person_id, _display_name(request, account)


def _order_row(
    request: http.Request,
    order: Order,
    buyers: dict[int, account_models.Account],
    sources: dict[int, str],
) -> dict[str, Any]:
    buyer = buyers.get(order.account_id or 0)
    status = records.status_of(order)
    return {
        "order": order,
        "source": channel_labels.label_of(sources.get(order.source_id, "")),
        "buyer": (buyer.pk, _display_name(request, buyer)) if buyer else None,
        "status_label": records.STATUSES[status],
    }


def _display_name(request: http.Request, account: account_models.Account) -> str:
    return account.name or masking.key(account.key, request.staff)
