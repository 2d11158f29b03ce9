"""The words that people use when they say whom they mean, in Chinese and English.

Each word stands for one thing only. What is not listed here, and is no name of the
community's, is not understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REACHED = ("send.delivered", "send.marked_sent")
"""A member is reached by a message that was delivered or that staff marked as sent."""


@dataclass(frozen=True)
class Verb:
    """`kinds` are kinds of facts, any of which will do.

    `with_group` are those that it means with a group as its object. `clause` is the
    clause that it stands for without one. `is_money` is whether a bare number is money.
    """

    kinds: tuple[str, ...] = ()
    with_group: tuple[str, ...] = ()
    clause: str = ""
    is_money: bool = False
    is_negative: bool = False
    needs_span: bool = False


def _verb(kind: str, **options: Any) -> Verb:
    # In a group something can be bought or written, too.
    return Verb((kind,), with_group=(kind,), **options)


VERBS: dict[Verb, str] = {
    _verb(
        "order.paid"
    ): "买 购买 来买 来买过 下 下过 下了 下单 下过单 付款 付过款 支付 成交 bought buy buys ordered placed"
    " purchased paid|placed an order|paid an order",
    _verb("order.paid", is_negative=True): "|bought nothing",
    _verb(
        "order.paid", is_money=True
    ): "消费 消费金额 消费额 消费总额 花 花了 花费 spent spend",
    _verb(
        "order.refunded"
    ): "退款 退货 退过款 退过货 refunded|was refunded|were refunded",
    Verb(
        REACHED
    ): "触达 收到消息 收到过消息 收到群发 收到过群发 被触达 reached contacted messaged"
    "|got a message|received a message|got messages|was reached|were reached",
    _verb(
        "send.clicked"
    ): "点击 点链接 点过链接 点了链接 点击链接 点击了链接 点击过链接 点开链接 点过消息 clicked"
    "|clicked a link|clicked links",
    _verb(
        "message.posted"
    ): "发言 发过言 说话 说过话 发消息 发过消息 聊天 冒泡 wrote posted talked"
    "|wrote a message|posted a message|wrote messages",
    _verb("message.posted", is_negative=True): "一言不发|wrote nothing|said nothing",
    _verb("message.posted", needs_span=True): "活跃 active",
    _verb(
        "message.posted", is_negative=True, needs_span=True
    ): "沉默 潜水 silent inactive",
    Verb(
        with_group=("group.joined",), kinds=("group.joined",)
    ): "进群 入群 加群 新进群 进过群 入过群 加过群|joined a group|joined groups",
    Verb(with_group=("group.joined",)): "进 新进 刚进 进过 进入 进入过 entered",
    Verb(with_group=("group.joined",), clause="joined"): "加入 加入过 joined join",
    Verb(clause="joined"): "加入社群 入会 注册|joined the community",
    Verb(with_group=("group.left",), kinds=("group.left",)): "退群 退过群|left a group"
    "|left groups",
    Verb(with_group=("group.left",), clause="left"): "离开 离开过 退出 退出过 left",
    Verb(clause="left"): "流失 离开社群|left the community",
    Verb(clause="opted_out"): "退订 unsubscribed|opted out",
    _verb(
        "friend.invited"
    ): "邀请 邀请好友 邀请过好友 邀请朋友 邀请过朋友 邀请人 拉新 拉人 邀请过人 invited|invited somebody"
    "|invited friends|invited a friend",
    _verb("content.shared"): "分享 转发 shared",
    _verb("complaint.made"): "投诉 投诉过 complained",
    _verb("price.asked"): "问价 问过价 询价|asked the price|asked for the price",
    _verb(
        "coupon.redeemed"
    ): "核销 用券 用过券 核销优惠券 核销过优惠券 redeemed|redeemed a coupon"
    "|used a coupon",
    _verb("benefit.taken"): "领福利 领过福利|took a benefit",
    _verb("feedback.given"): "提建议 提过建议|sent a suggestion|gave feedback",
    _verb(
        "product.clicked"
    ): "点商品 看商品 点过商品 看过商品 点击商品|clicked a product|looked at a product",
}
MARKERS = {
    "tag": "标签 打标 tag tags tagged|with the tag",
    "tag_group": "标签组|tag group",
    "group": "群 群聊 group groups",
    "segment": "人群 segment segments",
    "frozen": "人群快照|frozen segment",
    "layer": "分层 层级 层 layer layers",
    "source": "来源 来自 来的 渠道|came from|joined through source|came through",
    "staff": "归属员工 归属 负责人|in charge of|staff in charge",
    "category": "品类 类目 商品 category categories product products",
    "attr": "属性 attribute",
    "score": "评分 score scores",
}
"""Words that say what kind of thing a name is of."""
SIGNS = {
    "gt": "超过 大于 多于 高于 不止 不只 over above|more than",
    "gte": "至少 满 达 达到 不少于 不低于 不小于|at least|no less than",
    "lte": "不超过 最多 至多 不多于 不高于 不大于|at most|up to|no more than",
    "lt": "少于 小于 低于 不到 不足 under below|less than|fewer than",
    "eq": "正好 刚好 恰好 等于 只 仅 exactly only just",
}
SIGNS_AFTER = {
    "gte": "以上 及以上 起步|or more|or over",
    "lte": "以下 及以下|or less|or fewer",
}
UNITS = {
    "day": "天 日 day days",
    "week": "周 星期 礼拜 个星期 个礼拜 week weeks",
    "month": "月 个月 month months",
    "quarter": "季度 个季度 quarter quarters",
    "year": "年 year years",
    "hour": "小时 个小时 hour hours",
    "times": "次 单 笔 回 条 个 个好友 位好友 个朋友 位朋友 个人 friends friend times time orders order messages message",
    "percent": "% ％ percent",
}
DAYS_OF = {"day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}
"""A month is 30 days, as the sentence that is printed back shows."""
SPANS = {
    "180d": "半年|half a year|half year",
    "15d": "半个月 半月",
    "1d": "一天|a day",
    "7d": "|a week",
    "30d": "|a month",
    "90d": "|a quarter",
    "365d": "|a year",
}
COUNTS = {1: "once", 2: "twice"}
HEADS = {
    "me": "|assigned to me|in my charge|my members|my customers",
    "nobody": "没人负责 无人负责 没有人负责|nobody in charge|nobody is in charge"
    "|assigned to nobody",
    "untagged": "untagged|without tags|without any tag|without any tags|without a tag",
}
"""What says as much as a whole clause."""
PERIODS = {
    "yesterday": "昨天 昨日 yesterday",
    "today": "今天 今日 当天 today",
    "tomorrow": "明天 明日 tomorrow",
    "last week": "上周 上星期 上个星期|last week",
    "this week": "本周 这周 这星期 这个星期|this week",
    "next week": "下周 下星期 下个星期|next week",
    "last month": "上月 上个月|last month",
    "this month": "本月 这个月 这月 当月|this month",
    "next month": "下月 下个月|next month",
    "last year": "去年|last year",
    "this year": "今年 本年|this year",
    "next year": "明年|next year",
}
AGGREGATES = {
    "sum": "累计 总共 合计 一共 总额 total|in total",
    "average": "平均 客单价 average|on average|average order|average order value",
    "max": "单笔 每笔最高 最高一笔|a single order of|highest order",
}
WORDS: dict[str, str] = {
    "not": "没 没有 未 不 不是 并未 从未 从没 从没有 尚未 还没 还没有 无 not never no hasn't haven't"
    " didn't isn't aren't wasn't don't doesn't|did not|do not|does not|has not|have not",
    "or": "或 或者 or",
    "list": "、 /",
    "and_names": "和 与 及 以及 跟 and",
    "and": "且 并且 而且 同时 并 又 也 ， , ; ； also plus",
    "but": "但 但是 不过 却 but",
    "except": "排除 排除掉 除去 除了 除开 剔除 去掉 不含 不包括 不包含 扣除 except excluding"
    " without minus|other than|leave out|but not those|but not",
    "of": "的 who that which",
    "last": "最近 近 过去 last past recent",
    "next": "未来 接下来 今后 next",
    "within": "内 以内 之内 里 以来 来",
    "before": "前 以前 之前 ago before",
    "since": "自 从 自从 since",
    "from": "起 开始",
    "to": "到 至 to until",
    "streak": "连续|in a row",
    "open": "( （ [ 【",
    "close": ") ） ] 】",
    "is": "是 为 = ： : is are equals",
    "me": "我 me",
    "in_charge": "负责 负责的|in charge",
    "outside": "以外 之外 外",
    "unknown_value": "未知 没填 未填 没有填 空|not known|unknown",
    "any_tag": "任何标签|any tags|any tag",
    "filler": "用户 人 客户 会员 成员 们 所有 全部 那些 这些 者 都 过 过的 了 把 想把 既 打了 打过 打上 在 有 带 带有 带着 属于"
    " 里面 中 已 已经 曾 曾经 里 请 找 找出 找出来 筛选 选出 给我 帮我 想要 。 . ！ ! ? ？"
    " either members member people person customers customer users user all everyone anyone those"
    " them of in at have has had a an the was were been be for during within by with any"
    " ever already find show list on did do from has. them. whom",
}
"""Other words by what they do in a sentence."""


def _split(text: str) -> list[str]:
    """Words are separated by spaces, groups of words by bars."""
    single, *phrases = text.split("|")
    return [*single.split(), *phrases]


def all_words() -> dict[str, tuple[str, Any]]:
    """Each word, in lower case → what it does and its value."""
    tables: list[tuple[str, dict[Any, str]]] = [
        ("verb", dict(VERBS)),
        ("marker", dict(MARKERS)),
        ("sign", dict(SIGNS)),
        ("sign_after", dict(SIGNS_AFTER)),
        ("unit", dict(UNITS)),
        ("span", dict(SPANS)),
        ("period", dict(PERIODS)),
        ("aggregate", dict(AGGREGATES)),
        ("count", dict(COUNTS)),
        ("head", dict(HEADS)),
    ]
    words = {
        word: (kind, value)
        for kind, table in tables
        for value, text in table.items()
        for word in _split(text)
    }
    for kind, text in WORDS.items():
        for word in _split(text):
            words.setdefault(word, (kind, None))
    return words


def synonyms(verb: Verb, word: str) -> list[str]:
    """Other words for the same, those of the same script first."""
    others = [each for each in _split(VERBS[verb]) if each != word.lower()]
    return sorted(others, key=lambda each: each.isascii() != word.isascii())
