"""A rule of points, a balance with its history, and points that wait for approval."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop


def add_points(shop: TeaShop) -> None:
    from qunce.activities.points import adjustments, earning, rules

    rule = rules.create(
        **shop.in_shop(name="晒单积分", event="review", points=10, day_cap=20)
    )
    rules.switch_on(rule=rule, by=shop.owner, at=shop.at)
    account = shop.accounts[1].pk
    earning.earn(
        account_id=account,
        rule_key=rule.key,
        source_key="review/1",
        by=shop.owner,
        at=shop.at,
    )
    adjustments.adjust(
        account_id=account,
        points=5_000,
        reason="帮忙布置会场",
        key="fair",
        by=shop.owner,
        at=shop.at,
    )
    shop.ids |= {"point_rule": rule.pk, "points_of": account}
