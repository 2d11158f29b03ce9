"""Two topics that are alive: one that most people talk about, and one of a few."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.topics import replies
from qunce.activities.topics.models import TopicReply
from qunce.demo.coffee.check_ins import list_largest_groups
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.groups.groups import Group, Membership

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MOST_REWARDS, POINTS, LASTS = 200, 2, 10


@dataclass(frozen=True)
class Prompt:
    name: str
    text: str
    hashtag: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class Texts:
    refusal: str
    reason: str
    prompts: tuple[Prompt, ...]


TEXTS = {
    "zh": Texts(
        "这个话题给群里的朋友，先进群再来。",
        "广告，与话题无关",
        (
            Prompt(
                "今天第一杯",
                "今天的第一杯是什么？在家做的，还是店里买的？",
                "今天第一杯",
                (
                    "耶加手冲，92 度，酸得很舒服",
                    "便利店美式，赶地铁",
                    "燕麦拿铁，少糖",
                    "自己冲的挂耳，浅烘",
                    "双份浓缩，开会提神",
                    "早上不喝咖啡，先来杯热水",
                    "冷萃，昨晚放冰箱的",
                    "曼特宁，配烤吐司",
                    "店里的桂花拿铁，今年又回来了",
                    "奶咖党，摩卡壶煮的",
                    "加我微信，咖啡豆批发价",
                ),
            ),
            Prompt(
                "冬天喝什么豆",
                "天冷了，你在喝哪支豆？说说烘焙度和冲法。",
                "冬天喝什么豆",
                ("苏门答腊，深一点，法压壶", "云南的日晒，暖", "意式拼配，做热拿铁"),
            ),
        ),
    ),
    "en": Texts(
        "This topic is for friends in our groups. Join a group first.",
        "An advert, not about the topic",
        (
            Prompt(
                "First cup of the day",
                "What was your first cup today? Made at home or bought on the way?",
                "firstcup",
                (
                    "Yirgacheffe, hand drip at 92 degrees",
                    "An americano from the corner shop, in a hurry",
                    "Oat latte, little sugar",
                    "A drip bag, light roast",
                    "Double espresso before the meeting",
                    "Hot water first, coffee later",
                    "Cold brew from last night",
                    "Mandheling with toast",
                    "The osmanthus latte is back",
                    "Moka pot and milk, as always",
                    "Add me for beans at wholesale prices",
                ),
            ),
            Prompt(
                "Beans for winter",
                "It is cold: which beans do you drink now, and how do you brew them?",
                "winterbeans",
                (
                    "Sumatra, dark, in a French press",
                    "A natural from Yunnan",
                    "A blend for hot lattes",
                ),
            ),
        ),
    ),
}


def create(context: Context) -> None:
    """Create the topics, unless there are some."""
    rows = Activity.objects.filter(community=context.community, kind=replies.KIND)
    if rows.exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    (group,) = list_largest_groups(context, 1)
    people = _list_members(group)
    with translation.override(context.community.language), transaction.atomic():
        for number, prompt in enumerate(texts.prompts):
            topic = _open(context, prompt, group, texts.refusal, number)
            _reply(context, topic, prompt, group, people)
        _hide_last(context, texts)


def _open(
    context: Context, prompt: Prompt, group: Group, refusal: str, number: int
) -> Activity:
    manager, at = context.staff["manager"], context.at - DAY
    settings: dict[str, object] = {"hashtag": prompt.hashtag}
    if number == 0:
        settings |= {"points": POINTS, "per": "day", "most_rewards": MOST_REWARDS}
    topic = activities.create(
        community=context.community,
        kind=replies.KIND,
        name=prompt.name,
        text=prompt.text,
        refusal=refusal,
        # The first one is for everybody, the second one for a group.
        groups=[group.pk] if number else [],
        settings=settings,
        points_limit=MOST_REWARDS * POINTS,
        starts_at=at,
        ends_at=at + LASTS * DAY,
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=topic, by=manager, at=at)
    lifecycle.approve(activity=topic, by=context.owner, at=at)
    return topic


def _list_members(group: Group) -> list[int]:
    rows = Membership.objects.filter(group=group, present=True, role="member")
    found = list(rows.order_by("account_id").values_list("account_id", flat=True)[:40])
    working = working_people.find(found)
    return [account for account in found if account not in working]


def _reply(
    context: Context,
    topic: Activity,
    prompt: Prompt,
    group: Group,
    people: list[int],
) -> None:
    """Everybody replies once, most of them in the chat."""
    start = context.at - 8 * HOUR
    for number, (account, said) in enumerate(zip(people, prompt.said, strict=False)):
        is_chat = number % 3 < 2
        base.take_part(
            activity=topic,
            account_id=account,
            way=Way.CHAT if is_chat else Way.PORTAL,
            said=f"#{prompt.hashtag}# {said}" if is_chat else said,
            key=f"demo-topic:{number}",
            group_id=group.pk if is_chat else None,
            is_heard=is_chat,
            at=start + number * timedelta(minutes=37),
        )


def _hide_last(context: Context, texts: Texts) -> None:
    """The advert was hidden by staff."""
    advert = texts.prompts[0].said[-1]
    rows = TopicReply.objects.filter(activity__community=context.community, text=advert)
    for row in rows.select_related("activity__community"):
        replies.hide(
            reply=row, reason=texts.reason, by=context.staff["manager"], at=context.at
        )
