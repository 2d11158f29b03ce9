"""A quiz about coffee that is alive: some questions are answered, some are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.games import rules
from qunce.activities.kinds import base
from qunce.demo.coffee.check_ins import list_largest_groups
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.groups.groups import Membership

DAY, PLAYERS = timedelta(days=1), 16


@dataclass(frozen=True)
class Texts:
    name: str
    text: str
    refusal: str
    questions: tuple[tuple[str, str, str, str], ...]
    wrong: str


TEXTS = {
    "zh": Texts(
        "咖啡小考",
        "五道题，答对得分，得分计入积分。明天晚上截止。",
        "这次小考给群里的朋友，先进群再来。",
        (
            ("耶加雪菲产自哪个国家？", "埃塞俄比亚", "", "肯尼亚 / 埃塞俄比亚 / 巴西"),
            ("手冲一杯 15 克粉，粉水比 1:15，要多少克水？", "225", "225 克 / 225g", ""),
            ("哪种烘焙度的豆子颜色最深？", "深烘", "深度烘焙 / 重烘", ""),
            ("浓缩咖啡加热水是什么？", "美式", "美式咖啡 / Americano", ""),
            ("曼特宁产自哪里？", "苏门答腊", "", "爪哇 / 苏门答腊 / 云南"),
        ),
        "不知道",
    ),
    "en": Texts(
        "Coffee quiz",
        "Five questions; right answers score, and points are added to yours. It ends "
        "tomorrow evening.",
        "This quiz is for friends in our groups. Join a group first.",
        (
            (
                "Where does Yirgacheffe come from?",
                "Ethiopia",
                "",
                "Kenya / Ethiopia / Brazil",
            ),
            (
                "15 g of coffee at 1:15 need how many grams of water?",
                "225",
                "225 g",
                "",
            ),
            ("Which roast is the darkest?", "dark", "dark roast", ""),
            ("Espresso with hot water is called?", "Americano", "", ""),
            (
                "Where does Mandheling come from?",
                "Sumatra",
                "",
                "Java / Sumatra / Yunnan",
            ),
        ),
        "no idea",
    ),
}


def create(context: Context) -> None:
    """Create the quiz, unless there is one."""
    if Activity.objects.filter(community=context.community, kind=rules.QUIZ).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language), transaction.atomic():
        activity = _open(context, texts)
        for number, account in enumerate(_players(activity)):
            _answer(context, activity, account, number, texts)


def _open(context: Context, texts: Texts) -> Activity:
    manager, at = context.staff["manager"], context.at - DAY
    evening = (context.at + DAY).replace(hour=20, minute=0, tzinfo=None)
    rows: list[dict[str, Any]] = [
        {"question": question, "answer": answer, "others": others, "choices": choices}
        for question, answer, others, choices in texts.questions
    ]
    activity = activities.create(
        community=context.community,
        kind=rules.QUIZ,
        name=texts.name,
        text=texts.text,
        refusal=texts.refusal,
        groups=[group.pk for group in list_largest_groups(context, 2)],
        settings={"questions": rows},
        starts_at=at,
        ends_at=context.moment(evening.replace(second=0, microsecond=0)),
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    return activity


def _players(activity: Activity) -> list[int]:
    rows = Membership.objects.filter(
        group__in=activity.groups.all(), present=True, role="member"
    )
    found = list(
        rows.order_by("-account_id")
        .values_list("account_id", flat=True)
        .distinct()[: 3 * PLAYERS]
    )
    working = working_people.find(found)
    return [account for account in found if account not in working][:PLAYERS]


def _answer(
    context: Context, activity: Activity, account: int, number: int, texts: Texts
) -> None:
    """The first questions, of which every fourth answer is wrong."""
    at = context.at - DAY + number * timedelta(minutes=50)
    way = Way.CHAT if number % 3 else Way.PORTAL
    for place in range(1 + number % 4):
        _question, answer, _others, choices = texts.questions[place]
        is_wrong = (number + place) % 4 == 3
        wrong = "A" if choices else texts.wrong
        base.take_part(
            activity=activity,
            account_id=account,
            way=way,
            said=f"#{place + 1} {wrong if is_wrong else answer}",
            key=f"demo:{number}:{place}",
            at=at + place * timedelta(minutes=1),
        )
