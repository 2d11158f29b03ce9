"""Files of the stories of several files."""

from __future__ import annotations

from typing import Any

from tests.cases.terminal import Rows, Terminal

ORDER = ["order_id", "customer_id", "order_date", "total"]
PAID_BY_PHONE = ["订单号", "手机号", "付款时间", "实付金额"]
MEMBERS = [
    ["会员号", "昵称", "手机号", "邮箱"],
    ["M1", "小林", "13800138001", "lin@example.com"],
    ["M2", "小陈", "13800138002", "chen@example.com"],
]


def bring(shop: Terminal, target: str, rows: Rows, *words: str) -> dict[str, Any]:
    return shop.imports(shop.write_table("bring.csv", rows), target, *words)
