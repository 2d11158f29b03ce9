"""An order export of 微店."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import DETAIL, FileFormat

FORMAT = FileFormat(
    label=_("a Weidian order export"),
    target="orders",
    recognised_by=(
        "订单编号",
        "订单状态",
        "收件人手机",
        "订单总价",
    ),
    fields={
        "订单编号": "order_key",
        "买家手机号": "phone",
        "收件人手机": "phone",
        "订单状态": "status",
        "付款时间": "paid_at",
        "下单时间": "paid_at",
        "实付金额": "amount",
        "订单总价": "total",
        "退款金额": "refunded_amount",
        "商品名称": "item",
        "商品编码": "sku",
        "商品数量": "quantity",
        "购买数量": "quantity",
        "商品单价": "price",
        "商品总价": DETAIL,
        "运费": "shipping",
        "优惠金额": "discount",
        "收件人姓名": DETAIL,
    },
)
