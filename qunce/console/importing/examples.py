"""Small files to begin with: their headings are those that are guessed."""

from __future__ import annotations

Rows = list[list[str]]

ROWS: dict[str, dict[str, Rows]] = {
    "members": {
        "en": [
            ["member_key", "name", "phone", "joined_at", "tags", "city"],
            [
                "M1001",
                "Ann Lee",
                "13800138000",
                "2026-03-05",
                "regular;coffee",
                "Xi'an",
            ],
            ["M1002", "Bob Wu", "13900139000", "2026-03-06", "newcomer", "Lanzhou"],
        ],
        "zh-hans": [
            ["会员号", "昵称", "手机号", "注册时间", "标签", "城市"],
            ["M1001", "小红", "13800138000", "2026-03-05", "老客;咖啡", "西安"],
            ["M1002", "小明", "13900139000", "2026-03-06", "新客", "兰州"],
        ],
    },
    "tags": {
        "en": [
            ["member_key", "tag", "depth"],
            ["M1001", "asked the price", "2"],
            ["M1002", "newcomer", "1"],
        ],
        "zh-hans": [
            ["会员号", "标签", "次数"],
            ["M1001", "问过价", "2"],
            ["M1002", "新客", "1"],
        ],
    },
    "memberships": {
        "en": [
            ["group", "member_key", "joined_at", "role"],
            ["Coffee 1", "M1001", "2026-03-05 10:00", "member"],
            ["Coffee 1", "M1002", "2026-03-06 11:30", "member"],
        ],
        "zh-hans": [
            ["群名称", "会员号", "入群时间"],
            ["咖啡一群", "M1001", "2026-03-05 10:00"],
            ["咖啡一群", "M1002", "2026-03-06 11:30"],
        ],
    },
    "orders": {
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
    },
    "facts": {
        "en": [
            ["kind", "member_key", "happened_at", "payload"],
            ["message.posted", "M1001", "2026-03-07 20:15", '{"length": 12}'],
            ["page.viewed", "M1002", "2026-03-08 09:02", '{"page": "menu"}'],
        ],
        "zh-hans": [
            ["事件", "用户", "发生时间", "属性"],
            ["message.posted", "M1001", "2026-03-07 20:15", '{"length": 12}'],
            ["page.viewed", "M1002", "2026-03-08 09:02", '{"page": "menu"}'],
        ],
    },
}


def of(target: str, language: str) -> Rows:
    several = ROWS[target]
    return several.get(language, several["en"])
