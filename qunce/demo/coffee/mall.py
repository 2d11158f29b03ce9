"""A points mall with redemptions, an auction with bids, and a flash sale that is sold out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import auction, base, flash_sale, mall
from qunce.activities.points.models import PointLot
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import PrizeStock
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.members.accounts.models import Account

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
PEOPLE, PIECES = 16, 5


@dataclass(frozen=True)
class Texts:
    mall: str
    mall_text: str
    refusal: str
    items: tuple[tuple[str, str, int], ...]
    auction: str
    auction_text: str
    auction_prize: str
    sale: str
    sale_text: str
    sale_prize: str
    place: str


TEXTS = {
    "zh": Texts(
        "咖啡积分商城",
        "买咖啡攒的积分，可以换下面这些。换错了半小时内能撤。",
        "积分商城给登记过的用户，先进群再来。",
        (
            ("挂耳咖啡一盒", "pick_up", 60),
            ("店徽帆布袋", "pick_up", 80),
            ("手冲体验课", "service", 150),
        ),
        "签名拉花缸竞拍",
        "店长用过三年的拉花缸，签名版，只有一只。写“竞拍”加积分就能出价。",
        "店长签名拉花缸",
        "新豆尝鲜秒杀",
        "耶加雪菲新豆 100 克，一共 5 份。抢到后 15 分钟内确认，不确认给候补的人。",
        "耶加雪菲新豆 100 克",
        "任意门店，到店报手机尾号。",
    ),
    "en": Texts(
        "Coffee points mall",
        "What you earned with coffee buys these. Undo it within half an hour.",
        "The mall is for members. Become one first.",
        (
            ("Box of drip bags", "pick_up", 60),
            ("Canvas bag", "pick_up", 80),
            ("Pour-over lesson", "service", 150),
        ),
        "Auction of the signed pitcher",
        "The pitcher that our manager has used for three years, signed. Write “bid” and "
        "your points.",
        "Signed milk pitcher",
        "Flash sale of the new beans",
        "100 g of the new Yirgacheffe, five bags. Confirm within 15 minutes, or the next "
        "one gets it.",
        "Yirgacheffe, 100 g",
        "At any shop. Say the last digits of your phone number.",
    ),
}


def create(context: Context) -> None:
    """Create all three, unless there is a mall."""
    rows = Activity.objects.filter(community=context.community, kind=mall.MALL.key)
    if rows.exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language), transaction.atomic():
        people = _list_people(context)
        _create_mall(context, texts, people)
        _create_auction(context, texts, people)
        _create_sale(context, texts, people)


def _list_people(context: Context) -> list[int]:
    """Those with the most points who do not work here."""
    present = Account.objects.filter(community=context.community, present=True)
    rows = (
        PointLot.objects.filter(
            account_id__in=present.values("pk"),
            usable_from__lte=context.community.day(context.at),
            last_day__gte=context.community.day(context.at),
        )
        .values("account_id")
        .annotate(points=Sum("left"))
        .filter(points__gte=60)
        .order_by("-points", "account_id")
    )
    ids = list(rows.values_list("account_id", flat=True)[: 2 * PEOPLE])
    working = working_people.find(ids)
    return [pk for pk in ids if pk not in working][:PEOPLE]


def _prize(context: Context, name: str, kind: str, texts: Texts) -> PrizeStock:
    return prizes.create(
        community=context.community,
        name=name,
        kind=kind,
        total=20,
        instructions=texts.place,
        by=context.staff["manager"],
        at=context.at - 6 * DAY,
    )


def _publish(
    context: Context, kind: str, name: str, text: str, settings: Any, texts: Texts
) -> Activity:
    manager, at = context.staff["manager"], context.at - 2 * DAY
    activity = activities.create(
        community=context.community,
        kind=kind,
        name=name,
        text=text,
        refusal=texts.refusal,
        may_join={"all": []},
        starts_at=at,
        ends_at=context.at + 5 * DAY,
        settings=settings,
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    return activity


def _create_mall(context: Context, texts: Texts, people: list[int]) -> None:
    items = [
        {
            "prize": str(_prize(context, name, kind, texts).pk),
            "price": price,
            "most": 2,
        }
        for name, kind, price in texts.items
    ]
    settings = {"items": items, "undo_minutes": 30}
    activity = _publish(
        context, mall.MALL.key, texts.mall, texts.mall_text, settings, texts
    )
    for number, account in enumerate(people[:8]):
        at = context.at - (30 - number) * MINUTE
        _say(activity, account, str(number % 2 + 1), at)


def _create_auction(context: Context, texts: Texts, people: list[int]) -> None:
    prize = _prize(context, texts.auction_prize, "pick_up", texts)
    activity = _publish(
        context,
        auction.AUCTION.key,
        texts.auction,
        texts.auction_text,
        {"prize": str(prize.pk), "start": 20, "step": 5},
        texts,
    )
    for number, account in enumerate(people[4:9]):
        at = context.at - (20 - number) * MINUTE
        _say(activity, account, str(20 + 7 * number), at)


def _create_sale(context: Context, texts: Texts, people: list[int]) -> None:
    prize = _prize(context, texts.sale_prize, "pick_up", texts)
    activity = _publish(
        context,
        flash_sale.FLASH_SALE.key,
        texts.sale,
        texts.sale_text,
        {
            "prize": str(prize.pk),
            "pieces": PIECES,
            "most": 1,
            "hold_minutes": 15,
            "price_points": 40,
            "order_amount": None,
        },
        texts,
    )
    for number, account in enumerate(people[-PIECES - 2 :]):
        at = context.at - 12 * MINUTE + number * MINUTE
        is_late = number >= PIECES
        _say(activity, account, "waitlist" if is_late else "", at)
        if number < 2:
            _say(activity, account, "confirm", at + MINUTE / 2)


def _say(activity: Activity, account: int, said: str, at: datetime) -> None:
    base.take_part(
        activity=activity,
        account_id=account,
        way=Way.CHAT,
        said=said,
        key=f"demo:{said}:{at:%d%H%M%S}",
        at=at,
    )
