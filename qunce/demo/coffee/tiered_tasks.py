"""A tiered task that is open: members with progress, and some who reached a tier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import translation

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base, tiered_task
from qunce.activities.prizes.models import PrizeStock
from qunce.activities.tiered_tasks import judging
from qunce.demo.coffee.context import Context
from qunce.groups import working_people
from qunce.members.accounts.models import Account
from qunce.sales.models import Order
from qunce.sets.mirror import deriver

DAY, MEMBERS = timedelta(days=1), 24


@dataclass(frozen=True)
class Texts:
    name: str
    text: str
    refusal: str
    tiers: tuple[tuple[str, str, int], ...]


TEXTS = {
    "zh": Texts(
        "三月三关",
        "一个月三关：下单、再下单、常下单。过一关得一关的积分。",
        "这个任务给老朋友，先加入再来。",
        (
            ("下单 1 次", "付款至少 1 次", 20),
            ("下单 3 次，不退款", "付款至少 3 次且没有退款", 80),
            ("下单 5 次", "付款至少 5 次", 200),
        ),
    ),
    "en": Texts(
        "Three steps in a month",
        "Order once, order again, and come back. Each tier has its points.",
        "This task is for friends of the house. Join first.",
        (
            ("Order once", "paid an order at least 1 times", 20),
            (
                "Order 3 times, no refund",
                "paid an order at least 3 times and never refunded",
                80,
            ),
            ("Order 5 times", "paid an order at least 5 times", 200),
        ),
    ),
}


def create(context: Context) -> None:
    """Create the task, unless there is one."""
    rows = Activity.objects.filter(community=context.community, kind=tiered_task.KEY)
    if rows.exists():
        return
    texts = TEXTS[context.simulation.settings.language]
    with translation.override(context.community.language):
        activity = _open(context, texts)
        for number, account in enumerate(_members(context)):
            base.take_part(
                activity=activity,
                account_id=account,
                way=Way.CHAT if number % 2 else Way.PORTAL,
                key=f"demo:{number}",
                at=context.at - DAY + number * timedelta(minutes=20),
            )
    deriver.catch_up()
    judging.judge(activity, at=context.at)


def _open(context: Context, texts: Texts) -> Activity:
    manager, at = context.staff["manager"], context.at - 30 * DAY
    # The last one of a list of prizes that the demo has, if it has any.
    prize = PrizeStock.objects.filter(
        community=context.community, kind="code", archived_at__isnull=True
    ).order_by("pk")
    stock = [str(pk) for pk in prize.values_list("pk", flat=True)[:1]]
    tiers: list[dict[str, Any]] = [
        {"text": text, "rule": rule, "points": points, "prize": ""}
        for text, rule, points in texts.tiers
    ]
    tiers[-1]["prize"] = "".join(stock)
    activity = activities.create(
        community=context.community,
        kind=tiered_task.KEY,
        name=texts.name,
        text=texts.text,
        refusal=texts.refusal,
        settings={"tiers": tiers},
        starts_at=at,
        ends_at=context.at + 5 * DAY,
        points_limit=20_000,
        by=manager,
        at=at,
    )
    lifecycle.submit(activity=activity, by=manager, at=at)
    lifecycle.approve(activity=activity, by=context.owner, at=at)
    return activity


def _members(context: Context) -> list[int]:
    """Members who ordered in the last weeks, and who are still there."""
    rows = Order.objects.filter(
        community_id=context.community.pk,
        paid_at__gte=context.at - 28 * DAY,
        account_id__isnull=False,
    )
    chosen = rows.order_by("account_id").values_list("account_id", flat=True)
    ids = [pk for pk in chosen.distinct()[: 3 * MEMBERS] if pk is not None]
    present = Account.objects.filter(pk__in=ids, present=True).order_by("pk")
    found = list(present.values_list("pk", flat=True))
    working = working_people.find(found)
    return [account for account in found if account not in working][:MEMBERS]
