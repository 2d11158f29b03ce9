"""From lines to orders to rows, by the million: SQL over Arrow tables.

`quantity × price` is exact here (decimals of six places each); an order's amount is
rounded once, half to even, to its currency's smallest unit. Its items keep quantity and
price as they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

AMOUNT = pa.decimal128(18, 6)
COLUMNS = {
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
"""What each line has, null where the file has no such column."""

ROW = (
    "order_key",
    "account",
    "paid_at",
    "amount",
    "currency",
    "items",
    "details",
    "refunded_at",
    "refunded_amount",
    "payment",
    "refund",
    "lines",
    "lines_without_member",
    "value",
)
STORED, PAYMENT, REFUND = 9, 9, 10
INSERT = """
INSERT INTO sales_order (community_id, key, account_id, paid_at, amount, currency,
    items, details, refunded_at, refunded_amount, source_id) VALUES
"""

NUMBER = "rtrim(rtrim(CAST({0} AS VARCHAR), '0'), '.')"
"""A decimal of six places without the zeros at its end; there is always a point."""


def _member(name: str, value: str, column: str) -> str:
    return f"CASE WHEN {column} IS NULL THEN '' ELSE ',\"{name}\":' || {value} END"


ITEM = (
    "'{' || substr("
    + " || ".join(
        [
            _member("sku", "to_json(sku)", "sku"),
            _member("name", "to_json(item)", "item"),
            _member("category", "to_json(category)", "category"),
            _member("quantity", NUMBER.format("quantity"), "quantity"),
            _member("price", NUMBER.format("price"), "price"),
            _member("amount", NUMBER.format("line_amount"), "line_amount"),
        ]
    )
    + ", 2) || '}'"
)

WHOLE_ITEMS = """
CASE WHEN items IS NULL THEN NULL
    WHEN json_valid(items) THEN CASE WHEN json_type(items) = 'ARRAY' THEN items
        WHEN json_type(items) = 'OBJECT' THEN '[' || items || ']'
        ELSE '[{"name":' || to_json(items) || '}]' END
    ELSE '[{"name":' || to_json(items) || '}]' END
"""


LINES = """
    SELECT *, coalesce(line_amount, price * coalesce(quantity, 1)) AS worth,
        coalesce(sku, item, category) IS NOT NULL
            OR coalesce(quantity, price, line_amount) IS NOT NULL AS is_line
    FROM lines
"""


def orders_of(details: Sequence[str]) -> str:
    """One row an order, of the table `lines`.

    The amount is the one that is given, or the sum of its lines: of those with goods on
    them every line counts, of bare repetitions the first.
    """
    return f"""
    WITH line AS ({LINES}), one AS (
        SELECT order_key, min("row") AS "row", count(*) AS lines,
            arg_min(member_key, "row") AS member_key, min(paid_at) AS paid_at,
            arg_min(currency, "row") AS currency,
            count(*) FILTER (WHERE member_key IS NULL) AS lines_without_member,
            arg_min(amount, "row") AS told, sum(worth) AS lines_worth,
            max(quantity) AS most, arg_min(items, "row") AS items,
            string_agg({ITEM}, ',' ORDER BY "row") FILTER (WHERE is_line) AS goods,
            max(refunded_at) AS refunded_at, max(refunded_amount) AS refunded_amount
            {_details(details)}
        FROM line GROUP BY order_key
    )
    SELECT "row", order_key, member_key, paid_at, currency, lines, lines_without_member,
        paid_at AS first_seen, CAST(coalesce(told, lines_worth) AS DECIMAL(38, 9)) AS total,
        CAST(coalesce(lines_worth, told) AS DECIMAL(38, 9)) AS value,
        coalesce({WHOLE_ITEMS}, '[' || goods || ']') AS items, details,
        refunded_at, refunded_amount,
        coalesce(regexp_matches(order_key, '^[Cc]\\d') AND coalesce(most, told) <= 0, false)
            OR coalesce(told, lines_worth) < 0 AS cancelled
    FROM one ORDER BY order_key
    """  # noqa: S608 - constants, but for the details' escaped names


def _details(names: Sequence[str]) -> str:
    """A JSON object of the further columns: one value, or a list where lines differ."""
    if not names:
        return ", NULL AS details"
    parts = []
    for place, name in enumerate(names):
        key = name.replace("'", "''")
        found = f"list(DISTINCT d{place}) FILTER (WHERE d{place} IS NOT NULL)"
        parts.append(
            f"CASE WHEN count(d{place}) = 0 THEN '' ELSE"
            f" ',' || to_json('{key}') || ':' || CASE WHEN len({found}) = 1"
            f" THEN to_json(({found})[1]) ELSE to_json(list_sort({found})) END END"
        )
    joined = " || ".join(parts)
    return (
        f", CASE WHEN {joined} = '' THEN NULL"
        f" ELSE '{{' || substr({joined}, 2) || '}}' END AS details"
    )


CATEGORIES = """
CASE WHEN items IS NULL THEN '[]' ELSE coalesce(to_json(list_sort(list_distinct(
    list_filter(json_extract_string(items, '$[*].category'),
    lambda one: one IS NOT NULL AND one <> '')))), '[]') END
"""
PAYMENT_OF = f"""
CASE WHEN NOT cancelled THEN '{{"amount":' || paid || ',"categories":' || {CATEGORIES}
    || ',"currency":"' || currency || '","order":' || to_json(order_key) || '}}' END
"""
REFUND_OF = """
CASE WHEN given_back > 0 THEN '{"amount":' || given_back || ',"order":'
    || to_json(order_key) || '}' END
"""


def rows_of(digits: Mapping[str, int]) -> str:
    """The rows to be written, in the order of `ROW`; `digits` of each currency."""
    factor = " ".join(
        f"WHEN '{code}' THEN {10**places}" for code, places in sorted(digits.items())
    )
    units = f"CASE currency {factor} END"
    return f"""
    WITH unit AS (
        SELECT *, {_units("total", units)} AS units,
            {_units("refunded_amount", units)} AS returned
        FROM orders
    ), state AS (
        SELECT *, CASE WHEN cancelled THEN 0 ELSE units END AS paid,
            CASE WHEN cancelled THEN abs(units)
                WHEN returned IS NOT NULL THEN least(abs(returned), units)
                WHEN refunded_at IS NOT NULL THEN units ELSE 0 END AS given_back
        FROM unit
    )
    SELECT order_key, account, paid_at, paid AS amount, currency, items, details,
        CASE WHEN cancelled OR given_back > 0 THEN coalesce(refunded_at, paid_at) END
            AS refunded_at,
        given_back AS refunded_amount, {PAYMENT_OF} AS payment, {REFUND_OF} AS refund,
        lines, lines_without_member, CAST(value * 1000000 AS BIGINT) AS value
    FROM state ORDER BY order_key
    """  # noqa: S608 - currencies are checked to be three letters


def _units(column: str, units: str) -> str:
    """In the smallest unit, halves to even."""
    return f"CAST(round_even(CAST({column} * {units} AS DECIMAL(38, 9)), 0) AS BIGINT)"


def tally(batch: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    """What the report tells of these rows; values in millionths of the currency."""
    with_member = [row for row in batch if row[1] is not None]
    return {
        "lines": sum(row[11] for row in batch),
        "lines_without_member": sum(row[12] for row in batch),
        "orders_without_member": len(batch) - len(with_member),
        "value_millionths": sum(row[13] for row in batch),
        "value_millionths_with_member": sum(row[13] for row in with_member),
    }
