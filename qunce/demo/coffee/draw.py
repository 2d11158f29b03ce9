"""A draw that can be verified, prizes that wait in Today, and a draw that runs now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from qunce.activities import announcements
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.draws import draws, public_values, tickets
from qunce.activities.draws.models import Draw
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Way
from qunce.activities.prizes import claims, codes, delivery, prizes
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeStock
from qunce.demo.coffee import check_ins
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.groups.groups import Membership
from qunce.members.accounts.models import Account

DAY = timedelta(days=1)
ENTRANTS, NEXT_ENTRANTS = 60, 24
FIGURE = "402418"


@dataclass(frozen=True)
class Texts:
    name: str
    text: str
    refusal: str
    figure: str
    beans: str
    voucher: str
    tasting: str
    tasting_place: str
    red_packet: str
    helped: str
    street: str
    running: str
    running_text: str
    running_start: str
    last_call: str


TEXTS = {
    "zh": Texts(
        "周年抽奖",
        "三周年，感谢有你。参加就有抽奖码，周三晚上 8 点封存名单，第二天开奖。",
        "这次只给在群里的老朋友。",
        "上证指数开奖次日收盘，去掉小数点取后 6 位",
        "手冲咖啡豆 250 克",
        "拿铁兑换码",
        "品鉴会名额",
        "静安店，周六下午 3 点，到店报抽奖码后 4 位。",
        "周年红包 8.88 元",
        "在群里帮新朋友解答冲煮问题",
        "上海市静安区南京西路 {n} 号",
        "周末豆单抽奖",
        "周末上新三款豆子，抽几位先尝。每人一个抽奖码，明晚 8 点封存名单。",
        "周末豆单抽奖开始了：发“抽奖”就有一个抽奖码。",
        "还有半小时封存名单，没抽的发“抽奖”。",
    ),
    "en": Texts(
        "Anniversary draw",
        "Three years: thank you. The list closes on the evening of the "
        "last day, and the winners are drawn the day after.",
        "This one is for friends who are in our groups.",
        "Close of the index on the day after, last 6 digits without the point",
        "Filter coffee, 250 g",
        "Latte voucher",
        "Seat at a tasting",
        "At the first shop, Saturday at three. Say the last 4 digits of your ticket.",
        "Red packet of 8.88",
        "Helped new friends with brewing in the group",
        "{n} Nanjing West Road, Shanghai",
        "Weekend beans",
        "Three new beans this weekend, and a few of you taste them first. One ticket each; "
        "the list closes tomorrow evening.",
        "The draw of the weekend starts: write “draw” for your ticket.",
        "The list closes in half an hour: write “draw”.",
    ),
}


def create(context: Context) -> None:
    """Create the draw and its prizes, unless there is a draw."""
    rows = Activity.objects.filter(community=context.community, kind=draws.KIND)
    if rows.exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    end = context.at - 3 * DAY
    stocks = _create_prizes(context, texts, end - 8 * DAY)
    activity = _publish(context, texts, stocks, end)
    for number, account in enumerate(_entrants(context)):
        at = end - 6 * DAY + number * timedelta(hours=2)
        base.take_part(
            activity=activity,
            account_id=account,
            way=Way.CHAT,
            key=f"demo:{number}",
            at=at,
        )
    _give_tickets(context, draws.get(activity), texts.helped, end - DAY)
    lifecycle.close(activity=activity, by=context.staff["manager"], at=end)
    draw = draws.get(activity)
    for by in (context.staff["manager"], context.owner):
        public_values.type_figure(
            draw=draw, figure=FIGURE, by=by, at=end + DAY + timedelta(hours=1)
        )
    _claim(context, texts, end + DAY + timedelta(hours=3))
    _open_next(context, texts, stocks)


def _open_next(context: Context, texts: Texts, stocks: list[PrizeStock]) -> None:
    """A draw until tomorrow evening, with a budget, whose text some groups have not got.

    One of them is the group of the check-in, so that its members see both on their page.
    """
    manager, at = context.staff["manager"], context.at - DAY
    evening = context.moment((context.at + DAY).replace(hour=20, minute=0, tzinfo=None))
    groups = check_ins.list_largest_groups(context, 3)
    activity = activities.create(
        community=context.community,
        kind=draws.KIND,
        name=texts.running,
        text=texts.running_text,
        refusal=texts.refusal,
        may_join={"all": []},
        groups=[group.pk for group in groups],
        starts_at=at,
        ends_at=evening.replace(second=0, microsecond=0),
        money_limit=500_00,
        announcements={
            "start": (0, texts.running_start),
            "last_call": (30, texts.last_call),
        },
        by=manager,
        at=at,
    )
    draw = draws.prepare(activity=activity, by=manager, at=at)
    draws.set_prizes(
        draw=draw, prizes=[(stocks[0], 3), (stocks[1], 10)], by=manager, at=at
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    members = Membership.objects.filter(group__in=groups, present=True, role="member")
    ids = members.order_by("pk").values_list("account_id", flat=True)
    for number, account in enumerate(list(ids)[:NEXT_ENTRANTS]):
        base.take_part(
            activity=activity,
            account_id=account,
            way=Way.CHAT if number % 3 else Way.PORTAL,
            key=f"demo:{number}",
            at=at + number * timedelta(minutes=40),
        )
    (start,) = activity.announcements.filter(moment="start")
    # It waits for its owners; “Post again” brings it to whoever presses it.
    announcements.announce(
        announcement=start, by=context.owner, at=context.at - timedelta(hours=1)
    )


def _create_prizes(context: Context, texts: Texts, at: datetime) -> list[PrizeStock]:
    by = context.staff["manager"]
    kinds = (
        (texts.beans, "goods", 10, 88_00, 45_00, ""),
        (texts.voucher, "code", 30, 28_00, 9_00, ""),
        (texts.tasting, "pick_up", 8, 120_00, 60_00, texts.tasting_place),
        (texts.red_packet, "red_packet", 5, 8_88, 8_88, ""),
    )
    return [
        prizes.create(
            community=context.community,
            name=name,
            kind=kind,
            total=total,
            value=value,
            cost=cost,
            instructions=instructions,
            by=by,
            at=at,
        )
        for name, kind, total, value, cost, instructions in kinds
    ]


def _publish(
    context: Context, texts: Texts, stocks: list[PrizeStock], end: datetime
) -> Activity:
    manager, at = context.staff["manager"], end - 8 * DAY
    activity = activities.create(
        community=context.community,
        kind=draws.KIND,
        name=texts.name,
        text=texts.text,
        refusal=texts.refusal,
        may_join={"all": []},
        settings={tickets.MOST: 3},
        money_limit=500_00,
        starts_at=end - 7 * DAY,
        ends_at=end,
        by=manager,
        at=at,
    )
    draw = draws.prepare(activity=activity, by=manager, at=at)
    chosen = list(zip(stocks, (4, 6, 2, 2), strict=True))
    draws.set_prizes(draw=draw, prizes=chosen, by=manager, at=at)
    draws.set_public_value(
        draw=draw,
        source="figure",
        figure_name=texts.figure,
        figure_digits=len(FIGURE),
        figure_at=end + DAY,
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=end - 7 * DAY)
    return activity


def _give_tickets(context: Context, draw: Draw, reason: str, at: datetime) -> None:
    """Three who helped others have two tickets more."""
    helpers = draw.tickets.order_by("pk").values_list("account_id", flat=True)[:3]
    for account in list(helpers):
        tickets.grant(
            draw=draw,
            account_id=account,
            count=2,
            reason=reason,
            by=context.staff["manager"],
            at=at,
        )


def _entrants(context: Context) -> list[int]:
    rows = Account.objects.filter(community=context.community, present=True)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: 3 * ENTRANTS])
    working = working_people.find(ids)
    return [pk for pk in ids if pk not in working][:ENTRANTS]


def _claim(context: Context, texts: Texts, at: datetime) -> None:
    """Most winners claim: one parcel is on its way, others wait, and codes are missing."""
    manager = context.staff["manager"]
    voucher = PrizeStock.objects.get(community=context.community, kind="code")
    lines = "\n".join(f"LATTE-{number:04}" for number in range(3))
    codes.upload(prize=voucher, text=lines, by=manager, at=at)
    rows = Award.objects.filter(community=context.community, source="draw")
    won = list(rows.select_related("stock__community", "community").order_by("pk"))
    for number, award in enumerate(won[:-1]):
        needs_address = award.stock.kind == "goods"
        address = Address(
            recipient=str(Account.objects.get(pk=award.account_id))[:40] or "–",
            phone=f"1380013{number:04}",
            address=texts.street.format(n=100 + number),
        )
        claims.claim(
            award=award,
            way=ClaimedBy.PAGE,
            address=address if needs_address else None,
            at=at + number * timedelta(minutes=7),
        )
    first = next(award for award in won if award.stock.kind == "goods")
    delivery.send(
        award=first,
        carrier="SF",
        parcel_number="SF1020304050",
        by=manager,
        at=at + DAY,
    )
