"""An order export of 有赞, by order or by item."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import DETAIL, FileFormat

FORMAT = FileFormat(
    label=_("a Youzan order export"),
    target="orders",
    recognised_by=(
        "订单号",
        "订单状态",
        "买家付款时间",
        "订单实付金额",
    ),
    fields={
        "订单号": "order_key",
        "买家手机号": "phone",
        "收货人手机号/提货人手机号": "phone",
        "收货人手机号": "phone",
        "订单状态": "status",
        "买家付款时间": "paid_at",
        "订单实付金额": "amount",
        "已退款金额": "refunded_amount",
        "订单已退款金额": "refunded_amount",
        "商品已退款金额": "refunded_amount",
        "商品退款金额": "refunded_amount",
        "商品名称": "item",
        "全部商品名称": "item",
        "商品编码": "sku",
        "规格编码": "sku",
        "商品数量": "quantity",
        "商品单价": "price",
        "商品实际成交金额": "line_amount",
        "商品类目": "category",
        "归属店铺": "shop",
        "订单创建时间": DETAIL,
        "应收订单金额": DETAIL,
        "商品金额合计": DETAIL,
        "运费": "shipping",
        "店铺优惠合计": "discount",
        "订单退款状态": DETAIL,
        "交易成功时间": DETAIL,
        "商品件数": DETAIL,
        "商品种类数": DETAIL,
        "买家姓名": DETAIL,
    },
)
