"""A meet-up next Saturday, with sign-ups and a waitlist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base, meetup
from qunce.core import communities
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.members.accounts.models import Account

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SEATS, WAITING = 12, 4
SATURDAY = 5


@dataclass(frozen=True)
class Texts:
    name: str
    text: str
    refusal: str
    place: str
    sponsor: str
    questions: tuple[tuple[str, bool], ...]
    answers: tuple[str, ...]


TEXTS = {
    "zh": Texts(
        "周六手冲杯测会",
        "六款新豆一起杯测，店长讲怎么听懂风味描述。自带杯子减 5 元。",
        "杯测会给群里的朋友，先进群再来。",
        "静安店二楼，愚园路 218 号",
        "清晨烘焙",
        (("喝过杯测吗？", True), ("带几位朋友？", False)),
        ("喝过 / 1", "没有", "第一次 / 2", "喝过两次"),
    ),
    "en": Texts(
        "Saturday cupping",
        "Six new beans in one cupping, and our manager explains the flavour notes.",
        "The cupping is for friends in our groups. Join a group first.",
        "First floor, 218 Yuyuan Road",
        "Morning Roasters",
        (("Have you cupped before?", True), ("How many friends?", False)),
        ("yes / 1", "no", "first time / 2", "twice"),
    ),
}


def create(context: Context) -> None:
    """Create the meet-up, unless there is one."""
    kind = meetup.MEETUP.key
    if Activity.objects.filter(community=context.community, kind=kind).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language), transaction.atomic():
        activity = _open(context, texts)
        for number, account in enumerate(_people(context)):
            base.take_part(
                activity=activity,
                account_id=account,
                way=Way.CHAT,
                said=texts.answers[number % len(texts.answers)],
                key=f"demo:{number}",
                at=context.at - DAY + number * HOUR,
            )


def _open(context: Context, texts: Texts) -> Activity:
    manager, at = context.staff["manager"], context.at - 2 * DAY
    start = _next_saturday(context)
    questions = [{"text": text, "required": must} for text, must in texts.questions]
    activity = activities.create(
        community=context.community,
        kind=meetup.MEETUP.key,
        name=texts.name,
        text=texts.text,
        refusal=texts.refusal,
        starts_at=at,
        ends_at=start + 4 * HOUR,
        settings={
            "place": texts.place,
            "starts": start.isoformat(),
            "capacity": SEATS,
            "questions": questions,
            "sponsor": texts.sponsor,
        },
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    return activity


def _next_saturday(context: Context) -> datetime:
    """14:00 of the next Saturday that is at least two days away."""
    zone = communities.zone(context.community)
    day = (context.at + 2 * DAY).astimezone(zone).date()
    day += timedelta(days=(SATURDAY - day.weekday()) % 7)
    return datetime.combine(day, time(14), zone)


def _people(context: Context) -> list[int]:
    rows = Account.objects.filter(community=context.community, present=True)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:60])
    working = working_people.find(ids)
    return [pk for pk in ids if pk not in working][: SEATS + WAITING]
