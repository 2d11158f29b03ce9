"""Names and texts of the demo's series, by language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesWords:
    """`light` and `depth` are episodes of the column, by time of the day."""

    column: str
    column_slots: tuple[str, str]
    light: tuple[str, ...]
    depth: tuple[str, ...]
    member_day: str
    member_day_texts: tuple[str, ...]
    campaign: tuple[str, str]


EN = SeriesWords(
    column="Coffee of the day",
    column_slots=("light", "depth"),
    light=(
        "Good morning, {group}. Which cup are you starting with today?",
        "Good morning. It rains: a good day for a slow pour.",
        "Morning, {group}. Milk or black? Say it with one word.",
    ),
    depth=(
        "Tonight’s question: why does the second brew of the same beans taste sweeter?",
        "How we read a roast date, and when beans are at their best.",
        "Three grinds side by side: what changes in the cup, and what does not.",
    ),
    member_day="Member day",
    member_day_texts=(
        "Member day, {group}: today every second bag is half price for members.",
        "Member day: bring a friend today, and both of you get a cup.",
    ),
    campaign=("Weekend tasting", "On Saturday at 15:00 we taste two new beans."),
)
ZH = SeriesWords(
    column="每日咖啡",
    column_slots=("轻松", "深度"),
    light=(
        "{group}的各位早上好，今天从哪一杯开始？",
        "早上好，下雨天适合慢慢手冲一壶。",
        "早，{group}。加奶还是黑咖？一个词告诉大家。",
    ),
    depth=(
        "今晚的问题：同一包豆子，为什么第二冲更甜？",
        "怎么看烘焙日期，豆子什么时候最好喝。",
        "三种研磨度放在一起：杯里变了什么，没变什么。",
    ),
    member_day="会员日",
    member_day_texts=(
        "{group}的会员日：今天会员第二包半价。",
        "会员日：今天带一位朋友来，两人都有一杯。",
    ),
    campaign=("周末品鉴", "周六 15:00 一起试两款新豆。"),
)
TEXTS = {"en": EN, "zh": ZH}
