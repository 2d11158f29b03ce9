"""What the statuses of orders mean, in the words of shops.

A status decides whether an order is a sale. The mapping of words to meanings is shown
before a file is imported, and staff can change it. A word that is not known is asked.
"""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext_lazy as _

SALE = "sale"
UNPAID = "unpaid"
CANCELLED = "cancelled"
REFUNDED = "refunded"
PARTLY_REFUNDED = "partly_refunded"
MEANINGS = {
    SALE: _("a sale"),
    UNPAID: _("not paid, no sale"),
    CANCELLED: _("cancelled, no sale"),
    REFUNDED: _("a sale that was refunded"),
    PARTLY_REFUNDED: _("a sale that was partly refunded"),
}
NO_SALE = frozenset({UNPAID, CANCELLED})

WORDS = {
    SALE: (
        "交易成功 交易完成 已完成 完成 订单完成 成功 已成交 已付款 买家已付款 "
        "已支付 支付成功 付款成功 等待卖家发货 等待商家发货 "
        "买家已付款等待卖家发货 待发货 等待发货 未发货 备货中 部分发货 "
        "卖家部分发货 已发货 卖家已发货 商家已发货 卖家已发货等待买家确认 "
        "卖家已发货等待买家确认收货 商家已发货等待买家确认收货 等待买家确认收货 "
        "等待买家确认 待收货 已收货 已签收 确认收货 已确认收货 待评价 已评价 "
        "等待出库 待出库 正在出库 已出库 等待确认收货 出库中 配送中 运输中 "
        "待提货 已提货 待自提 已自提 待使用 已使用 已核销 已接单 待接单 已成团 "
        "拼团成功 已成团待发货 待发货已成团 已发货待签收 已发货待收货 退款关闭 "
        "退款取消 无退款 未退款 没有退款 未申请退款 没有申请退款 无售后 退款中 退款处理中 退款申请中 申请退款 售后中 退货中",
        "paid|complete|completed|processing|captured|fulfilled|shipped|"
        "partially fulfilled|partially shipped|delivered|success|successful|"
        "succeeded|settled|payment received|payment accepted|accepted|approved|"
        "awaiting shipment|awaiting fulfillment|awaiting pickup|ready for pickup|"
        "ready to ship|in transit|out for delivery|picked up|sold|done|finished",
    ),
    UNPAID: (
        "等待买家付款 待付款 等待付款 未付款 待支付 未支付 等待支付 定金未付 "
        "尾款未付 定金已付尾款未付 待付尾款 待付定金 等待付款确认 "
        "没有创建支付宝交易 付款以前卖家或买家主动关闭交易 付款超时关闭 超时关闭 "
        "超时未付款 超时取消 未付款关闭 未付款已取消 未支付已取消 支付失败 付款失败 失败",
        "pending|pending payment|payment pending|awaiting payment|"
        "waiting for payment|unpaid|not paid|authorized|on hold|draft|"
        "checkout draft|invoice sent|overdue|requires payment|payment due|"
        "failed|expired|declined|denied|abandoned|timed out|timeout|payment failed|"
        "failed payment",
    ),
    CANCELLED: (
        "交易关闭 已关闭 关闭 交易取消 已取消 取消 订单取消 订单已取消 订单关闭 "
        "订单已关闭 已作废 作废 无效 交易失败 已删除 已拒单 拼团失败 未成团",
        "cancelled|canceled|closed|voided|void|rejected|deleted|trash|"
        "cancelled by buyer|cancelled by seller|canceled by buyer|canceled by seller",
    ),
    REFUNDED: (
        "已退款 退款成功 全部退款 全额退款 全额退款成功 已全额退款 交易退款 "
        "退货退款 退货退款成功 已退货 退货完成 退款完成 "
        "付款以后用户退款成功交易自动关闭 已发货退款成功 未发货退款成功 "
        "已收货退款成功 已签收退款成功 已取消退款成功 已关闭退款成功",
        "refunded|fully refunded|full refund|returned|return completed|reversed|"
        "refund completed",
    ),
    PARTLY_REFUNDED: (
        "部分退款 部分退款成功 已部分退款 部分退货 部分退货退款",
        "partially refunded|partly refunded|partial refund|partially returned",
    ),
}
"""Words by meaning, Chinese ones between spaces and English ones between bars.

An attempt to pay that failed is unpaid: a later one may succeed, so it takes no payment
back. A closed order stays closed, whichever of its files comes first.

They are those of 有赞, 微店, 淘宝/天猫, 京东, 拼多多, 抖店, Shopify and WooCommerce.
"""
REFUND_HEADINGS = "退款状态 售后状态 退货状态 refund_status return_status"
"""Of columns that hold only whether an order was refunded."""
SEPARATORS = re.compile(r"[\s_\-–—.,，、;；:：/()（）\[\]【】!！]+")


def normalise(word: str) -> str:
    """Return the word without case, width, punctuation and the prefix of WooCommerce."""
    plain = unicodedata.normalize("NFKC", word).casefold().strip()
    return SEPARATORS.sub("", plain.removeprefix("wc-"))


_meanings = {
    normalise(word): meaning
    for meaning, (chinese, english) in WORDS.items()
    for word in [*chinese.split(), *english.split("|")]
}


def find_meaning(word: str) -> str:
    """Return the meaning of a word of a shop, empty if it is not known."""
    # 京东 marks orders that were cancelled before they left the warehouse so.
    if normalise(word).startswith("删除"):
        return CANCELLED
    return _meanings.get(normalise(word), "")
