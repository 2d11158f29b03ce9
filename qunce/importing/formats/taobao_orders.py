"""An order report of 淘宝 and 天猫 (千牛, ExportOrderList)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.importing.format_registry import DETAIL, FileFormat

FORMAT = FileFormat(
    label=_("a Taobao or Tmall order report"),
    target="orders",
    recognised_by=(
        "订单编号",
        "买家会员名",
        "买家实际支付金额",
        "订单状态",
    ),
    fields={
        "订单编号": "order_key",
        "买家会员名": "member_key",
        "联系手机": "phone",
        "订单状态": "status",
        "订单付款时间": "paid_at",
        "买家实际支付金额": "amount",
        "退款金额": "refunded_amount",
        "宝贝标题": "item",
        "店铺名称": "shop",
        "宝贝总数量": DETAIL,
        "总金额": DETAIL,
        "买家应付货款": DETAIL,
        "买家应付邮费": "shipping",
        "订单创建时间": DETAIL,
        "宝贝种类": DETAIL,
        "买家支付宝账号": DETAIL,
        "买家实际支付积分": DETAIL,
        "返点积分": DETAIL,
        "确认收货时间": DETAIL,
        "打款商家金额": DETAIL,
        "联系电话": DETAIL,
    },
)
