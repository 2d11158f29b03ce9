"""Orders from files: one row an order, or one row a line of an order.

A cancellation is an order whose total is below zero, or whose key begins with C and a
digit and in which nothing was bought. It was paid nothing and refunded something; which
order it takes back, such files do not tell. Orders without a member are kept, without
an account.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.utils.translation import gettext as _

from qunce.importing import registry
from qunce.importing.files import external_sort
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk, Problem, Reading
from qunce.importing.targets import order_sql, order_writer

MOST_LINES = 10_000
"""Lines of one order; more are a mistaken mapping."""


class OrderTarget:
    key = "orders"
    extras = "details"
    required = (("order_key",), ("paid_at",), ("amount", "price", "line_amount"))
    fields = (
        registry.Field(
            "order_key",
            "key",
            "order_id 订单号 订单编号 invoice_no order_number invoice order 交易编号 "
            "单号 basket_id name",
        ),
        registry.Field(
            "member_key",
            "key",
            "customer_id member_id user_id 会员id 用户id 客户id 客户编号 会员编号 买家id 会员号 会员卡号 "
            "买家会员名 买家昵称 buyer_id customer 买家手机号 手机号 收货人手机号 phone email",
        ),
        registry.Field(
            "paid_at",
            "moment",
            "付款时间 支付时间 订单付款时间 买家付款时间 invoice_date paid_time order_date "
            "下单时间 订单创建时间 交易时间 成交时间 created_at date 日期",
        ),
        registry.Field(
            "amount",
            "amount",
            "实付金额 订单实付金额 买家实际支付金额 支付金额 付款金额 订单金额 total order_amount "
            "order_total 总金额 金额 应收金额",
        ),
        registry.Field(
            "currency",
            "key",
            "币种 货币",
        ),
        registry.Field(
            "items",
            "json",
            "商品明细 line_items",
        ),
        registry.Field(
            "refunded_at",
            "moment",
            "退款时间 refund_date 退款成功时间",
        ),
        registry.Field(
            "refunded_amount",
            "amount",
            "退款金额 refund_amount 已退款金额",
        ),
        registry.Field(
            "sku",
            "key",
            "stock_code 商品编码 商品编号 货号 商家编码 product_id item_id 商品id "
            "lineitem_sku",
        ),
        registry.Field(
            "item",
            "text",
            "description 商品名称 商品标题 宝贝标题 商品 product_name item_name product "
            "lineitem_name",
        ),
        registry.Field(
            "category",
            "text",
            "商品类目 类目 品类 分类 商品分类 product_category",
        ),
        registry.Field(
            "quantity",
            "amount",
            "qty 数量 购买数量 商品数量 宝贝数量 件数 lineitem_quantity",
        ),
        registry.Field(
            "price",
            "amount",
            "unit_price 单价 商品单价 价格 商品价格 lineitem_price",
        ),
        registry.Field(
            "line_amount",
            "amount",
            "小计 商品金额 line_total subtotal",
        ),
    )

    def chunks(self, reading: Reading) -> Iterator[ParsedChunk]:
        """Whole orders, sorted by key."""
        if reading.staged is None:
            reading.staged = reading.kept.enter_context(Lines(reading))
            reading.kept.callback(setattr, reading, "staged", None)
        yield from reading.staged.orders()

    def writer(self, job: ImportJob, reading: Reading) -> registry.Writer:
        return order_writer.OrderWriter(job, reading)

    def kinds(self, reading: Reading) -> dict[str, str]:
        return {}


class Lines:
    """All lines of a file, staged and put together by order."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._staged = external_sort.SpillTable(Path(settings.HOME) / "imports")
        self._problems: list[Problem] = []
        self._read = 0

    def __enter__(self) -> Lines:
        details = [
            n for n in self._reading.heading if n.startswith(registry.DETAIL_PREFIX)
        ]
        for chunk in self._reading.pieces():
            self._problems += chunk.problems
            self._read += chunk.read
            self._staged.add(_table(chunk, details))
        return self

    def __exit__(self, *_error: object) -> None:
        self._staged.close()

    def orders(self) -> Iterator[ParsedChunk]:
        read, problems = self._read, self._problems
        for lines in self._staged.sorted(("order_key", "row"), self._reading.chunk):
            orders = external_sort.query(
                order_sql.orders_of(_details(self._reading)), lines=lines
            )
            orders, wrong = _checked(orders, self._reading)
            found = sorted(problems + wrong, key=lambda one: one.row)
            columns = {
                name: orders[name].combine_chunks() for name in orders.column_names
            }
            yield ParsedChunk(columns, np.asarray(orders["row"]), found, read)
            read, problems = 0, []
        if read:
            yield ParsedChunk({}, np.empty(0, dtype=np.int64), problems, read)


def _details(reading: Reading) -> list[str]:
    prefix = registry.DETAIL_PREFIX
    return [n.removeprefix(prefix) for n in reading.heading if n.startswith(prefix)]


def _table(chunk: ParsedChunk, details: list[str]) -> pa.Table:
    """Always the same columns; `d0`, `d1` … are the details."""
    columns: dict[str, pa.Array] = {"row": pa.array(chunk.rows)}
    for field, kind in order_sql.COLUMNS.items():
        columns[field] = chunk.get(field).cast(kind)
    for place, name in enumerate(details):
        columns[f"d{place}"] = chunk.get(name)
    return pa.table(columns)


def _checked(orders: pa.Table, reading: Reading) -> tuple[pa.Table, list[Problem]]:
    """Orders that cannot be taken become problems of their first row."""
    currencies = pc.fill_null(pc.utf8_upper(orders["currency"]), reading.currency)
    place = orders.column_names.index("currency")
    orders = orders.set_column(place, "currency", currencies)
    problems: list[Problem] = []
    bad = np.zeros(orders.num_rows, dtype=bool)
    for flags, field, remedy in _faults(orders):
        wrong = np.asarray(pc.fill_null(flags, pa.scalar(value=False))) & ~bad
        heading = reading.heading.get(field, field)
        for order in orders.filter(pa.array(wrong)).to_pylist():
            key = order["order_key"]
            problems.append(Problem(order["row"], heading, key, remedy))
        bad |= wrong
    return (orders.filter(pa.array(~bad)) if bad.any() else orders), problems


def _faults(orders: pa.Table) -> list[tuple[Any, str, str]]:
    """Which orders are wrong, in which field, and what to do."""
    strange = pc.invert(pc.match_substring_regex(orders["currency"], "^[A-Z]{3}$"))
    return [
        (strange, "currency", _("This is not a currency; write it like CNY.")),
        (
            pc.greater(orders["lines"], MOST_LINES),
            "order_key",
            _(
                "More than 10,000 lines have the same order key as this one. Check "
                "that you chose the right column."
            ),
        ),
        (
            pc.is_null(orders["total"]),
            "amount",
            _(
                "This order has neither an amount nor a price. Every order needs "
                "one of them."
            ),
        ),
        (
            pc.greater(pc.abs(orders["total"]), 10**12),
            "amount",
            _("This amount is too large."),
        ),
    ]
