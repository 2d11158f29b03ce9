"""Ideas and the entries of a feed in the demo's idea boxes, by community and language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IdeaWords:
    """Each idea is a title, a note, a content type and tags.

    `started` and `ready` have a picture or video that somebody makes. `entries` are what a
    feed brought: titles and texts. `link` is an address and the title of its page.
    """

    fresh: tuple[tuple[str, str, str, str], ...]
    hot: tuple[str, str, str, str]
    started: tuple[str, str, str, str]
    ready: tuple[str, str, str, str]
    used: tuple[str, str, str, str]
    link: tuple[str, str]
    feed: str
    entries: tuple[tuple[str, str], ...]


COFFEE_EN = IdeaWords(
    fresh=(
        (
            "Why does the second brew taste sweeter?",
            "Regulars ask it every week. A picture of two cups side by side.",
            "knowledge",
            "brewing",
        ),
        (
            "A regular's kitchen",
            "Ask three gold members for a photo of where they brew.",
            "koc",
            "members",
        ),
    ),
    hot=(
        "First snow of the year",
        "A warm cup at a window. Only good on the day itself.",
        "fun",
        "season",
    ),
    started=(
        "How we cup a new harvest",
        "A video of 30 seconds: the roastery at seven in the morning.",
        "knowledge",
        "roastery",
    ),
    ready=(
        "What to do with the last 20 grams",
        "Three small recipes, one picture each.",
        "care",
        "brewing",
    ),
    used=(
        "Water for coffee, in one picture",
        "Tap, filter or bottle.",
        "knowledge",
        "brewing",
    ),
    link=("https://brewing.example/pour-over-in-five-steps", "Five steps, well drawn"),
    feed="Coffee news (sample)",
    entries=(
        (
            "Harvest report: washed lots arrive early",
            "What is new from Panama and Yunnan.",
        ),
        ("Five cafés that roast in the window", "A walk with pictures."),
        ("Grinders under test: what you hear is what you taste", ""),
    ),
)
COFFEE_ZH = IdeaWords(
    fresh=(
        (
            "为什么第二冲更甜？",
            "老客每周都会问。配一张两杯并排的照片。",
            "knowledge",
            "冲煮",
        ),
        ("老客的厨房", "请三位金卡会员拍一张自己冲咖啡的角落。", "koc", "会员"),
    ),
    hot=("今年的第一场雪", "窗边一杯热咖啡，只适合当天发。", "fun", "季节"),
    started=(
        "新产季是怎么杯测的",
        "30 秒短片：早上七点的烘焙间。",
        "knowledge",
        "烘焙间",
    ),
    ready=("最后 20 克豆子怎么用", "三个小配方，每个一张图。", "care", "冲煮"),
    used=("一张图看懂咖啡用水", "自来水、过滤水还是瓶装水。", "knowledge", "冲煮"),
    link=("https://brewing.example/pour-over-in-five-steps", "五步手冲，图画得清楚"),
    feed="咖啡资讯（示例）",
    entries=(
        ("产季报告：水洗批次提前到港", "巴拿马和云南的新消息。"),
        ("五家把烘豆机放在橱窗里的咖啡馆", "边走边拍。"),
        ("磨豆机测试：听得到的，喝得出来", ""),
    ),
)
SHOP_EN = IdeaWords(
    fresh=(
        (
            "One basket, three dinners",
            "What a family cooks from Saturday's basket. Prices on the picture.",
            "knowledge",
            "recipes",
        ),
    ),
    hot=(
        "Heat wave: what keeps",
        "Fruit that survives a warm kitchen.",
        "care",
        "season",
    ),
    started=(
        "Store manager's pick of the week",
        "A picture at the shelf.",
        "koc",
        "stores",
    ),
    ready=(
        "How to read a use-by date",
        "Four dates, one picture.",
        "knowledge",
        "care",
    ),
    used=("Refill instead of buying new", "Which jars we take back.", "care", "stores"),
    link=(
        "https://kitchen.example/lunch-boxes-in-ten-minutes",
        "Lunch boxes for school",
    ),
    feed="Kitchen news (sample)",
    entries=(
        ("Ten soups for the first cold week", "With what is in season."),
        ("Bread that keeps until Friday", ""),
    ),
)
SHOP_ZH = IdeaWords(
    fresh=(
        (
            "一篮菜做三顿饭",
            "周六的菜篮够一家人吃几顿，图上标价格。",
            "knowledge",
            "菜谱",
        ),
    ),
    hot=("高温天什么放得住", "不怕热的水果。", "care", "季节"),
    started=("店长本周推荐", "在货架前拍一张。", "koc", "门店"),
    ready=("保质期怎么看", "四种日期，一张图。", "knowledge", "关怀"),
    used=("用旧罐续装", "哪些罐子可以拿回来。", "care", "门店"),
    link=("https://kitchen.example/lunch-boxes-in-ten-minutes", "孩子的午餐盒"),
    feed="厨房资讯（示例）",
    entries=(
        ("降温第一周的十道汤", "用当季食材。"),
        ("能放到周五的面包", ""),
    ),
)
COFFEE = {"en": COFFEE_EN, "zh": COFFEE_ZH}
SHOP = {"en": SHOP_EN, "zh": SHOP_ZH}
