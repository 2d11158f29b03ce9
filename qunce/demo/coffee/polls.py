"""A poll that is open, whose votes tag the voters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base, poll
from qunce.demo.coffee.check_ins import list_largest_groups
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.groups.groups import Membership
from qunce.members.tags import library

DAY, VOTERS = timedelta(days=1), 60
LEANING = "ABACABADAB"
"""What ten voters choose, over and over."""


@dataclass(frozen=True)
class Texts:
    name: str
    text: str
    refusal: str
    options: tuple[tuple[str, str, str], ...]
    start: str


TEXTS = {
    "zh": Texts(
        "下个月先上哪款豆",
        "四款只先上一款，你来定。投完可以改，后天晚上截止。",
        "这次投票给群里的朋友，先进群再来。",
        (
            ("耶加雪菲 水洗", "poll:yirgacheffe", "爱喝耶加雪菲"),
            ("云南 日晒", "poll:yunnan", "爱喝云南豆"),
            ("曼特宁 深烘", "poll:mandheling", "爱喝曼特宁"),
            ("都想喝，随便", "", ""),
        ),
        "投票开始了：发“投票 A”就算，A 耶加雪菲，B 云南日晒，C 曼特宁，D 都想喝。",
    ),
    "en": Texts(
        "Which beans first next month",
        "One of four comes first, and you decide. A vote can be changed until the evening "
        "after tomorrow.",
        "This vote is for friends in our groups. Join a group first.",
        (
            ("Yirgacheffe, washed", "poll:yirgacheffe", "Likes Yirgacheffe"),
            ("Yunnan, natural", "poll:yunnan", "Likes Yunnan"),
            ("Mandheling, dark", "poll:mandheling", "Likes Mandheling"),
            ("Any of them", "", ""),
        ),
        "The vote is open: write “vote A” for Yirgacheffe, B for Yunnan, C for Mandheling, "
        "D for any.",
    ),
}


def create(context: Context) -> None:
    """Create the poll, unless there is one."""
    if Activity.objects.filter(community=context.community, kind=poll.KEY).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language), transaction.atomic():
        activity = _open(context, texts)
        for number, account in enumerate(_voters(activity)):
            _vote(context, activity, account, number)


def _open(context: Context, texts: Texts) -> Activity:
    manager, at = context.staff["manager"], context.at - 2 * DAY
    existing = library.find(context.community, {key for _, key, _ in texts.options})
    for _text, key, name in texts.options:
        if key and key not in existing:
            library.create(
                community=context.community, key=key, name=name, by=manager, at=at
            )
    evening = (context.at + 2 * DAY).replace(hour=20, minute=0, tzinfo=None)
    rows: list[dict[str, Any]] = [
        {"text": text, "tag": key} for text, key, _name in texts.options
    ]
    activity = activities.create(
        community=context.community,
        kind=poll.KEY,
        name=texts.name,
        text=texts.text,
        refusal=texts.refusal,
        groups=[group.pk for group in list_largest_groups(context, 2)],
        settings={"options": rows},
        starts_at=at,
        ends_at=context.moment(evening.replace(second=0, microsecond=0)),
        announcements={"start": (0, texts.start)},
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    return activity


def _voters(activity: Activity) -> list[int]:
    rows = Membership.objects.filter(
        group__in=activity.groups.all(), present=True, role="member"
    )
    found = list(
        rows.order_by("account_id").values_list("account_id", flat=True).distinct()[:90]
    )
    working = working_people.find(found)
    return [account for account in found if account not in working][:VOTERS]


def _vote(context: Context, activity: Activity, account: int, number: int) -> None:
    """Most in the chat; every ninth changes the vote later."""
    at = context.at - 2 * DAY + number * timedelta(minutes=40)
    way = Way.CHAT if number % 3 else Way.PORTAL
    said = [LEANING[number % len(LEANING)]]
    if number % 9 == 8:
        said.append("C")
    for each in said:
        base.take_part(
            activity=activity,
            account_id=account,
            way=way,
            said=each,
            key=f"demo:{number}{each}",
            at=at,
        )
