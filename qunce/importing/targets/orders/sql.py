"""SQL that sums lines to orders, and orders to rows, over Arrow tables of any size.

`quantity × price` is exact, as both are decimals of six places. The amount of an order is
rounded once, half to even, to the smallest unit of its currency. Its items keep their
quantities and prices as they are in the file.

Most orders are plain: one row with an amount, or goods whose prices are added up. These
are decided here. The lines of all others go to `sales.reconciliation`, which decides
plain orders in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa

AMOUNT = pa.decimal128(18, 6)
REFERENCES = ("member_key", "openid", "unionid", "phone", "email")
"""Columns that name the buyer."""
AMOUNT_COLUMNS = ("amount", "total", "discount", "shipping", "tax", "refunded_amount")
LINE_COLUMNS = {
    "order_key": pa.string(),
    "shop": pa.string(),
    **dict.fromkeys(REFERENCES, pa.string()),
    "member_name": pa.string(),
    "paid_at": pa.int64(),
    **dict.fromkeys(AMOUNT_COLUMNS, AMOUNT),
    "currency": pa.string(),
    "items": pa.string(),
    "refunded_at": pa.int64(),
    "sku": pa.string(),
    "item": pa.string(),
    "category": pa.string(),
    "quantity": AMOUNT,
    "price": AMOUNT,
    "line_amount": AMOUNT,
    "status": pa.string(),
    "meaning": pa.string(),
}
"""Columns of every line, null where the file has no such column."""

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
            # As text, as a number would be of the smallest unit.
            _json_member(
                "amount",
                f"""'"' || {FORMAT_NUMBER.format("line_amount")} || '"'""",
                "line_amount",
            ),
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

# A shop that only the first line of an order names is that of the others, too.
SELECT_LINES = """
    SELECT * REPLACE (CASE WHEN shop IS NULL AND
            min(shop) OVER same_key = max(shop) OVER same_key
            THEN min(shop) OVER same_key ELSE coalesce(shop, '') END AS shop),
        coalesce(line_amount, price * coalesce(quantity, 1)) AS goods,
        coalesce(sku, item, category) IS NOT NULL
            OR coalesce(quantity, price, line_amount) IS NOT NULL AS is_line
    FROM lines WINDOW same_key AS (PARTITION BY order_key)
"""
SELECT_LINES_OF_ONE_SHOP = """
    SELECT * REPLACE ('' AS shop),
        coalesce(line_amount, price * coalesce(quantity, 1)) AS goods,
        coalesce(sku, item, category) IS NOT NULL
            OR coalesce(quantity, price, line_amount) IS NOT NULL AS is_line
    FROM lines
"""
IS_PLAIN = """
    coalesce(min(meaning) = 'sale' AND max(meaning) = 'sale', true)
    AND count(refunded_at) = 0
    AND count(*) FILTER (WHERE refunded_amount <> 0) = 0
    AND count(*) FILTER (WHERE discount <> 0 OR shipping <> 0 OR tax <> 0) = 0
    AND CASE WHEN count(amount) + count(total) > 0
        THEN count(*) = 1 AND coalesce(min(amount) = min(total), true)
        ELSE count(goods) > 0
            AND (min(goods) >= 0 OR min(paid_at) = max(paid_at)) END
"""


# A status that only one line of an order has is that of the others, too.
WITH_MEANINGS = """
    SELECT * REPLACE (coalesce(meaning, CASE WHEN max(meaning) OVER (
        PARTITION BY order_key, shop) IS NULL THEN '{missing}' END) AS meaning)
    FROM ({lines})
