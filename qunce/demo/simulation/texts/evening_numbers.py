"""Groups of WeChat without an API, and what staff note of the industry."""

from __future__ import annotations

GROUPS = {"zh": "{shop}微信群{number}", "en": "WeChat {shop} {number}"}

Entry = dict[str, str | int | list[str]]
"""The fields of a notebook entry; `ago` is how many days before today it is."""

NOTES: dict[str, tuple[Entry, ...]] = {
    "zh": (
        {
            "kind": "competitor",
            "ago": 3,
            "who": "青禾咖啡",
            "title": "周三第二杯 1 元，只在群里发",
            "text": "晚上 8 点发券，9 点收回。群主先晒单，再发券。",
            "effect": "朋友圈里看到约 60 张晒单，我们群里有 9 人提到。",
            "tags": ["限时券", "新品"],
        },
        {
            "kind": "competitor",
            "ago": 12,
            "who": "半山茶铺",
            "title": "打卡 7 天送杯套",
            "effect": "第三天起每天约 40 人打卡，第六天后明显减少。",
            "tags": ["打卡"],
        },
        {
            "kind": "benchmark",
            "ago": 40,
            "metric": "speaking_share",
            "value": "8",
            "unit": "%",
            "source": "咖啡社群交流会 9 家品牌互报",
            "tags": ["活跃"],
        },
        {
            "kind": "benchmark",
            "ago": 75,
            "metric": "社群券核销率",
            "value": "22.5",
            "unit": "%",
            "source": "商场招商部季度通报",
            "tags": ["优惠券"],
        },
        {
            "kind": "platform_change",
            "ago": 20,
            "title": "外部群每天只能群发一次",
            "text": "超过的消息排到第二天，改由群主手动发。",
            "source": "平台公告",
            "tags": ["企业微信"],
        },
        {
            "kind": "platform_change",
            "ago": -14,
            "title": "群活码有效期改为 30 天",
            "text": "门店台卡要换新码。",
            "source": "平台公告",
            "tags": ["活码"],
        },
    ),
    "en": (
        {
            "kind": "competitor",
            "ago": 3,
            "who": "Greenleaf Coffee",
            "title": "Second cup for 1 yuan on Wednesday, in groups only",
            "text": "A coupon at 8 p.m., void at 9 p.m. The owner posts a photo first.",
            "effect": "About 60 photos in Moments; 9 people spoke of it in our groups.",
            "tags": ["coupon", "new drink"],
        },
        {
            "kind": "competitor",
            "ago": 12,
            "who": "Hillside Tea",
            "title": "A cup sleeve for 7 days of check-in",
            "effect": "About 40 check-ins a day from the third day, few after the sixth.",
            "tags": ["check-in"],
        },
        {
            "kind": "benchmark",
            "ago": 40,
            "metric": "speaking_share",
            "value": "8",
            "unit": "%",
            "source": "nine brands at the coffee community meeting",
            "tags": ["activity"],
        },
        {
            "kind": "benchmark",
            "ago": 75,
            "metric": "Coupons used, of those given out in groups",
            "value": "22.5",
            "unit": "%",
            "source": "quarterly note of the mall",
            "tags": ["coupon"],
        },
        {
            "kind": "platform_change",
            "ago": 20,
            "title": "One broadcast a day in external groups",
            "text": "Further messages wait for the next day; owners post them by hand.",
            "source": "notice of the platform",
            "tags": ["WeCom"],
        },
        {
            "kind": "platform_change",
            "ago": -14,
            "title": "Group QR codes are valid for 30 days",
            "text": "The cards on the tables of the shops need new codes.",
            "source": "notice of the platform",
            "tags": ["QR code"],
        },
    ),
}
