"""Ratios: a numerator, a denominator, and the one rule when there is not enough to say."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import money
from qunce.insight import small_numbers
from qunce.insight.metric_definitions import METRICS, RATIOS, Ratio

if TYPE_CHECKING:
    from qunce.insight.metric_query import MetricQuery


@dataclass(frozen=True, kw_only=True)
class RatioValue:
    """The two numbers of a ratio, and of how many people it is."""

    ratio: Ratio
    numerator: int
    denominator: int
    people: int | None
    currency: str = ""

    @property
    def is_enough(self) -> bool:
        if self.people is not None and self.people < small_numbers.MIN_PEOPLE:
            return False
        return self.denominator > 0

    @property
    def value(self) -> Fraction | None:
        """The exact ratio; None if there are too few people for one."""
        if not self.is_enough:
            return None
        return Fraction(self.numerator, self.denominator)

    @property
    def text(self) -> str:
        if self.value is None:
            return _("not enough to say")
        if self.ratio.is_money:
            return money.format_with_currency(round(self.value), self.currency)
        return format_percent(self.value)


def format_percent(value: Fraction) -> str:
    text = f"{float(100 * value):,.1f} %"
    return text.replace("-", "\N{MINUS SIGN}")


def compute(name: str, query: MetricQuery) -> RatioValue:
    """The ratio of a query's whole span."""
    ratio = RATIOS[name]
    numbers = [
        sum(METRICS[part].by_day(query))
        if ratio.adds_days
        else METRICS[part].over_span(query)
        for part in (ratio.numerator, ratio.denominator)
    ]
    people = METRICS[ratio.people].over_span(query) if ratio.people else None
    return RatioValue(
        ratio=ratio,
        numerator=numbers[0],
        denominator=numbers[1],
        people=people,
        currency=query.community.currency if ratio.is_money else "",
    )