"""


def _lines(*, has_shops: bool, missing: str) -> str:
    """`missing` is the meaning of an order without a status; empty for a sale."""
    lines = SELECT_LINES if has_shops else SELECT_LINES_OF_ONE_SHOP
    return WITH_MEANINGS.format(missing=missing, lines=lines) if missing else lines


def select_orders(
    details: Sequence[str],
    *,
    empty: Collection[str] = (),
    has_shops: bool,
    missing: str,
) -> str:
    """Return the SQL of one row per order, from the table `lines`.

    `total` is that of plain orders: the given amount, or the sum of all lines. `empty`
    are columns without any value.
    """
    firsts = ", ".join(
        f"CAST(NULL AS VARCHAR) AS {n}" if n in empty else f'arg_min({n}, "row") AS {n}'
        for n in (*REFERENCES, "member_name", "items")
    )
    given = [n for n in REFERENCES if n not in empty] or REFERENCES[:1]
    # The first of them that is given decides, as a gift has another receiver's phone.
    different = ", ".join(f"min({n}) <> max({n})" for n in given)
    return f"""
    WITH line AS ({_lines(has_shops=has_shops, missing=missing)}), sums AS (
        SELECT order_key, shop, min("row") AS "row", count(*) AS lines, {firsts},
            coalesce(min(paid_at) FILTER (WHERE coalesce(amount, total, goods, 0) >= 0),
                min(paid_at)) AS paid_at,
            min(currency) AS currency, max(currency) AS other_currency,
            coalesce({different}, false) AS names_two_members,
            count(*) FILTER (WHERE coalesce({", ".join(given)}) IS NULL)
                AS lines_without_member,
            coalesce(arg_min(amount, "row"), arg_min(total, "row")) AS given,
            sum(goods) AS goods_value, max(quantity) AS max_quantity,
            max(refunded_at) AS refunded_at,
            string_agg({ITEM}, ',' ORDER BY "row") FILTER (WHERE is_line) AS goods,
            {IS_PLAIN} AS is_plain
            {_details(details)}
        FROM line GROUP BY order_key, shop
    )
    SELECT "row", order_key, shop, {", ".join(REFERENCES)}, member_name, paid_at, currency,
        other_currency, names_two_members, lines, lines_without_member,
        paid_at AS first_seen, is_plain,
        CAST(coalesce(given, goods_value) AS DECIMAL(38, 9)) AS total,
        coalesce({ITEMS_COLUMN}, '[' || goods || ']') AS items, details, refunded_at,
        coalesce(regexp_matches(order_key, '^[Cc]\\d')
                AND coalesce(max_quantity, given) <= 0, false)
            OR coalesce(given, goods_value) < 0 AS cancelled
    FROM sums ORDER BY order_key, shop
    """  # noqa: S608 - constants, but for the details' escaped names


def select_lines_of(*, has_shops: bool, missing: str) -> str:
    """Return the SQL of the lines of orders in the table `wanted`, sorted by order.

    After the index and the row, the columns are the fields of `reconciliation.lines.Line`.
    """
    return f"""
    WITH line AS ({_lines(has_shops=has_shops, missing=missing)})
    SELECT wanted.index, line."row", paid_at, amount, total, goods, is_line, discount,
        shipping, tax, refunded_amount, refunded_at, coalesce(meaning, '')
    FROM line JOIN wanted USING (order_key, shop) ORDER BY wanted.index, line."row"
    """  # noqa: S608 - constants


SELECT_ROWS_OF = """
SELECT order_key, coalesce(shop, '') AS shop, "row" FROM lines
WHERE order_key IN (SELECT order_key FROM wanted) ORDER BY "row"
"""


def select_evidence() -> str:
    """Return the SQL of what columns mean, by all orders of the table `spilled`."""
    return """
    WITH line AS (
        SELECT order_key, coalesce(shop, '') AS shop, coalesce(amount, total) AS value,
            abs(refunded_amount) AS refund, meaning
        FROM spilled
    ), sums AS (
        SELECT count(*) AS lines,
            count(DISTINCT value) FILTER (WHERE value > 0) AS amounts,
            CASE WHEN count(DISTINCT value) FILTER (WHERE value > 0) > 1
                THEN sum(value) FILTER (WHERE value > 0) ELSE max(value) END AS paid,
            count(DISTINCT refund) AS refunds,
            CASE WHEN count(DISTINCT refund) > 1 THEN sum(refund) ELSE max(refund) END
                AS refunded
        FROM line WHERE coalesce(meaning, '') NOT IN ('unpaid', 'cancelled')
            OR (meaning = 'cancelled' AND refund > 0)
        GROUP BY order_key, shop
    )
    SELECT coalesce(bool_or(lines > 1 AND amounts > 1), false),
        coalesce(bool_or(lines > 1 AND refunds > 1), false),
        coalesce(bool_or(paid >= 0 AND refunded > paid), false),
        coalesce(bool_or(paid > 0 AND refunded = paid), false)
    FROM sums
    """


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
CASE WHEN contains(items, 'category') OR contains(items, '\\') THEN
    coalesce(to_json(list_sort(list_distinct(
    list_filter(json_extract_string(items, '$[*].category'),
    lambda name: name IS NOT NULL AND name <> '')))), '[]') ELSE '[]' END
"""
# Most items have no category, which a search for the word shows without parsing them.
# A backslash may be a part of it.
SELECT_TEXTS = f"""
SELECT '{{"amount":' || amount || ',"categories":' || {CATEGORIES}
        || ',"currency":"' || currency || '","order":' || to_json(order_key) || '}}'
        AS payment,
    '[' || to_json(order_key) || ',' || source || ',null,['
        || coalesce(CAST(account AS VARCHAR), 'null') || ',' || paid_at || ',' || amount
        || ',[]]]' AS change
FROM orders
"""  # noqa: S608 - constants
"""The payloads of the payments of orders, and their entries in the undo, if all are new.

DuckDB keeps the order of the rows of a table without being asked.
"""


def select_units(decimals: Mapping[str, int]) -> str:
    """Return the SQL of totals in the smallest unit, rounded half to even.

    `decimals` are the decimal places of every currency in the table `orders`.
    """
    factor = " ".join(
        f"WHEN '{code}' THEN {10**places}" for code, places in sorted(decimals.items())
    )
    return (
        f"SELECT CAST(round_even(CAST(total * CASE currency {factor} END"  # noqa: S608 - codes are three letters
        " AS DECIMAL(38, 9)), 0) AS BIGINT) AS units,"
        " CAST(total * 1000000 AS BIGINT) AS value FROM orders"
    )
