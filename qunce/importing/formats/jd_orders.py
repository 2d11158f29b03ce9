"""An order export of 京东, one row per item."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import DETAIL, FileFormat

FORMAT = FileFormat(
    label=_("a JD order export"),
    target="orders",
    recognised_by=(
        "订单号",
        "下单帐号",
        "订单金额",
        "付款确认时间",
    ),
    fields={
        "订单号": "order_key",
        "下单帐号": "member_key",
        "联系电话": "phone",
        "订单状态": "status",
        "付款确认时间": "paid_at",
        "下单时间": DETAIL,
        "结算金额": DETAIL,
        "应付金额": "amount",
        "订单金额": DETAIL,
        "商品ID": "sku",
        "商品名称": "item",
        "订购数量": "quantity",
        "京东价": "price",
        "货号": DETAIL,
        "余额支付": DETAIL,
        "运费金额": "shipping",
        "订单完成时间": DETAIL,
        "客户姓名": DETAIL,
        "客户地址": DETAIL,
    },
)
