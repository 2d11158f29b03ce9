"""Imports orders, from files with one row per order or one row per line of an order.

What the rows of an order say is decided by `sales.reconciliation`, and what they change in
a stored order by `sales.order_changes`. Orders without a member are stored without an
account. A cancellation of an order that is not known is stored as a refund without a
payment: its total is below zero, or its key begins with C and a digit and nothing was
bought.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qunce.core import batch_writes, db, money, names
from qunce.importing.accounts import reference_fields
from qunce.importing.plan.questions import InvalidAnswer
from qunce.importing.target_registry import Access, Field, Target
from qunce.sales import order_statuses, orders

if TYPE_CHECKING:
    from qunce.importing.jobs.jobs import ImportJob
    from qunce.importing.plan.plan import ImportPlan
    from qunce.importing.rows.parsing import ParsedChunk
    from qunce.importing.targets.orders.writer import OrderWriter

MAX_NAME_LENGTH = 200
PAUSE_SECONDS = 0.003
"""Shorter than usual: others look for the lock every millisecond or two."""


def _amount(name: str, label: object, headings: str) -> Field:
    return Field(name, "amount", label, headings, is_money=True)  # type: ignore[arg-type]


class OrderTarget(Target):
    key = "orders"
    label = _("Orders")
    description = _("one order, or one line of an order, per row")
    position = 4
    access = Access(orders.WRITE, "orders:write")
    extras = "details"
    whole_by = "order_key"
    required = (
        ("order_key",),
        ("paid_at",),
        ("amount", "total", "price", "line_amount"),
    )
    fields = (
        Field(
            "order_key",
            "key",
            _("Order number"),
            "order_id 订单号 订单编号 invoice_no order_number order_no 订单id 订单流水号 invoice "
            "invoice_number 交易编号 交易号 交易单号 主订单编号 父订单号 子订单号 流水号 "
            "交易流水号 小票号 单据号 单据编号 销售单号 单号 receipt_no receipt_number receipt_id "
            "receipt transaction_id transaction_no sales_order order_reference order_ref "
            "basket_id bill_no order",
        ),
        Field(
            "member_key",
            "key",
            _("Member number"),
            "customer_id member_id user_id 会员id 用户id 客户id 客户编号 会员编号 买家id 会员号 会员卡号 "
            "会员卡 买家会员名 买家昵称 买家账号 buyer_id customer_no customer_number member_no "
            "customer",
        ),
        Field(
            "phone",
            "phone",
            _("Phone"),
            # Without those of receivers, who may be anybody.
            reference_fields.PHONES,
        ),
        Field("email", "email", _("E-mail"), reference_fields.EMAILS),
        Field("unionid", "unionid", _("UnionID"), "union_id 微信unionid"),
        # Without headings: the names in files of orders are often those of receivers.
        Field(
            "member_name",
            "text",
            _("Name of a new member"),
            normalise=lambda text: names.clean(text)[:MAX_NAME_LENGTH] or None,
        ),
        Field(
            "shop",
            "text",
            _("Shop"),
            "店铺 店铺名称 店铺名 归属店铺 下单店铺 shop_name store store_name 门店 门店名称 "
            "销售渠道 sales_channel",
        ),
        Field(
            "status",
            "text",
            _("Status"),
            "order_status 订单状态 financial_status payment_status 交易状态 状态 支付状态 付款状态 "
            "state",
            last_headings=order_statuses.REFUND_HEADINGS,
        ),
        Field(
            "paid_at",
            "instant",
            _("Paid at"),
            "付款时间 支付时间 订单付款时间 买家付款时间 付款确认时间 payment_time payment_date "
            "date_paid paid_date paid_on invoice_date paid_time order_date 下单时间 订单创建时间 "
            "交易时间 成交时间 交易日期 订单日期 消费时间 order_time created_at transaction_date "
            "purchase_date date_created date datetime 日期 时间",
        ),
        _amount(
            "amount",
            _("Amount paid"),
            "实付金额 订单实付金额 买家实际支付金额 实际支付金额 实收金额 支付金额 付款金额 实付款 实付 "
            "实收 amount_paid paid_amount paid 订单金额 order_amount 应付金额 总金额 订单总价 "
            "消费金额 交易金额 销售额 sales 金额 应收金额 price_paid",
        ),
        _amount(
            "total",
            _("Order total"),
            "order_total total_amount grand_total total_price total_paid 订单总额 订单总金额 "
            "合计 总计 总价",
        ),
        _amount(
            "discount",
            _("Discount"),
            "discount_amount total_discount discounts 优惠金额 折扣金额 订单优惠 优惠合计 优惠 折扣 "
            "cart_discount discount_total 店铺优惠合计",
        ),
        _amount(
            "shipping",
            _("Shipping"),
            "shipping_cost shipping_total shipping_amount shipping_fee 运费 邮费 运费金额 "
            "买家应付邮费 配送费 freight delivery_fee postage",
        ),
        _amount(
            "tax",
            _("Tax"),
            "taxes tax_amount tax_total order_tax 税费 税额 税金 total_tax vat",
        ),
        Field(
            "currency",
            "key",
            _("Currency"),
            "币种 货币 currency_code order_currency 货币单位",
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
            "退款时间 refund_date 退款成功时间 refund_time refunded_on 退款日期",
        ),
        _amount(
            "refunded_amount",
            _("Amount refunded"),
            "退款金额 refund_amount 已退款金额 amount_refunded refunded refund refund_total "
            "total_refunded refunded_total 订单已退款金额 退货金额 退款总额 退款",
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
        _amount(
            "price",
            _("Unit price"),
            "unit_price 单价 商品单价 价格 商品价格 lineitem_price item_price",
        ),
        _amount(
            "line_amount",
            _("Line amount"),
            "小计 商品金额 商品小计 line_total lineitem_total item_total line_subtotal",
        ),
    )
    count_labels = {
        "orders": _("new orders"),
        "refunds": _("refunds"),
        "amended": _("amended orders"),
        "skipped": _("orders that are no sale"),
        "suppressed": _("new orders of erased people, without a member"),
        "lines": _("order lines"),
        "lines_without_member": _("order lines without a member"),
        "orders_without_member": _("orders without a member"),
        "closed_before": _("new orders that an earlier file has closed, refunded"),
        "net_amounts": _("amounts that were net of refunds"),
        "rows_new": _("rows of new orders"),
        "rows_changed": _("rows of amended orders"),
        "rows_known": _("rows of known orders"),
        "rows_skipped": _("rows of orders that are no sale, or of no data"),
        "rows_suppressed": _("rows of orders of erased people"),
        "value": _("paid less refunded"),
        "value_with_member": _("of which with a member"),
    }
    money_labels = {
        "paid": _("paid, in %(currency)s"),
        "refunded": _("refunded, in %(currency)s"),
        "net": _("net, in %(currency)s"),
    }
    """Labels of counts such as `paid:CNY`."""
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

    @property
    def required_in_rows(self) -> tuple[tuple[str, ...], ...]:
        """Only the key: exports give the rest of an order in its first row alone."""
        return (("order_key",),)

    def count_label(self, name: str) -> str:
        part, _colon, currency = name.partition(":")
        if part in self.money_labels and currency:
            return str(self.money_labels[part]) % {"currency": currency}
        return super().count_label(name)

    def ask(self, plan: ImportPlan) -> None:
        """Ask what the signs of currencies and the words of the status mean."""
        from qunce.importing.targets.orders import order_questions

        currency = plan.options.currency
        if currency not in money.CURRENCIES:
            raise InvalidAnswer(
                gettext("“%(currency)s” is not a currency. Write a code such as USD.")
                % {"currency": currency}
            )
        if not set(plan.mapping.values()) & set(reference_fields.NAMES):
            plan.notes.append(
                gettext(
                    "No column says who bought, so these orders will have no member."
                )
            )
        order_questions.ask_signs(plan)
        order_questions.ask_statuses(plan)
        order_questions.ask_missing_statuses(plan)
        order_questions.ask_refund_statuses(plan)

    def chunks(self, plan: ImportPlan) -> Iterator[ParsedChunk]:
        """Yield whole orders, sorted by key."""
        from qunce.importing.accounts import account_resolver
        from qunce.importing.targets.orders.lines import OrderLines

        if plan.cache is None:
            # Checking and writing a file both read it, so its lines are sorted once.
            plan.cache = plan.resources.enter_context(OrderLines(plan))
            # The file on disk is deleted with the context, so nothing may point to it
            # afterwards.
            plan.resources.callback(setattr, plan, "cache", None)
        # The first chunk has all problems of lines.
        yield from account_resolver.check_chunks(
            plan, plan.cache.read_orders(), key_wins=True
        )

    def names_members(self, plan: ImportPlan, chunk: ParsedChunk) -> Sequence[bool]:
        """Only sales: whoever did not pay does not become a member by the order."""
        sales = plan.cache.decided.sales()
        return [bool(sales[index]) for index in chunk.columns["index"].to_pylist()]

    def batch_sizer(self) -> batch_writes.BatchSizer:
        return batch_writes.BatchSizer(
            max_rows=(1 if db.is_postgresql() else 2) * batch_writes.MAX_ROWS,
            min_rows=3 * batch_writes.MIN_ROWS,
            pause_seconds=PAUSE_SECONDS,
            tends_log=True,
        )

    def writer(self, job: ImportJob, plan: ImportPlan) -> OrderWriter:
        from qunce.importing.targets.orders.writer import OrderWriter

        return OrderWriter(job, plan)


TARGET = OrderTarget()
