"""Sentences as operators write them, with the rule that each means.

Today is 2026-11-25, a Wednesday.
"""

from __future__ import annotations

from typing import Any

Rule = dict[str, Any]


def tag(*keys: str) -> Rule:
    return {"tag": {"any": list(keys)}}


def group(key: str) -> Rule:
    return {"group": {"any": [key]}}


def did(kind: str, **args: Any) -> Rule:
    return {"did": {"kind": kind, **args}}


def bought(**args: Any) -> Rule:
    return did("order.paid", **args)


def never(kind: str, **args: Any) -> Rule:
    return did(kind, times={"eq": 0}, **args)


def reached(**args: Any) -> Rule:
    return {"any": [did("send.delivered", **args), did("send.marked_sent", **args)]}


def both(*rules: Rule) -> Rule:
    return {"all": list(rules)}


def either(*rules: Rule) -> Rule:
    return {"any": list(rules)}


def no(rule: Rule) -> Rule:
    return {"not": rule}


def attr(name: str, **args: Any) -> Rule:
    return {"attr": {"name": name, **args}}


def paid(sign: str, units: int, **args: Any) -> Rule:
    return bought(sum={"field": "amount", sign: units}, **args)


def in_group(key: str) -> Rule:
    return {"group": [key]}


VIP, KOC, OLD = tag("vip"), tag("koc"), tag("old")
THIS_WEEK, THIS_MONTH = {"during": "this week"}, {"during": "this month"}
LAST_WEEK = {"during": "last week"}
LAST_MONTH = {"during": "last month"}
YESTERDAY = {"during": "yesterday"}
JOINED_3 = did("group.joined", where=in_group("g3"))
NEVER_3 = never("group.joined", where=in_group("g3"))
WROTE = "message.posted"

