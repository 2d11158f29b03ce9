"""A month of check-ins with streaks, a former one with its lesson, and one to approve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import translation

from qunce.activities import pasted_lines
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.groups.groups import Group, Membership
from qunce.members.personal_links import erasure_requests

KIND = "check_in"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MEMBERS, DAYS = 8, 28


@dataclass(frozen=True)
class Texts:
    name: str
    text: str
    refusal: str
    themes: tuple[str, ...]
    start: str
    former: str
    former_text: str
    lesson: str
    next: str
    next_text: str
    word: str
    stranger: str


TEXTS = {
    "zh": Texts(
        "晨间咖啡打卡",
        "每天早上一杯，打个卡。周日休息，不断连续。",
        "这个打卡只在群里办，先进群再来。",
        ("手冲", "拿铁", "冷萃", "随便一杯"),
        "晨间咖啡打卡开始了：发“打卡”就算。",
        "七天早起打卡",
        "七天，每天 9 点前打卡。",
        "周一开始的人比周三开始的多一倍；最后两天要提醒。",
        "周末读书打卡",
        "周末读 30 页，写一句感想。",
        "打卡",
        "路过的猫",
    ),
    "en": Texts(
        "Morning coffee check-in",
        "One cup every morning, and one check-in. Sundays are free and break no streak.",
        "This check-in is for our groups. Join a group first.",
        ("Pour-over", "Latte", "Cold brew", "Any cup"),
        "The morning check-in starts: write “check in”.",
        "Seven early mornings",
        "Seven days, each before nine.",
        "Twice as many started on a Monday as on a Wednesday; remind them on the last days.",
        "Weekend reading",
        "Thirty pages at the weekend, and a line about them.",
        "check in",
        "Passing Cat",
    ),
}


def create(context: Context) -> None:
    """Create the activities, unless there is a check-in."""
    rows = Activity.objects.filter(community=context.community, kind=KIND)
    if rows.exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    group, members = _members(context)
    with translation.override(context.community.language), transaction.atomic():
        _create_former(context, texts, members)
        activity = _create_running(context, texts, group)
        for number, account in enumerate(members):
            _check_in(context, activity, account, number)
        _paste(context, activity, texts, group)
        _submit_next(context, texts)
        # Somebody who has stopped asks to be forgotten, which waits on Today.
        erasure_requests.request(account_id=members[-1], at=context.at)


def list_largest_groups(context: Context, limit: int) -> list[Group]:
    groups = Group.objects.filter(community=context.community).annotate(
        size=models.Count("memberships", filter=models.Q(memberships__present=True))
    )
    return list(groups.order_by("-size", "pk")[:limit])


def _members(context: Context) -> tuple[Group, list[int]]:
    """The group with the most members, and some of them who do not work here."""
    (group,) = list_largest_groups(context, 1)
    rows = Membership.objects.filter(group=group, present=True, role="member")
    found = list(
        rows.order_by("account_id").values_list("account_id", flat=True)[: 2 * MEMBERS]
    )
    working = working_people.find(found)
    return group, [account for account in found if account not in working][:MEMBERS]


def _publish(activity: Activity, context: Context, at: datetime) -> None:
    lifecycle.submit(activity=activity, by=context.owner, at=at)
    lifecycle.approve(activity=activity, by=context.staff["manager"], at=at)


def _create(context: Context, at: datetime, **fields: Any) -> Activity:
    return activities.create(
        **{
            "community": context.community,
            "kind": KIND,
            "by": context.owner,
            "at": at,
            **fields,
        }
    )


def _create_former(context: Context, texts: Texts, members: list[int]) -> None:
    """An activity of two months ago, whose lesson is read before the next draft."""
    start = context.at - 60 * DAY
    activity = _create(
        context,
        start - DAY,
        name=texts.former,
        text=texts.former_text,
        refusal=texts.refusal,
        starts_at=start,
        ends_at=start + 7 * DAY,
    )
    _publish(activity, context, start)
    for account in members[:6]:
        _take_part(activity, account, start + HOUR)
    end = start + 7 * DAY
    lifecycle.move_due(at=end)
    activity.refresh_from_db()
    lifecycle.settle(activity=activity, by=context.owner, at=end + HOUR)
    lifecycle.review(
        activity=activity, lesson=texts.lesson, by=context.owner, at=end + DAY
    )


def _create_running(context: Context, texts: Texts, group: Group) -> Activity:
    start = context.at - (DAYS + 1) * DAY
    activity = _create(
        context,
        start,
        name=texts.name,
        text=texts.text,
        refusal=texts.refusal,
        groups=[group.pk],
        starts_at=start,
        notified={"group": {"any": [group.key]}},
        settings={
            "themes": list(texts.themes),
            "rest_weekdays": ["sun"],
            "card_every": 7,
        },
        announcements={"start": (0, texts.start)},
    )
    _publish(activity, context, start)
    return activity


def _take_part(activity: Activity, account: int, at: datetime) -> None:
    base.take_part(
        activity=activity,
        account_id=account,
        way=Way.CHAT if account % 3 else Way.PORTAL,
        key=f"demo:{at:%m%d%H}",
        at=at,
    )


def _check_in(context: Context, activity: Activity, account: int, number: int) -> None:
    """Some check in every day, some now and then, and some have stopped."""
    last = DAYS if number % 4 else DAYS - 3
    for day in range(DAYS + 1):
        is_missed = number % 3 == 2 and (day * 7 + number) % 5 < 2
        # Today somebody still has to be reminded.
        is_today_open = day == DAYS and number % 2 == 0
        if day > last or is_missed or is_today_open:
            continue
        at = context.at - (DAYS - day) * DAY - timedelta(minutes=7 * number + 1)
        _take_part(activity, account, at)


def _paste(context: Context, activity: Activity, texts: Texts, group: Group) -> None:
    """A pasted line of a name that nobody in the group has, which waits for an answer."""
    pasted_lines.paste(
        activity=activity,
        group=group,
        text=f"{texts.stranger}: {texts.word}",
        by=context.owner,
        at=context.at,
    )


def _submit_next(context: Context, texts: Texts) -> None:
    """By somebody else, so that the owner of the demo approves it."""
    manager = context.staff["manager"]
    activity = _create(
        context,
        context.at,
        by=manager,
        name=texts.next,
        text=texts.next_text,
        refusal=texts.refusal,
        starts_at=context.at + 2 * DAY,
        ends_at=context.at + 30 * DAY,
        settings={"proof": "text", "rest_weekdays": "mon tue wed thu fri".split()},
    )
    lifecycle.submit(activity=activity, by=manager, at=context.at)
