"""Imports orders, from files with one row per order or one row per line of an order.

A cancellation is an order whose total is below zero, or whose key begins with C and a
digit and in which nothing was bought. Nothing was paid for it and something refunded;
such files do not name the order it cancels. Orders without a member are stored without
an account.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.importing.target_registry import Field, Target

if TYPE_CHECKING:
    from qunce.importing.jobs import ImportJob
    from qunce.importing.parsing import ParsedChunk
    from qunce.importing.plan import ImportPlan
    from qunce.importing.targets.orders.writer import OrderWriter


class OrderTarget(Target):
    key = "orders"
    label = _("Orders")
    description = _("one order, or one line of an order, per row")
    position = 4
    extras = "details"
    required = (("order_key",), ("paid_at",), ("amount", "price", "line_amount"))
    fields = (
        Field(
            "order_key",
            "key",
            _("Order number"),
            "order_id 订单号 订单编号 invoice_no order_number invoice order 交易编号 "
            "单号 basket_id name",
        ),
        Field(
            "member_key",
            "key",
            _("Member number"),
            "customer_id member_id user_id 会员id 用户id 客户id 客户编号 会员编号 买家id 会员号 会员卡号 "
            "买家会员名 买家昵称 buyer_id customer 买家手机号 手机号 收货人手机号 phone email",
        ),
        Field(
            "paid_at",
            "instant",
            _("Paid at"),
            "付款时间 支付时间 订单付款时间 买家付款时间 invoice_date paid_time order_date "
            "下单时间 订单创建时间 交易时间 成交时间 created_at date 日期",
        ),
        Field(
            "amount",
            "amount",
            _("Amount paid"),
            "实付金额 订单实付金额 买家实际支付金额 支付金额 付款金额 订单金额 total order_amount "
            "order_total 总金额 金额 应收金额",
        ),
        Field(
            "currency",
            "key",
            _("Currency"),
            "币种 货币",
        ),
        Field(
            "items",
            "json",
            _("Items (JSON)"),
            "商品明细 line_items",
        ),
        Field(
            "refunded_at",
            "instant",
            _("Refunded at"),
            "退款时间 refund_date 退款成功时间",
        ),
        Field(
            "refunded_amount",
            "amount",
            _("Amount refunded"),
            "退款金额 refund_amount 已退款金额",
        ),
        Field(
            "sku",
            "key",
            _("Item code"),
            "stock_code 商品编码 商品编号 货号 商家编码 product_id item_id 商品id "
            "lineitem_sku",
        ),
        Field(
            "item",
            "text",
            _("Item name"),
            "description 商品名称 商品标题 宝贝标题 商品 product_name item_name product "
            "lineitem_name",
        ),
        Field(
            "category",
            "text",
            _("Item category"),
            "商品类目 类目 品类 分类 商品分类 product_category",
        ),
        Field(
            "quantity",
            "amount",
            _("Quantity"),
            "qty 数量 购买数量 商品数量 宝贝数量 件数 lineitem_quantity",
        ),
        Field(
            "price",
            "amount",
            _("Unit price"),
            "unit_price 单价 商品单价 价格 商品价格 lineitem_price",
        ),
        Field(
            "line_amount",
            "amount",
            _("Line amount"),
            "小计 商品金额 line_total subtotal",
        ),
    )
    count_labels = {
        "orders": _("new orders"),
        "refunds": _("refunds"),
        "amended": _("amended orders"),
        "lines": _("order lines"),
        "lines_without_member": _("order lines without a member"),
        "orders_without_member": _("orders without a member"),
        "value": _("paid less refunded"),
        "value_with_member": _("of which with a member"),
    }
    examples = {
        "en": [
            [
                "order_id",
                "customer_id",
                "paid_time",
                "total",
                "product_name",
                "quantity",
            ],
            ["A-1", "M1001", "2026-03-07 20:15", "59.00", "Dark roast 500 g", "1"],
            ["A-2", "M1002", "2026-03-08 09:02", "118.00", "Dark roast 500 g", "2"],
        ],
        "zh-hans": [
            ["订单号", "会员号", "付款时间", "实付金额", "商品名称", "数量"],
            ["A-1", "M1001", "2026-03-07 20:15", "59.00", "深烘咖啡豆 500 克", "1"],
            ["A-2", "M1002", "2026-03-08 09:02", "118.00", "深烘咖啡豆 500 克", "2"],
        ],
    }

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        """Yield whole orders, sorted by key."""
        from qunce.importing.targets.orders.lines import OrderLines

        if plan.cache is None:
            # Checking and writing a file both read it, so its lines are sorted once.
            plan.cache = plan.resources.enter_context(OrderLines(plan))
            # The file on disk is deleted with the context, so nothing may point to it
            # afterwards.
            plan.resources.callback(setattr, plan, "cache", None)
        yield from plan.cache.read_orders()

    def writer(self, job: ImportJob, plan: ImportPlan) -> OrderWriter:
        from qunce.importing.targets.orders.writer import OrderWriter

        return OrderWriter(job)


TARGET = OrderTarget()
