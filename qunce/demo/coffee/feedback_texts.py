"""What the members of the coffee brand write to it, and what its staff answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FeedbackTexts:
    """`answered` is (question, answer, minutes), `waiting` (question, minutes ago).

    `group_day` is (minute of the day, who, text), where 0 is staff. `wishes` is (kind,
    title, state, quotes).
    """

    answered: tuple[tuple[str, str, int], ...]
    waiting: tuple[tuple[str, int], ...]
    group_day: tuple[tuple[int, int, str], ...]
    complaint_answer: str
    wishes: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    rule: dict[str, Any]


CHINESE = FeedbackTexts(
    answered=(
        ("请问豆子可以帮忙磨粉吗？", "可以的，下单备注手冲或意式，免费磨好再寄。", 4),
        ("会员日是每个月几号呀", "每月 18 号，全场豆子八八折。", 25),
        ("礼品卡能在门店用吗", "可以，出示卡号就行，线上线下通用。", 9),
        ("退货地址发我一下", "上海市徐汇区示例路 1 号，到付就好，收到后当天退款。", 40),
    ),
    waiting=(
        ("豆子怎么还没发货，都三天了", 190),
        ("请问豆子磨粉要另外收费吗？", 45),
        ("可以开公司抬头的发票吗", 12),
    ),
    group_day=(
        (560, 1, "早上好，今天有新豆子吗？"),
        (566, 0, "早，耶加雪菲水洗刚到"),
        (620, 2, "周六的拉花课还有名额吗"),
        (624, 0, "我问一下老师，今天内告诉您"),
        (700, 3, "昨天买的杯子碎了，谁能看一下"),
        (705, 0, "抱歉，我马上给您补发"),
        (730, 0, "已经给您补发了，单号私信您"),
        (800, 4, "桂花拿铁什么时候上"),
        (801, 5, "同问，桂花拿铁什么时候上"),
        (805, 6, "桂花拿铁好期待"),
        (930, 7, "优惠券能叠加吗"),
    ),
    complaint_answer="已补发新品，并送一张八折券。",
    wishes=(
        (
            "wish",
            "燕麦奶可选",
            "planned",
            ("能不能加燕麦奶", "想要燕麦奶选项", "乳糖不耐，求燕麦奶"),
        ),
        ("wish", "小包装挂耳", "new", ("挂耳能出五片装吗", "出差想带小包装")),
        ("pain", "下单后改不了地址", "doing", ("地址填错了改不了",)),
    ),
    rule={
        "name": "营业时间",
        "match": "contains",
        "words": ["营业时间", "几点开门", "几点关门"],
        "text": "门店每天 8:00–21:00，节假日照常。",
    },
)
ENGLISH = FeedbackTexts(
    answered=(
        (
            "Can you grind the beans for me?",
            "Yes, write filter or espresso in the note; it is free.",
            4,
        ),
        ("Which day is the member day?", "The 18th, 12 % off all beans.", 25),
        ("Do gift cards work in the shop?", "Yes, show the number at the till.", 9),
        (
            "How do I return a bag?",
            "Send it back freight collect; we refund at once.",
            40,
        ),
    ),
    waiting=(
        ("My beans have not arrived, it has been three days", 190),
        ("Is grinding the beans free?", 45),
        ("Can I get an invoice for my company?", 12),
    ),
    group_day=(
        (560, 1, "Good morning, are there new beans today?"),
        (566, 0, "Morning, a washed Yirgacheffe just came in"),
        (620, 2, "Is there a place left in the latte art class?"),
        (624, 0, "I'll ask the teacher and let you know today"),
        (700, 3, "The mug I bought yesterday is broken"),
        (705, 0, "Sorry, I will send a new one right away"),
        (730, 0, "The new mug is sent, the number is in your messages"),
        (800, 4, "When does the pumpkin latte start?"),
        (801, 5, "Same question, when is the pumpkin latte coming"),
        (805, 6, "Looking forward to the pumpkin latte"),
        (930, 7, "Can coupons be combined?"),
    ),
    complaint_answer="A new one is sent, with a coupon of 20 %.",
    wishes=(
        (
            "wish",
            "Oat milk",
            "planned",
            (
                "Could you add oat milk",
                "I want oat milk",
                "Lactose, so oat milk please",
            ),
        ),
        (
            "wish",
            "Small packs of drip bags",
            "new",
            ("Five bags in a pack would do", "Small packs for travel please"),
        ),
        (
            "pain",
            "The address cannot be changed after the order",
            "doing",
            ("I cannot change my address",),
        ),
    ),
    rule={
        "name": "Opening hours",
        "match": "contains",
        "words": ["opening hours", "what time do you open"],
        "text": "Our shops are open from 8:00 to 21:00 every day.",
    },
)


def of(language: str) -> FeedbackTexts:
    return CHINESE if language == "zh" else ENGLISH
