"""A draw that runs and whose text is not posted yet, one to approve, and one to review."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def add_activities(shop: TeaShop) -> None:
    from qunce import reactions
    from qunce.activities import announcements
    from qunce.activities.activities import activities, lifecycle
    from qunce.activities.draws import draws
    from qunce.activities.kinds import base
    from qunce.activities.prizes import prizes
    from qunce.insight.goals.models import Goal

    chen, start = shop.staff["chen"], shop.at - HOUR
    common = {
        "refusal": "只给群里的茶友",
        "groups": [shop.ids["group"]],
        "may_join": {"all": []},
    }
    prize = prizes.create(
        **shop.in_shop(name="茶券", kind="code", total=20, cost=5_00) | {"at": start}
    )
    live = activities.create(
        **shop.in_shop(kind="draw", name="今晚抽茶券", text="回复就能参加", **common)
        | {"at": start},
        starts_at=start,
        ends_at=shop.at + 2 * DAY,
        goal=Goal.objects.order_by("pk")[0].pk,
        notified={"all": []},
        money_limit=100_00,
        announcements={"start": (0, "抽茶券开始了：发“抽奖”")},
    )
    draw = draws.prepare(activity=live, by=shop.owner, at=start)
    draws.set_prizes(draw=draw, prizes=[(prize, 5)], by=shop.owner, at=start)
    lifecycle.submit(activity=live, by=shop.owner, at=start)
    lifecycle.approve(activity=live, by=chen, at=start)
    for account in shop.accounts[1:9]:
        base.take_part(
            activity=live, account_id=account.pk, way=base.Way.CHAT, key="t", at=start
        )
    announcements.announce(
        announcement=live.announcements.get(), by=shop.owner, at=shop.at
    )
    reactions.CONSUMER.catch_up(at=shop.at)
    waiting = activities.create(
        **shop.in_shop(kind="check_in", name="早茶打卡", text="每天一杯", **common),
        starts_at=shop.at + DAY,
    )
    lifecycle.submit(activity=waiting, by=shop.owner, at=shop.at)
    over = activities.create(
        **shop.in_shop(kind="check_in", name="读茶书打卡", text="读十页", **common)
        | {"at": shop.at - 9 * DAY},
        starts_at=shop.at - 9 * DAY,
        ends_at=shop.at - 2 * DAY,
        goal=live.goal_id,
    )
    lifecycle.submit(activity=over, by=shop.owner, at=shop.at - 9 * DAY)
    lifecycle.approve(activity=over, by=chen, at=shop.at - 9 * DAY)
    for account in shop.accounts[1:7]:
        base.take_part(
            activity=over,
            account_id=account.pk,
            way=base.Way.PORTAL,
            key="t",
            at=shop.at - 8 * DAY,
        )
    lifecycle.move_due(at=shop.at - 2 * DAY)
    shop.ids |= {
        "activity_live": live.pk,
        "activity_waiting": waiting.pk,
        "activity_over": over.pk,
        "prize_live": prize.pk,
    }
