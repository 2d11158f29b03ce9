"""SQL that sums lines to orders, and orders to rows, over Arrow tables of any size.

`quantity × price` is exact, as both are decimals of six places. The amount of an order is
rounded once, half to even, to the smallest unit of its currency. Its items keep their
quantities and prices as they are in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

AMOUNT = pa.decimal128(18, 6)
LINE_COLUMNS = {
    "order_key": pa.string(),
    "member_key": pa.string(),
    "paid_at": pa.int64(),
    "amount": AMOUNT,
    "currency": pa.string(),
    "items": pa.string(),
    "refunded_at": pa.int64(),
    "refunded_amount": AMOUNT,
    "sku": pa.string(),
    "item": pa.string(),
    "category": pa.string(),
    "quantity": AMOUNT,
    "price": AMOUNT,
    "line_amount": AMOUNT,
}
"""Columns of every line, null where the file has no such column."""


class OrderRow(NamedTuple):
    """A row of orders with the payloads of its facts, and what the report counts."""

    order_key: str
    account: int | None
    paid_at: int
    amount: int
    currency: str
    items: str | None
    details: str | None
    refunded_at: int | None
    refunded_amount: int
    payment: str | None
    """Payload of the fact that it was paid, None for a cancellation."""
    refund: str | None
    lines: int
    lines_without_member: int
    value: int
    """In millionths of the currency, before rounding."""


STORED_COLUMNS = 9
"""Columns of an OrderRow that `INSERT` takes, after the community."""
INSERT = """
INSERT INTO sales_order (community_id, key, account_id, paid_at, amount, currency,
    items, details, refunded_at, refunded_amount, source_id) VALUES
"""

FORMAT_NUMBER = "rtrim(rtrim(CAST({0} AS VARCHAR), '0'), '.')"
"""A decimal of six places as text, without zeros at its end."""


def _json_member(name: str, value: str, column: str) -> str:
    """Return the SQL of `,"name":value`, empty if the column is null."""
    return f"CASE WHEN {column} IS NULL THEN '' ELSE ',\"{name}\":' || {value} END"


ITEM = (
    "'{' || substr("
    + " || ".join(
        [
            _json_member("sku", "to_json(sku)", "sku"),
            _json_member("name", "to_json(item)", "item"),
            _json_member("category", "to_json(category)", "category"),
            _json_member("quantity", FORMAT_NUMBER.format("quantity"), "quantity"),
            _json_member("price", FORMAT_NUMBER.format("price"), "price"),
            _json_member("amount", FORMAT_NUMBER.format("line_amount"), "line_amount"),
        ]
    )
    + ", 2) || '}'"
)

ITEMS_COLUMN = """
CASE WHEN items IS NULL THEN NULL
    WHEN json_valid(items) THEN CASE WHEN json_type(items) = 'ARRAY' THEN items
        WHEN json_type(items) = 'OBJECT' THEN '[' || items || ']'
        ELSE '[{"name":' || to_json(items) || '}]' END
    ELSE '[{"name":' || to_json(items) || '}]' END
"""


SELECT_LINES = """
    SELECT *, coalesce(line_amount, price * coalesce(quantity, 1)) AS line_value,
        coalesce(sku, item, category) IS NOT NULL
            OR coalesce(quantity, price, line_amount) IS NOT NULL AS is_line
    FROM lines