CHINESE: dict[str, Rule] = {
    "半年没买过的 VIP，排除这周已触达的": both(
        never("order.paid", within="180d"), VIP, no(reached(**THIS_WEEK))
    ),
    "最近30天消费超过500元但没进过3群的老客": both(
        paid("gt", 50000, within="30d"), NEVER_3, OLD
    ),
    "VIP": VIP,
    "标签VIP的用户": VIP,
    "VIP 标签的人": VIP,
    "带有“VIP”标签的会员": VIP,
    "不是VIP的": no(VIP),
    "VIP 或 KOC": either(VIP, KOC),
    "VIP、KOC": either(VIP, KOC),
    "VIP且KOC": both(VIP, KOC),
    "VIP 或 KOC，最近一周买过": both(either(VIP, KOC), bought(within="7d")),
    "VIP 标签至少3次的": {"tag": {"any": ["vip"], "depth": {"gte": 3}}},
    "没有任何标签的": {"tag": {"untagged": True}},
    "没有标签的客户": {"tag": {"untagged": True}},
    "没有标签组“价值”": {"tag": {"untagged": "worth"}},
    "在3群但不在5群的": both(group("g3"), no(group("g5"))),
    "3群成员": group("g3"),
    "北店群的VIP": both(group("bei"), VIP),
    "没在3群的": no(group("g3")),
    "进过3群的": JOINED_3,
    "进过3群、5群": did("group.joined", where={"group": ["g3", "g5"]}),
    "未加入3群的VIP": both(NEVER_3, VIP),
    "上周进群的": did("group.joined", **LAST_WEEK),
    "昨天退群的": did("group.left", **YESTERDAY),
    "在3群发言超过5次的": did(WROTE, where=in_group("g3"), times={"gt": 5}),
    "没买过的": never("order.paid"),
    "买过的": bought(),
    "买过3次": bought(times={"eq": 3}),
    "最近30天买过3次以上的VIP": both(bought(times={"gte": 3}, within="30d"), VIP),
    "不到3次购买的": bought(times={"lt": 3}),
    "三个月没下单的老客": both(never("order.paid", within="90d"), OLD),
    "超过90天没买": never("order.paid", within="90d"),
    "两周没发言的3群成员": both(never(WROTE, within="14d"), group("g3")),
    "3个月前买过": bought(before="90d"),
    "上个月下过单的用户": bought(**LAST_MONTH),
    "今天买的": bought(within="1d"),
    "今年付款的": bought(during="this year"),
    "5月1日以来买过": bought(since="2026-05-01"),
    "从5月1日起没有触达": no(reached(since="2026-05-01")),
    "2026年5月1日前买过": bought(before="2026-05-01"),
    "2026-05-01到2026-06-01买过": bought(between=["2026-05-01", "2026-06-01"]),
    "最近24小时发言": did(WROTE, within="24h"),
    "累计消费一千元以上": paid("gte", 100000),
    "消费500以上": paid("gte", 50000),
    "本月消费不超过1.5万元": paid("lte", 1500000, **THIS_MONTH),
    "最近30天，消费超过500元": paid("gt", 50000, within="30d"),
    "客单价超过200元": bought(average={"field": "amount", "gt": 20000}),
    "单笔超过1000块的VIP": both(bought(max={"field": "amount", "gt": 100000}), VIP),
    "买过茶叶没买过咖啡的": both(
        bought(where={"categories": ["茶叶"]}),
        never("order.paid", where={"categories": ["咖啡"]}),
    ),
    "买过茶叶或咖啡的": bought(where={"categories": ["茶叶", "咖啡"]}),
    "爱喝茶但没买过茶叶": both(
        tag("tea-lover"), never("order.paid", where={"categories": ["茶叶"]})
    ),
    "最近30天活跃的": did(WROTE, within="30d"),
    "潜水30天的VIP": both(never(WROTE, within="30d"), VIP),
    "连续7天发言": did(WROTE, days_in_a_row={"gte": 7}),
    "城市是兰州的VIP": both(attr("city", **{"in": ["兰州"]}), VIP),
    "兰州的 VIP": both(attr("city", **{"in": ["兰州"]}), VIP),
    "城市不是兰州": no(attr("city", **{"in": ["兰州"]})),
    "积分大于100的": attr("points", gt=100),
    "积分超过100且生日在本月": both(
        attr("points", gt=100), attr("birthday", anniversary={"during": "this month"})
    ),
    "生日在下周的": attr("birthday", anniversary={"during": "next week"}),
    "未来7天过生日的": attr("birthday", anniversary={"next": "7d"}),
    "没填生日的": attr("birthday", known=False),
    "活跃度超过60": {"score": {"name": "activity", "gt": 60}},
    "我负责的客户": {"staff": {"me": True}},
    "没有人负责的": {"staff": {"nobody": True}},
    "忠实用户里最近30天没买的": both(
        {"segment": {"any": ["loyal"]}}, never("order.paid", within="30d")
    ),
    "高价值": {"layer": {"of": "value", "in": ["high"]}},
    "来自门店的": {"source": {"any": ["shop"]}},
    "入会超过一年": {"joined": {"before": "365d"}},
    "最近7天加入的": {"joined": {"within": "7d"}},
    "最近30天流失的用户": {"with_left": {"left": {"within": "30d"}}},
    "流失的VIP": {"with_left": both(VIP, {"left": {}})},
    "没退订的VIP": both(VIP, no({"opted_out": {"of": "messages"}})),
    "除了VIP以外的老客": both(OLD, no(VIP)),
    "排除VIP和KOC": both(no(VIP), no(KOC)),
    "点过链接但没买的": both(did("send.clicked"), never("order.paid")),
}
ENGLISH: dict[str, Rule] = {
    "tagged vip who have not bought for 90 days, except those reached this week": both(
        VIP, never("order.paid", within="90d"), no(reached(**THIS_WEEK))
    ),
    "vip": VIP,
    "members with the tag VIP": VIP,
    "not vip": no(VIP),
    "vip or koc": either(VIP, KOC),
    "VIP or KOC who bought tea since 1 May": both(
        either(VIP, KOC), bought(where={"categories": ["tea"]}, since="2026-05-01")
    ),
    "no tags": {"tag": {"untagged": True}},
    "in group North shop and not in group 5群": both(group("north"), no(group("g5"))),
    "joined group North shop": did("group.joined", where=in_group("north")),
    "never joined group North shop": never("group.joined", where=in_group("north")),
    "left group North shop in the last 30 days": did(
        "group.left", where=in_group("north"), within="30d"
    ),
    "bought": bought(),
    "never bought": never("order.paid"),
    "bought at least 2 times in the last 30 days": bought(
        times={"gte": 2}, within="30d"
    ),
    "bought exactly three times": bought(times={"eq": 3}),
    "ordered more than 5 times this year": bought(times={"gt": 5}, during="this year"),
    "placed an order yesterday": bought(**YESTERDAY),
    "bought last week": bought(**LAST_WEEK),
    "bought since 2026-05-01": bought(since="2026-05-01"),
    "bought before May 1, 2026": bought(before="2026-05-01"),
    "bought more than 30 days ago": bought(before="30d"),
    "spent more than 500 yuan this month but never joined group 3群": both(
        paid("gt", 50000, **THIS_MONTH), NEVER_3
    ),
    "spent at least ¥1,000": paid("gte", 100000),
    "spent over 500 yuan in the last two weeks": paid("gt", 50000, within="14d"),
    "haven't bought in 3 months": never("order.paid", within="90d"),
    "never bought, not reached this month": both(
        never("order.paid"), no(reached(**THIS_MONTH))
    ),
    "VIP who wrote at least 5 messages in the last 2 weeks": both(
        VIP, did(WROTE, times={"gte": 5}, within="14d")
    ),
    "silent for 30 days": never(WROTE, within="30d"),
    "active in the last 7 days": did(WROTE, within="7d"),
    "clicked a link but did not buy": both(did("send.clicked"), never("order.paid")),
    "got a message today": reached(within="1d"),
    "redeemed a coupon last month": did("coupon.redeemed", **LAST_MONTH),
    "points over 100": attr("points", gt=100),
    "points at most 50": attr("points", lte=50),
    "customers from Lanzhou who spent over 500 yuan": both(
        attr("city", **{"in": ["Lanzhou"]}), paid("gt", 50000)
    ),
    "birthday next month": attr("birthday", anniversary={"during": "next month"}),
    "birthday in the next 7 days": attr("birthday", anniversary={"next": "7d"}),
    "activity under 20": {"score": {"name": "activity", "lt": 20}},
    "segment Regulars who bought tea": both(
        {"segment": {"any": ["regulars"]}}, bought(where={"categories": ["tea"]})
    ),
    "joined in the last 7 days": {"joined": {"within": "7d"}},
    "left in the last 30 days": {"with_left": {"left": {"within": "30d"}}},
    "unsubscribed": {"opted_out": {"of": "messages"}},
    "VIP except unsubscribed": both(VIP, no({"opted_out": {"of": "messages"}})),
    "invited friends in the last 90 days": did("friend.invited", within="90d"),
}

