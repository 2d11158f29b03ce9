"""Targets of goals: read from a text, written as a text, and as exact numbers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import decimals, errors, money
from qunce.insight import metric_definitions, ratios
from qunce.insight.metric_definitions import Metric, Ratio

if TYPE_CHECKING:
    from qunce.insight.goals.models import Goal

MAX_TARGET, MAX_PERCENT = Decimal(10) ** 12, Decimal(1_000)
MAX_TEXT = 40


class InvalidTarget(errors.Invalid):
    """The text is no number that the metric can have."""


def is_percent(entry: Metric | Ratio) -> bool:
    return entry.unit == metric_definitions.PERCENT


def parse(text: str, entry: Metric | Ratio, currency: str) -> Decimal:
    """`"12,000"` → `Decimal("12000")`; a sign for per cent or the currency may stand by.

    Raises InvalidTarget.
    """
    shown = text.strip()[:MAX_TEXT]
    plain = text.strip().replace("，", ",").replace(",", "").replace("％", "%")
    if is_percent(entry):
        plain = plain.removesuffix("%").strip()
    if entry.is_money:
        plain = plain.upper().removeprefix(currency).strip()
    try:
        target = decimals.parse(plain)
    except decimals.NotADecimal:
        raise InvalidTarget(
            _("“%(text)s” is not a target. Write a number, such as 300.")
            % {"text": shown}
        ) from None
    check(target, entry, currency)
    return target


def check(target: Decimal, entry: Metric | Ratio, currency: str) -> None:
    """Raise InvalidTarget for a target that the metric cannot have."""
    most = MAX_PERCENT if is_percent(entry) else MAX_TARGET
    if not 0 <= target <= most:
        raise InvalidTarget(
            _("A target is between 0 and %(most)s.") % {"most": f"{most:,}"}
        )
    places = 0
    if is_percent(entry):
        places = 2
    elif entry.is_money:
        places = money.decimal_places(currency)
    if target != round(target, places):
        raise InvalidTarget(
            _("The target of this metric has at most %(n)s decimals.") % {"n": places}
            if places
            else _("The target of this metric is a whole number.")
        )


def to_number(goal: Goal, entry: Metric | Ratio) -> Fraction:
    """The target in the unit of the metric's own numbers."""
    target = Fraction(goal.target)
    if is_percent(entry):
        return target / 100
    if entry.is_money:
        scale: int = 10 ** money.decimal_places(goal.currency)
        return target * scale
    return target


def format_target(goal: Goal, entry: Metric | Ratio | None) -> str:
    """`"300"`, `"45 %"` or `"CNY 12,000.00"`."""
    if entry is None:
        return format_plain(goal.target)
    if is_percent(entry):
        return f"{format_plain(goal.target)} %"
    return format_value(to_number(goal, entry), entry, goal.currency)


def format_plain(target: Decimal) -> str:
    """The digits without zeros at the end; 300.500000 → `"300.5"`."""
    return f"{target.normalize():,f}"


def to_plain(target: Decimal) -> str:
    """The digits for programs; 1200.500000 → `"1200.5"`."""
    return f"{target.normalize():f}"


def format_value(value: Fraction, entry: Metric | Ratio, currency: str) -> str:
    """A number of the metric, as pages show it."""
    if is_percent(entry):
        return ratios.format_percent(value)
    number = round(value)
    text = f"{abs(number):,}"
    if entry.is_money:
        text = money.format_with_currency(abs(number), currency)
    return f"\N{MINUS SIGN}{text}" if number < 0 else text
