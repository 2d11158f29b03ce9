"""Metrics of orders and money. The days are those of payment and of refund."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from qunce.core.facts import facts
from qunce.insight import metric_definitions
from qunce.insight.metric_definitions import (
    COMMUNITY,
    Place,
    Ratio,
    Subject,
    declare,
    declare_of_span,
    declare_ratio,
)
from qunce.sets import daily_totals, span_totals

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery

SUBJECT = Subject(
    key="sales",
    position=3,
    label=_("Orders and sales"),
    hint=_("Import orders, or let your shop report them through the API."),
)
ORDER_KINDS = ("order.paid",)
PAID_KINDS = (*ORDER_KINDS, "order.amended")
REFUND_KINDS = ("order.refunded",)


def _paid_rule(condition: dict[str, Any]) -> dict[str, Any]:
    """The rule of people who paid such orders; nobody if none was ever paid anywhere."""
    (kind,) = ORDER_KINDS
    if facts.find_kind(kind) is None:
        return {"any": []}
    return {"with_left": {"did": {"kind": kind, **condition}}}


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Orders"),
    unit=metric_definitions.ORDERS,
    definition=_(
        "Orders paid that day, including zero-amount orders and orders refunded later."
    ),
    formula="number of order.paid",
    places=(Place.TODAY, Place.OVERVIEW, Place.ORDERS),
)
def orders(query: MetricQuery) -> list[int]:
    return query.sum_facts("order.paid").counts


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Buyers"),
    unit=metric_definitions.PEOPLE,
    definition=_("Members who paid at least one order that day."),
    formula="people with order.paid",
    additive=False,
    span=lambda query: len(query.find_people(*ORDER_KINDS)),
    rule=lambda query: _paid_rule(query.window),
    places=(Place.TODAY, Place.OVERVIEW),
)
def buyers(query: MetricQuery) -> list[int]:
    return daily_totals.count_people_by_day(kinds=ORDER_KINDS, **query.params)


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("First-time buyers"),
    unit=metric_definitions.PEOPLE,
    definition=_("Members who paid the first order of their lives here that day."),
    formula="people whose first order.paid is of the day",
    rule=lambda query: _paid_rule({"first": query.window}),
)
def new_buyers(query: MetricQuery) -> list[int]:
    return span_totals.count_new_people_by_day(kinds=ORDER_KINDS, **query.params)


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Paid amount (gross)"),
    unit=metric_definitions.MONEY,
    definition=_(
        "The amount paid that day, including later corrections, before "
        "refunds. Other currencies are converted at the exchange rate of that day."
    ),
    formula="Σ amount of order.paid and order.amended",
    places=(Place.OVERVIEW, Place.ORDERS),
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
    formula="Σ amount of order.refunded",
    places=(Place.OVERVIEW, Place.ORDERS),
)
def refunded(query: MetricQuery) -> list[int]:
    return query.sum_facts(*REFUND_KINDS).amounts


@declare(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Net sales"),
    unit=metric_definitions.MONEY,
    definition=_("The paid amount of that day less the amount refunded that day."),
    formula="paid − refunded",
    places=(Place.TODAY, Place.OVERVIEW, Place.ORDERS),
)
def net_sales(query: MetricQuery) -> list[int]:
    return [
        gross - back for gross, back in zip(paid(query), refunded(query), strict=True)
    ]


@declare_of_span(
    COMMUNITY,
    subject=SUBJECT,
    label=_("Repeat buyers"),
    unit=metric_definitions.PEOPLE,
    definition=_("Members who paid at least two orders in the span."),
    formula="people with 2 or more order.paid",
    rule=lambda query: _paid_rule({"times": {"gte": 2}, **query.window}),
    places=(Place.OVERVIEW,),
)
def repeat_buyers(query: MetricQuery) -> int:
    return span_totals.count_people_with_several(
        kinds=ORDER_KINDS, times=2, **query.params
    )


declare_ratio(
    Ratio(
        name="average_order",
        label=_("Average order"),
        unit=metric_definitions.MONEY,
        definition=_("The paid amount of a span divided by its paid orders."),
        formula="paid ÷ orders",
        levels=(COMMUNITY,),
        subject=SUBJECT,
        places=(Place.OVERVIEW,),
        numerator="paid",
        denominator="orders",
    )
)
declare_ratio(
    Ratio(
        name="repurchase_rate",
        label=_("Repurchase rate"),
        unit=metric_definitions.PERCENT,
        definition=_("Repeat buyers of a span as a share of its buyers."),
        formula="repeat_buyers ÷ buyers",
        levels=(COMMUNITY,),
        subject=SUBJECT,
        places=(Place.OVERVIEW,),
        numerator="repeat_buyers",
        denominator="buyers",
        people="buyers",
    )
)
