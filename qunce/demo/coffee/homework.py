"""Homework that was due yesterday, which members review for each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.homework import comments, hand_ins, reviews
from qunce.activities.homework.models import Homework, PeerReview, ReviewState
from qunce.activities.kinds import base, homework
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.members.accounts.models import Account

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
REVIEWERS, OPEN_REVIEWS = 2, 3
SCORES = (8, 9, 6, 7, 10, 8, 5)


@dataclass(frozen=True)
class Texts:
    name: str
    text: str
    refusal: str
    criteria: tuple[str, ...]
    works: tuple[str, ...]
    late: str
    reviews: tuple[str, ...]
    comment: str


TEXTS = {
    "zh": Texts(
        "手冲第一课：写下你的这一杯",
        "用同一支豆冲两杯，只改一个变量，写下水温、时间和味道的差别。",
        "这门课给群里的朋友，先进群再来。",
        ("变量是不是只改了一个？", "味道写得具体吗？"),
        (
            "92 度和 88 度各一杯，其他不变。88 度的酸更亮，尾段短；92 度更甜，有焦糖。",
            "只改了研磨。粗一格之后两分十秒，茶感多了，苦少了，我更喜欢粗的。",
            "两次注水和三次注水。三次的更干净，两次的更厚，像红糖水。",
            "水粉比 1:15 和 1:16，1:16 更清爽，冷下来有桃子味。",
            "闷蒸 30 秒和 45 秒，45 秒的香气更足，喝起来差别不大。",
            "同样的参数，换了滤纸。漂白的更干净，原色的有一点纸味。",
            "热水先温杯和不温杯，温过的前段更甜，放凉后差不多。",
        ),
        "昨天加班，今天补上：水温 90 和 85，85 的有点酸涩。",
        (
            "变量只有一个，写得很清楚，温度也记了。",
            "味道写得具体，要是把时间也写上就更好了。",
            "比较有用，我周末也照着试试。",
        ),
        "写得真好，可以放进下周的分享吗？",
    ),
    "en": Texts(
        "First lesson: describe your cup",
        "Brew the same bean twice, change one thing, and write down how the taste differs.",
        "The course is for friends in our groups. Join a group first.",
        ("Was only one thing changed?", "Is the taste described precisely?"),
        (
            "92 and 88 degrees. The cooler one is brighter and short, the hotter one sweet.",
            "Only the grind. One step coarser took 2:10, with more tea and less bitterness.",
            "Two pours and three. Three are cleaner, two are thicker, like brown sugar.",
            "1:15 and 1:16. The second is fresher, and tastes of peach when it cools.",
            "A bloom of 30 and of 45 seconds. 45 smells better, and tastes much the same.",
            "Another filter. The white one is cleaner, the brown one tastes of paper a bit.",
            "A warmed cup and a cold one. The warm one is sweeter at first.",
        ),
        "Late because of work: 90 and 85 degrees, and 85 is sour.",
        (
            "One thing was changed, and it is written clearly, with the temperature.",
            "The taste is precise. The time is missing.",
            "A useful comparison. I will try it on Sunday.",
        ),
        "Lovely. May we share this next week?",
    ),
}


def create(context: Context) -> None:
    """Create the homework, unless there is one."""
    kind = homework.HOMEWORK.key
    if Activity.objects.filter(community=context.community, kind=kind).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language), transaction.atomic():
        activity = _open(context, texts)
        due = Homework.objects.get(activity=activity).due_at
        people = _people(context, len(texts.works) + 1)
        said = [*texts.works, texts.late]
        for number, (account, text) in enumerate(zip(people, said, strict=False)):
            is_late = text == texts.late
            base.take_part(
                activity=activity,
                account_id=account,
                way=Way.PORTAL,
                said=text,
                key=f"demo:{number}",
                at=due + HOUR if is_late else due - DAY + number * HOUR,
            )
        reviews.plan(activity, due)
        _write_reviews(activity, texts, due + 2 * HOUR)
        first = hand_ins.rows_of(activity)[0]
        comments.write_as_staff(
            submission=first,
            text=texts.comment,
            by=context.staff["manager"],
            at=due + 3 * HOUR,
        )


def _open(context: Context, texts: Texts) -> Activity:
    manager, at = context.staff["manager"], context.at - 4 * DAY
    due = (context.at - DAY).replace(minute=0, second=0, microsecond=0)
    activity = activities.create(
        community=context.community,
        kind=homework.HOMEWORK.key,
        name=texts.name,
        text=texts.text,
        refusal=texts.refusal,
        starts_at=at,
        ends_at=due + 6 * DAY,
        settings={
            "due": due.isoformat(),
            "review_due": (due + 3 * DAY).isoformat(),
            "reviewers": REVIEWERS,
            "review_hours": None,
            "criteria": list(texts.criteria),
            "points": 20,
        },
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    return activity


def _write_reviews(activity: Activity, texts: Texts, at: datetime) -> None:
    """All reviews but some, which members have still to write."""
    rows = PeerReview.objects.filter(
        submission__activity=activity, state=ReviewState.OPEN
    ).select_related("submission__activity__community")
    for number, row in enumerate(rows.order_by("pk")[OPEN_REVIEWS:]):
        reviews.write(
            review=row,
            account_id=row.account_id,
            score=SCORES[number % len(SCORES)],
            comment=texts.reviews[number % len(texts.reviews)],
            at=at,
        )


def _people(context: Context, count: int) -> list[int]:
    rows = Account.objects.filter(community=context.community, present=True)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[60:120])
    working = working_people.find(ids)
    return [pk for pk in ids if pk not in working][:count]
