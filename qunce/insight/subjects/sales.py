"""Metrics of orders and money. The days are those of payment and of refund."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import COMMUNITY, Subject, declare
from qunce.sets import daily_totals

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery

SUBJECT = Subject(
    key="sales",
    position=3,
    label=_("Orders and sales"),
    hint=_("Import orders, or let your shop report them through the API."),
)
PAID_KINDS = ("order.paid", "order.amended")
REFUND_KINDS = ("order.refunded",)


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Orders"),
    unit=metric_definitions.ORDERS,
    definition=_(
        "Orders paid that day, including zero-amount orders and orders refunded later."
    ),
    on_today=True,
)
def orders(query: MetricQuery) -> list[int]:
    return query.sum_facts("order.paid").counts


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Buyers"),
    unit=metric_definitions.PEOPLE,
    definition=_("Members who paid at least one order that day."),
    additive=False,
    on_today=True,
)
def buyers(query: MetricQuery) -> list[int]:
    return daily_totals.count_people_by_day(kinds=["order.paid"], **query.params)


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Paid amount (gross)"),
    unit=metric_definitions.MONEY,
    definition=_(
        "The amount paid that day, including later corrections, before "
        "refunds. Other currencies are converted at the exchange rate of that day."
    ),
)
def paid(query: MetricQuery) -> list[int]:
    return query.sum_facts(*PAID_KINDS).amounts


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Refunded amount"),
    unit=metric_definitions.MONEY,
    definition=_(
        "The amount refunded that day, whenever the order was paid. Other currencies "
        "are converted at the exchange rate of the order."
    ),
)
def refunded(query: MetricQuery) -> list[int]:
    return query.sum_facts(*REFUND_KINDS).amounts


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Net sales"),
    unit=metric_definitions.MONEY,
    definition=_("The paid amount of that day less the amount refunded that day."),
    on_today=True,
)
def net_sales(query: MetricQuery) -> list[int]:
    return [
        gross - back for gross, back in zip(paid(query), refunded(query), strict=True)
    ]
