"""`qunce orders`: what members paid, and what was refunded."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from qunce.cli import base, member_selection, options, output
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation
from qunce.core import communities, money, timestamps
from qunce.members.accounts import masking
from qunce.sales import order_items, order_list, order_states
from qunce.sales import orders as order_store
from qunce.sales.models import Order

PAGE_SIZE = 500

orders = base.Group("orders")


@orders.command("list", help=N_("List orders, the latest first"))
@base.option("--member", metavar="KEY", help=N_("only orders of this member"))
@base.option(
    "--status",
    type=click.Choice(list(order_store.STATUSES)),
    help=N_("only with this status"),
)
@base.option("--source", help=N_("only orders of this source or shop"))
@base.option("--limit", type=int, help=N_("maximum number of orders to list"))
@base.option("--after", metavar="KEY", help=N_("continue after this order"))
@options.pass_invocation
def list_orders(
    invocation: Invocation,
    member: str | None,
    status: str | None,
    source: str | None,
    limit: int | None,
    after: str | None,
) -> None:
    member_id = None
    if member:
        (member_id,) = member_selection.find_accounts(invocation, [member])
    source_id = None
    if source is not None:
        source_id = order_store.find_source(invocation.community, source)
    query = order_list.OrderFilters(
        state=status or "", member=member_id, source=source_id
    )
    cursor = order_list.cursor(_get(invocation, after, source)) if after else None
    records = _load_records(invocation, query, cursor)
    invocation.out.write_list("orders", itertools.islice(records, limit), _format_row)


@orders.command("show", help=N_("Show an order with its items"))
@base.argument("key", help=N_("the order's key"))
@base.option("--source", help=N_("source or shop, if several have this number"))
@options.pass_invocation
def show(invocation: Invocation, key: str, source: str | None) -> None:
    order = _get(invocation, key, source)
    (record,) = _records(invocation, [order])
    record["refunded_at"] = order.refunded_at and order.refunded_at.isoformat()
    record["refunds"] = [
        {
            "refunded_at": timestamps.from_micros(at).isoformat(),
            "amount": money.format_amount(amount, order.currency),
        }
        for at, amount in order_states.load_refunds(order.refunds)
    ]
    record["items"] = [
        item | {"amount": _item_amount(item, order)}
        for item in order_items.load_items(order.items)
    ]
    record["details"] = json.loads(order.details or "{}")
    invocation.out.answer(record, _format_row(record))
    for item in record["items"]:
        name = item.get("name") or item.get("category") or "–"
        invocation.out.line(
            f"  {output.padded(name, 30)} {item.get('quantity', 1)}"
            f" × {item['amount'] or item.get('price') or '–'}"
        )


def _item_amount(item: dict[str, Any], order: Order) -> str | None:
    units = order_items.item_amount(item, order.currency)
    return None if units is None else money.format_amount(units, order.currency)


def _get(invocation: Invocation, key: str, source: str | None) -> Order:
    order = order_store.get(invocation.community, key, source)
    # An order of a member who is not visible is as unknown as one that does not exist.
    return order_list.get(pk=order.pk, **invocation.verb_args)


def _load_records(
    invocation: Invocation,
    query: order_list.OrderFilters,
    cursor: order_list.Cursor | None,
) -> Iterator[dict[str, Any]]:
    while True:
        page = order_list.page(
            filters=query, before=cursor, limit=PAGE_SIZE, **invocation.verb_args
        )
        yield from _records(invocation, page.orders)
        if page.next is None:
            return
        cursor = page.next


def _records(
    invocation: Invocation, found: Sequence[Order]
) -> Iterator[dict[str, Any]]:
    buyers = order_list.find_buyers(found)
    zone = communities.zone(invocation.community)
    sources = order_store.source_names(invocation.community)
    for order in found:
        buyer = buyers.get(order.account_id or 0)
        yield {
            "key": order.key,
            "member_key": masking.key(buyer.key, invocation.by) if buyer else None,
            "paid_at": order.paid_at.astimezone(zone).isoformat(),
            "amount": money.format_amount(order.amount, order.currency),
            "refunded": money.format_amount(order.refunded_amount, order.currency),
            "currency": order.currency,
            "status": order_store.status_of(order),
            "source": sources.get(order.source_id, ""),
        }


def _format_row(record: dict[str, Any]) -> str:
    label = order_store.STATUSES[record["status"]]
    return (
        f"{output.padded(record['key'], 20)} {record['paid_at'][:16]}"
        f"  {output.padded(record['member_key'] or '–', 20)}"
        f" {record['amount']:>12} {record['refunded']:>12} {record['currency']}"
        f" {output.padded(str(label), 15)} {record['source']}"
    ).rstrip()
