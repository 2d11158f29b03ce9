"""Points from a year of orders: rules, balances, spends, and a gift to approve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from qunce.activities.points import (
    adjustments,
    past_runs,
    point_settings,
    rules,
    spending,
)
from qunce.activities.points.models import PointLot, PointRule
from qunce.core.lots import NEVER
from qunce.demo.coffee.context import Context
from qunce.sales.models import Order

DAY = timedelta(days=1)
YEAR = 365 * DAY
SPENDERS = 60
MAX_ORDERS = 6_000
"""Of larger communities, the orders of fewer days are taken."""


@dataclass(frozen=True)
class Texts:
    orders: str
    joining: str
    check_in: str
    review: str
    mug: str
    thanks: str


TEXTS = {
    "zh": Texts(
        "购物积分",
        "入会礼",
        "每日打卡",
        "晒单评价",
        "兑换随行杯",
        "帮忙整理了新人手册",
    ),
    "en": Texts(
        "Points for orders",
        "Welcome gift",
        "Daily check-in",
        "Reviews",
        "A travel mug",
        "Helped with the handbook for newcomers",
    ),
}


def create(context: Context) -> None:
    """Create the rules, run that of orders over the past, and spend some of it."""
    community, by, at = context.community, context.owner, context.at
    if PointRule.objects.filter(community=community).exists():
        return
    texts = TEXTS["zh" if community.language.startswith("zh") else "en"]
    point_settings.update(community=community, cost=10_00, by=by, at=at)
    order_rule = _create_rules(context, texts)
    past_runs.run(rule=order_rule, since=_since(context), by=by, at=at)
    richest = list(
        PointLot.objects.filter(community_id=community.pk, last_day__lt=NEVER)
        .values_list("account_id")
        .annotate(points=Sum("left"))
        .order_by("-points", "account_id")[: SPENDERS + 1]
    )
    for number, (account, points) in enumerate(richest[:SPENDERS]):
        spending.spend(
            account_id=account,
            amount=max(points * (30 + number) // 100, 1),
            key=f"mug/{account}",
            reason=texts.mug,
            by=None,
            at=at,
        )
    for account, _points in richest[-1:]:
        adjustments.adjust(
            account_id=account,
            points=2_000,
            reason=texts.thanks,
            key="handbook",
            by=by,
            at=at,
        )


def _since(context: Context) -> datetime:
    """A year ago, or when the oldest of MAX_ORDERS was paid."""
    paid = Order.objects.filter(community_id=context.community.pk).order_by("-paid_at")
    oldest = paid.values_list("paid_at", flat=True)[MAX_ORDERS : MAX_ORDERS + 1]
    return max([context.at - YEAR, *oldest])


def _create_rules(context: Context, texts: Texts) -> PointRule:
    """Create and switch on the rules; returns that of orders."""
    by, before = context.owner, context.at - YEAR
    common: dict[str, Any] = {
        "community": context.community,
        "starts_at": context.at,
        "by": by,
        "at": before,
    }
    made = [
        rules.create(
            name=texts.orders,
            event="order",
            points=1,
            per_amount=10_00,
            valid_days=365,
            month_cap=500,
            **common,
        ),
        rules.create(
            name=texts.joining, event="join", points=20, valid_days=90, **common
        ),
        rules.create(
            name=texts.check_in, event="check_in", points=2, day_cap=2, **common
        ),
        rules.create(
            name=texts.review, event="review", points=10, week_cap=30, **common
        ),
    ]
    for rule in made:
        rules.switch_on(rule=rule, by=by, at=before)
    return made[0]