"""


def select_orders(details: Sequence[str]) -> str:
    """Return the SQL of one row per order, from the table `lines`.

    The total is the given amount of the first line, or the sum of all lines.
    """
    return f"""
    WITH line AS ({SELECT_LINES}), sums AS (
        SELECT order_key, min("row") AS "row", count(*) AS lines,
            arg_min(member_key, "row") AS member_key, min(paid_at) AS paid_at,
            arg_min(currency, "row") AS currency,
            count(*) FILTER (WHERE member_key IS NULL) AS lines_without_member,
            arg_min(amount, "row") AS given, sum(line_value) AS lines_value,
            max(quantity) AS max_quantity, arg_min(items, "row") AS items,
            string_agg({ITEM}, ',' ORDER BY "row") FILTER (WHERE is_line) AS goods,
            max(refunded_at) AS refunded_at, max(refunded_amount) AS refunded_amount
            {_details(details)}
        FROM line GROUP BY order_key
    )
    SELECT "row", order_key, member_key, paid_at, currency, lines, lines_without_member,
        paid_at AS first_seen, CAST(coalesce(given, lines_value) AS DECIMAL(38, 9)) AS total,
        CAST(coalesce(lines_value, given) AS DECIMAL(38, 9)) AS value,
        coalesce({ITEMS_COLUMN}, '[' || goods || ']') AS items, details,
        refunded_at, refunded_amount,
        coalesce(regexp_matches(order_key, '^[Cc]\\d') AND coalesce(max_quantity, given) <= 0, false)
            OR coalesce(given, lines_value) < 0 AS cancelled
    FROM sums ORDER BY order_key
    """  # noqa: S608 - constants, but for the details' escaped names


def _details(names: Sequence[str]) -> str:
    """Return the SQL of a JSON object with further columns; lists where lines differ."""
    if not names:
        return ", NULL AS details"
    parts = []
    for index, name in enumerate(names):
        # A heading is any text of the file, so its quotes are escaped.
        key = name.replace("'", "''")
        distinct = f"list(DISTINCT d{index}) FILTER (WHERE d{index} IS NOT NULL)"
        parts.append(
            f"CASE WHEN count(d{index}) = 0 THEN '' ELSE"
            f" ',' || to_json('{key}') || ':' || CASE WHEN len({distinct}) = 1"
            f" THEN to_json(({distinct})[1]) ELSE to_json(list_sort({distinct})) END END"
        )
    joined = " || ".join(parts)
    return (
        f", CASE WHEN {joined} = '' THEN NULL"
        f" ELSE '{{' || substr({joined}, 2) || '}}' END AS details"
    )


CATEGORIES = """
CASE WHEN items IS NULL THEN '[]' ELSE coalesce(to_json(list_sort(list_distinct(
    list_filter(json_extract_string(items, '$[*].category'),
    lambda name: name IS NOT NULL AND name <> '')))), '[]') END
"""
PAYMENT_OF = f"""
CASE WHEN NOT cancelled THEN '{{"amount":' || paid || ',"categories":' || {CATEGORIES}
    || ',"currency":"' || currency || '","order":' || to_json(order_key) || '}}' END
"""
REFUND_OF = """
CASE WHEN refunded > 0 THEN '{"amount":' || refunded || ',"order":'
    || to_json(order_key) || '}' END
"""


def select_rows(decimals: Mapping[str, int]) -> str:
    """Return the SQL of the columns of OrderRow, from the table `orders`.

    `decimals` are the decimal places of every currency in it.
    """
    factor = " ".join(
        f"WHEN '{code}' THEN {10**places}" for code, places in sorted(decimals.items())
    )
    units = f"CASE currency {factor} END"
    return f"""
    WITH unit AS (
        SELECT *, {_units("total", units)} AS units,
            {_units("refunded_amount", units)} AS refunded_units
        FROM orders
    ), state AS (
        SELECT *, CASE WHEN cancelled THEN 0 ELSE units END AS paid,
            CASE WHEN cancelled THEN abs(units)
                WHEN refunded_units IS NOT NULL THEN least(abs(refunded_units), units)
                WHEN refunded_at IS NOT NULL THEN units ELSE 0 END AS refunded
        FROM unit
    )
    SELECT order_key, account, paid_at, paid AS amount, currency, items, details,
        CASE WHEN cancelled OR refunded > 0 THEN coalesce(refunded_at, paid_at) END
            AS refunded_at,
        refunded AS refunded_amount, {PAYMENT_OF} AS payment, {REFUND_OF} AS refund,
        lines, lines_without_member, CAST(value * 1000000 AS BIGINT) AS value
    FROM state ORDER BY order_key
    """  # noqa: S608 - currencies are checked to be three letters


def _units(column: str, units: str) -> str:
    """Return the SQL of an amount in the smallest unit, rounded half to even."""
    return f"CAST(round_even(CAST({column} * {units} AS DECIMAL(38, 9)), 0) AS BIGINT)"


def count(rows: Sequence[OrderRow]) -> dict[str, int]:
    """Return the counts of the report."""
    with_member = [row for row in rows if row.account is not None]
    return {
        "lines": sum(row.lines for row in rows),
        "lines_without_member": sum(row.lines_without_member for row in rows),
        "orders_without_member": len(rows) - len(with_member),
        "value_millionths": sum(row.value for row in rows),
        "value_millionths_with_member": sum(row.value for row in with_member),
    }