NOT_UNDERSTOOD: dict[str, str] = {
    "神秘用户": "神秘",
    "买过 火星土豆": "火星土豆",
    "公司VIP": "公司",
    "VIP 的朋友": "朋友",
    "最近买过": "最近",
    "活跃的": "活跃",
    "潜水的VIP": "潜水",
    "买过3以上": "3以上",
    "积分兰州": "积分",
    "VIP以外的用户": "以外",
    "买过3次以内": "以内",
    "VIP 超过": "超过",
    "没有，VIP": "没有",
    "或VIP": "或",
    "VIP 或": "或",
    "VIP和KOC": "和",
    "VIP，排除退订的，买过的": "，",
    "VIP且买过或退订": "VIP且买过或退订",
    "VIP且买过或退订且爱喝茶": "且买过或退订且",
    "（VIP 或 KOC": "（",
    "VIP 或 KOC）": "）",
    "（）VIP": "（）",
    "((((((((VIP))))))))": "(",
    "最近30天（VIP 或 KOC）": "最近30天",
    "买过茶叶和咖啡的": "和",
    "沉默30天的": "沉默",
    "沉默超过30天": "沉默",
    "加入30天的": "30天",
    "退订超过30天": "超过30天",
    "买过未来7天": "未来7天",
    "发言超过500元": "超过500元",
    "消费超过500美元": "美",
    "没没买": "没",
    "进过": "进过",
    "城市大于3": "大于3",
    "生日": "生日",
    "vip or koc and bought": "vip or koc and bought",
    "vip and koc": "and",
    "members who like dogs": "like",
    "bought 5 bananas": "bananas",
    "at most 3 orders": "at most 3 orders",
    "in the last 30 days": "last 30 days",
    "vip'; drop table": "'",
    "<script>alert(1)</script>": "<script>alert",
    "隐藏群的成员": "隐藏",
}
"""Each with a part of it that must stay marked."""
