"""A live session next Thursday evening, with reservations, and one that is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base, live_session
from qunce.activities.live_sessions import sessions
from qunce.core import communities
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.members.accounts.models import Account

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
RESERVED, CAME, UNANNOUNCED, TYPED = 14, 9, 3, 412


@dataclass(frozen=True)
class Texts:
    names: tuple[str, str]
    text: str
    refusal: str
    platform: str
    guests: tuple[tuple[str, str], ...]


TEXTS = {
    "zh": Texts(
        ("开春新豆直播", "手冲入门直播"),
        "烘豆师现场讲新豆，直播间有专属价。",
        "直播预约给群里的朋友，先进群再来。",
        "抖音",
        (("老周", "烘豆师"), ("小林", "主持人")),
    ),
    "en": Texts(
        ("New beans, live", "First pour-over, live"),
        "Our roaster explains the new beans, with a price for those who watch.",
        "The live session is for friends in our groups. Join a group first.",
        "Douyin",
        (("Zhou", "Roaster"), ("Lin", "Host")),
    ),
}


def create(context: Context) -> None:
    """Create both live sessions, unless there is one."""
    kind = live_session.LIVE_SESSION.key
    if Activity.objects.filter(community=context.community, kind=kind).exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    people = _people(context)
    with translation.override(context.community.language), transaction.atomic():
        coming = _open(context, texts, 0, _evening(context, 3), context.at - DAY)
        for number, account in enumerate(people[:RESERVED]):
            _say(coming, account, number, "", context.at - DAY + number * HOUR)
        start = _evening(context, -4)
        over = _open(context, texts, 1, start, start - 2 * DAY)
        for number, account in enumerate(people[:RESERVED]):
            _say(over, account, number, "", start - DAY + number * MINUTE)
        last = RESERVED + UNANNOUNCED
        for number, account in enumerate([*people[:CAME], *people[RESERVED:last]]):
            _say(over, account, number, live_session.ENTER, start + number * MINUTE)
        by, end = context.staff["manager"], start + HOUR
        sessions.type_number(activity=over, number=TYPED, by=by, at=end)
        url = "https://live.example/replay"
        sessions.set_replay(activity=over, url=url, by=by, at=end + HOUR)


def _say(live: Activity, account: int, number: int, said: str, at: datetime) -> None:
    base.take_part(
        activity=live,
        account_id=account,
        way=Way.PORTAL,
        said=said,
        key=f"demo:{said}:{number}",
        at=at,
    )


def _open(
    context: Context, texts: Texts, which: int, start: datetime, at: datetime
) -> Activity:
    manager = context.staff["manager"]
    activity = activities.create(
        community=context.community,
        kind=live_session.LIVE_SESSION.key,
        name=texts.names[which],
        text=texts.text,
        refusal=texts.refusal,
        starts_at=at,
        ends_at=start + 7 * DAY,
        settings={
            "starts": start.isoformat(),
            "ends": (start + HOUR).isoformat(),
            "platform": texts.platform,
            "link": "https://live.example/room",
            "guests": [{"name": name, "role": role} for name, role in texts.guests],
            "word": "签到",
            "order_hours": 48,
        },
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    return activity


def _evening(context: Context, days: int) -> datetime:
    """20:00 on the community's clock, some days from now."""
    zone = communities.zone(context.community)
    day = (context.at + days * DAY).astimezone(zone).date()
    return datetime.combine(day, time(20), zone)


def _people(context: Context) -> list[int]:
    rows = Account.objects.filter(community=context.community, present=True)
    ids = list(rows.order_by("-pk").values_list("pk", flat=True)[:60])
    working = working_people.find(ids)
    return [pk for pk in ids if pk not in working][: RESERVED + UNANNOUNCED]
