"""A wheel on which some members have drawn, and a red packet that some have opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.instant_draws import seeds
from qunce.activities.kinds import base, instant_draw, red_packet
from qunce.activities.prizes import prizes
from qunce.demo.coffee.check_ins import list_largest_groups
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.groups.groups import Membership

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SPINS, OPENED, SHARES = 14, 9, 20


@dataclass(frozen=True)
class Texts:
    wheel: str
    wheel_text: str
    refusal: str
    cookie: str
    cookie_place: str
    points: str
    packet: str
    packet_text: str


TEXTS = {
    "zh": Texts(
        "早安转盘",
        "买不买都能转。每天一次，中了饼干到店领，积分马上到账。",
        "转盘给群里的朋友，先进群再来。",
        "燕麦饼干一份",
        "任意门店，到店报手机尾号。",
        "20 积分",
        "新豆到店红包",
        "新豆到店，发个红包。共 1,000 积分，20 份，先到先得。",
    ),
    "en": Texts(
        "Morning wheel",
        "Spin once a day. Cookies wait in the shop; points are yours immediately.",
        "The wheel is for friends in our groups. Join a group first.",
        "Oat cookie",
        "At any shop. Say the last digits of your phone number.",
        "20 points",
        "Red packet for the new beans",
        "The new beans are here. 1,000 points in 20 shares, first come, first served.",
    ),
}


def create(context: Context) -> None:
    """Create both, unless there is a wheel."""
    rows = Activity.objects.filter(community=context.community, kind=instant_draw.KEY)
    if rows.exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language), transaction.atomic():
        _create(context, texts)


def _create(context: Context, texts: Texts) -> None:
    people = _people(context)
    _spin(context, _open_wheel(context, texts), people[:SPINS])
    packet = _publish(
        context,
        red_packet.KEY,
        name=texts.packet,
        text=texts.packet_text,
        refusal=texts.refusal,
        starts_at=context.at - 3 * HOUR,
        settings={"total": 1_000, "shares": SHARES, "minimum": 10},
    )
    _take_part(context, packet, people[:OPENED], timedelta(minutes=3))


def _open_wheel(context: Context, texts: Texts) -> Activity:
    kinds: tuple[tuple[str, str, dict[str, Any], str], ...] = (
        (
            texts.cookie,
            "pick_up",
            {"value": 12_00, "cost": 4_00, "instructions": texts.cookie_place},
            "5",
        ),
        (texts.points, "points", {"amount": 20}, "30"),
    )
    rows = []
    for name, kind, fields, odds in kinds:
        prize = prizes.create(
            community=context.community,
            name=name,
            kind=kind,
            total=200,
            by=context.staff["manager"],
            at=context.at - 3 * DAY,
            **fields,
        )
        row = {"prize": str(prize.pk), "odds": odds, "count": 100, "per_hour": None}
        rows.append(row)
    return _publish(
        context,
        instant_draw.KEY,
        name=texts.wheel,
        text=texts.wheel_text,
        refusal=texts.refusal,
        starts_at=context.at - 2 * DAY,
        settings={"prizes": rows, "shown_as": instant_draw.WHEEL},
    )


def _publish(context: Context, kind: str, *, starts_at: Any, **fields: Any) -> Activity:
    manager = context.staff["manager"]
    activity = activities.create(
        community=context.community,
        kind=kind,
        may_join={"all": []},
        groups=[group.pk for group in list_largest_groups(context, 3)],
        starts_at=starts_at,
        ends_at=context.at + 5 * DAY,
        by=manager,
        at=starts_at,
        **fields,
    )
    lifecycle.submit(activity=activity, by=manager, at=starts_at)
    lifecycle.approve(activity=activity, by=context.owner, at=starts_at)
    return activity


def _people(context: Context) -> list[int]:
    groups = list_largest_groups(context, 3)
    rows = Membership.objects.filter(group__in=groups, present=True, role="member")
    ids = list(rows.order_by("pk").values_list("account_id", flat=True)[: 4 * SPINS])
    working = working_people.find(ids)
    return list(dict.fromkeys(pk for pk in ids if pk not in working))


def _spin(context: Context, activity: Activity, people: list[int]) -> None:
    """Half of them yesterday, whose seed is revealed, and the others since."""
    _take_part(context, activity, people[: SPINS // 2], timedelta(minutes=9), -DAY)
    seeds.reveal_due(at=context.at)
    _take_part(context, activity, people[SPINS // 2 :], timedelta(minutes=5))


def _take_part(
    context: Context,
    activity: Activity,
    people: list[int],
    every: timedelta,
    moved: timedelta = timedelta(0),
) -> None:
    start = context.at + moved - HOUR
    for number, account in enumerate(people):
        base.take_part(
            activity=activity,
            account_id=account,
            way=Way.CHAT if number % 3 else Way.PORTAL,
            key=f"demo:{number}",
            at=start + number * every,
        )
