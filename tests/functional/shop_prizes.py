"""A draw that was drawn, and prizes that wait to be handed over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop

HOUR = timedelta(hours=1)


def add_prizes(shop: TeaShop) -> None:
    from qunce.activities.activities import activities, lifecycle
    from qunce.activities.draws import draws, results
    from qunce.activities.kinds import base
    from qunce.activities.prizes import claims, prizes
    from qunce.activities.prizes.addresses import Address
    from qunce.activities.prizes.models import Award, ClaimedBy
    from qunce.core.staff.models import Staff

    start = shop.at - 5 * HOUR
    fields = shop.in_shop(name="紫砂壶", kind="goods", total=9, value=88_00)
    prize = prizes.create(**fields | {"at": start})
    fields = shop.in_shop(
        kind="draw",
        name="茶壶抽奖",
        text="留言就能参加",
        refusal="只给老茶友",
        may_join={"all": []},
        starts_at=start,
        ends_at=shop.at - 2 * HOUR,
    )
    activity = activities.create(**fields | {"at": start})
    draw = draws.prepare(activity=activity, by=shop.owner, at=start)
    draws.set_prizes(draw=draw, prizes=[(prize, 4)], by=shop.owner, at=start)
    lifecycle.submit(activity=activity, by=shop.owner, at=start)
    others = Staff.objects.filter(community=shop.community, role="manager")
    second = others.exclude(pk=shop.owner.pk).order_by("pk")[0]
    lifecycle.approve(activity=activity, by=second, at=start)
    for account in shop.accounts[1:5]:
        base.take_part(
            activity=activity,
            account_id=account.pk,
            way=base.Way.PORTAL,
            key="tea",
            at=start + HOUR,
        )
    lifecycle.close(activity=activity, by=shop.owner, at=shop.at - 2 * HOUR)
    draw.refresh_from_db()
    results.complete(
        draw=draw,
        public_value="ab" * 32,
        public_bytes=b"\xab" * 32,
        signature="cd" * 48,
        at=shop.at - HOUR,
    )
    # Everybody wins, so that it is always the same member whose prize is claimed.
    award = Award.objects.get(stock=prize, account_id=shop.accounts[1].pk)
    claims.claim(
        award=award,
        way=ClaimedBy.PAGE,
        address=Address(
            recipient="茶友甲", phone="13800138000", address="杭州市龙井路 1 号"
        ),
        at=shop.at,
    )
    shop.ids |= {"prize": prize.pk, "award": award.pk, "activity_of_draw": activity.pk}
