"""The identity of sales: the metrics of all days are the totals of the orders."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Max, Min
from django.utils.translation import gettext_lazy as _

from qunce.core import community_days, exchange_rates
from qunce.insight import identities, metrics
from qunce.insight.identities import Comparison, Question
from qunce.sales import order_totals
from qunce.sales.models import Order

NAMES = ("orders", "paid", "refunded", "net_sales")


@identities.register(
    "sales",
    statement=_(
        "Orders, paid, refunded and net amounts of all days are those of the list of orders, "
        "in the smallest unit. With other currencies, each day is rounded once."
    ),
    metrics=NAMES,
)
def compare_sales(question: Question) -> Iterator[Comparison]:
    community = question.community
    orders = Order.objects.filter(community_id=community.pk)
    span = orders.aggregate(first=Min("paid_at"), last=Max("paid_at"))
    if span["first"] is None:
        return
    today = community.day(question.at)
    first = community.day(span["first"])
    # A refund can be later than every payment, and both can be dated a little ahead.
    last = max(today, community.day(span["last"])) + 1
    by_day = metrics.compute_for_community(
        community=community,
        first=community_days.to_date(first),
        last=community_days.to_date(last),
        by=question.by,
        at=question.at,
        names=NAMES,
    )
    listed = order_totals.sum_sales(community, at=question.at)
    unrated = sum(rest.orders for rest in listed.left_out)
    total = listed.total
    yield Comparison(
        where="orders", left=sum(by_day["orders"]), right=total.orders + unrated
    )
    rounding = exchange_rates.list_factors(community)
    amounts = {"paid": total.paid, "refunded": total.refunded, "net_sales": total.net}
    for name, right in amounts.items():
        left = sum(by_day[name])
        if rounding and abs(left - right) <= last - first + 1:
            left = right
        yield Comparison(where=name, left=left, right=right)
