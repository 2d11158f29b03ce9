"""The positioning sheet and the goals of the coffee brand, by language.

Hooks name a source by the key that the words of the simulation have for it.
"""

from __future__ import annotations

from typing import Any

SHEETS: dict[str, dict[str, Any]] = {
    "zh": {
        "product": "社区咖啡店和当周烘焙的咖啡豆：到店一杯，回家一袋。",
        "reason": "豆子烘好不超过 7 天，袋子上写着日期；喝不惯，下次来免费换一款。",
        "pains": [
            "超市的咖啡豆不知道放了多久",
            "在家冲总是又酸又苦",
            "上班路上没时间排队",
        ],
        "hooks": [
            {
                "text": "扫码入群，第一杯免费试",
                "pain": "超市的咖啡豆不知道放了多久",
                "kind": "source",
                "key": "shop",
            },
            {
                "text": "包裹里的冲煮卡：跟着做不会酸",
                "pain": "在家冲总是又酸又苦",
                "kind": "source",
                "key": "parcel",
            },
            {
                "text": "手冲课优先报名",
                "pain": "在家冲总是又酸又苦",
                "kind": "tag",
                "key": "想上手冲课",
            },
            {"text": "群里提前点，到店直接拿", "pain": "上班路上没时间排队"},
        ],
        "leader": "烘豆师老周：做了十二年，每周四在群里讲一支豆子，答不上来的会去查。",
        "values": ["说得清来处", "不劝多买", "记得住人"],
        "say": ["本周烘焙", "喝不惯可以换", "慢慢来"],
        "never_say": [
            {"word": "全网最低", "instead": "本周的价格"},
            {"word": "最好喝", "instead": "很多老客会回购"},
            {"word": "治失眠", "instead": ""},
        ],
        "served": [
            {"circle": "", "region": "上海"},
            {"circle": "奶咖", "region": "上海"},
            {"circle": "手冲", "region": ""},
        ],
    },
    "en": {
        "product": "Coffee shops of the neighbourhood, and beans that were roasted this"
        " week: a cup in the shop, a bag to take home.",
        "reason": "No bag is older than 7 days, and the day is printed on it. If you do"
        " not like it, you get another one next time.",
        "pains": [
            "Nobody knows how old the beans of the supermarket are",
            "At home it turns out sour or bitter",
            "There is no time to queue on the way to work",
        ],
        "hooks": [
            {
                "text": "Scan the code and try the first cup for free",
                "pain": "Nobody knows how old the beans of the supermarket are",
                "kind": "source",
                "key": "shop",
            },
            {
                "text": "The brewing card in the parcel: not sour any more",
                "pain": "At home it turns out sour or bitter",
                "kind": "source",
                "key": "parcel",
            },
            {
                "text": "First choice of seats in the brewing class",
                "pain": "At home it turns out sour or bitter",
                "kind": "tag",
                "key": "wants the class",
            },
            {
                "text": "Order in the group, take it away in the shop",
                "pain": "There is no time to queue on the way to work",
            },
        ],
        "leader": "Joe, who roasts: twelve years at it, tells about one coffee every"
        " Thursday, and looks up what he does not know.",
        "values": [
            "We say where it is from",
            "We sell nobody too much",
            "We know people",
        ],
        "say": ["Roasted this week", "Change it if you like", "Take your time"],
        "never_say": [
            {"word": "cheapest", "instead": "this week's price"},
            {"word": "best coffee in town", "instead": "regulars come back for it"},
            {"word": "cures", "instead": ""},
        ],
        "served": [
            {"circle": "", "region": "Shanghai"},
            {"circle": "milky", "region": "Shanghai"},
            {"circle": "pour-over", "region": ""},
        ],
    },
}
VIEWS: dict[str, tuple[str, tuple[str, str, str]]] = {
    "zh": ("怎么看我们", ("只是一家店", "豆子新鲜", "懂咖啡的朋友")),
    "en": (
        "how they see us",
        ("just a shop", "fresh beans", "friends who know coffee"),
    ),
}
"""Label of the attribute, and the answers of a survey from the coolest on."""
GOALS: dict[str, dict[str, str]] = {
    "zh": {
        "net_sales": "四周净销售额",
        "new_members": "四周新用户",
        "buyers": "上四周下单人数",
    },
    "en": {
        "net_sales": "Net sales of four weeks",
        "new_members": "New members of four weeks",
        "buyers": "Buyers of the four weeks before",
    },
}
"""Metric → the name of its goal."""
