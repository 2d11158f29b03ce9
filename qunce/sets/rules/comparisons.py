"""Comparisons in a rule, such as `{"gte": 2, "lt": 5}`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import decimals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qunce.sets.rules.base import RulePath

SIGNS = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<", "eq": "="}
MAX_NUMBER = 2**53
"""Whole numbers up to here are exact in every JSON parser."""
INT64 = 2**63 - 1


class Counts(Protocol):
    """A number of each person, such as that of a bit counter; 0 without one."""

    def at_least(self, number: int) -> BitMap: ...


@dataclass(frozen=True)
class Comparison:
    """Bounds on a whole number, all of which must hold."""

    parts: tuple[tuple[str, int], ...]

    def bounds(self) -> tuple[int, int]:
        """The lowest and highest number that hold; none does if lowest > highest."""
        minimum, maximum = -MAX_NUMBER, MAX_NUMBER
        for sign, bound in self.parts:
            if sign in ("gte", "gt", "eq"):
                minimum = max(minimum, bound + (sign == "gt"))
            if sign in ("lte", "lt", "eq"):
                maximum = min(maximum, bound - (sign == "lt"))
        return minimum, maximum

    def select(self, counter: Counts, everyone: BitMap) -> BitMap:
        """The people of `everyone` whose count holds; a missing count is 0."""
        minimum, maximum = self.bounds()
        if minimum > maximum or maximum < 0:
            return BitMap()
        selected = everyone if minimum <= 0 else counter.at_least(minimum)
        if maximum < MAX_NUMBER:
            selected = selected - counter.at_least(maximum + 1)
        return selected

    def format(self) -> str:
        return ", ".join(f"{SIGNS[sign]} {bound}" for sign, bound in self.parts)


@dataclass(frozen=True)
class DecimalComparison:
    """Bounds on an exact decimal number, all of which must hold."""

    parts: tuple[tuple[str, Decimal], ...]

    def bounds(self, unit: Fraction | int) -> tuple[int | None, int | None]:
        """The lowest and highest whole number of units that hold; None is no bound.

        There are `unit` units in 1: with 100 units a bound of 2.5 is 250 units.
        """
        minimum: int | None = None
        maximum: int | None = None
        for sign, bound in self.parts:
            exact = Fraction(bound) * unit
            # A bound between two units is rounded to the unit that is inside.
            low = math.floor(exact) + 1 if sign == "gt" else math.ceil(exact)
            high = math.ceil(exact) - 1 if sign == "lt" else math.floor(exact)
            if sign in ("gte", "gt", "eq"):
                minimum = low if minimum is None else max(minimum, low)
            if sign in ("lte", "lt", "eq"):
                maximum = high if maximum is None else min(maximum, high)
        return minimum, maximum

    def holds(self, number: Decimal | int) -> bool:
        exact = Fraction(number)
        minimum, maximum = self.bounds(exact.denominator)
        return (minimum is None or exact.numerator >= minimum) and (
            maximum is None or exact.numerator <= maximum
        )

    def mask(self, numbers: NDArray[np.int64], unit: int) -> NDArray[np.bool_]:
        """Which numbers hold, which are whole numbers of units, same shape."""
        minimum, maximum = self.bounds(unit)
        mask: NDArray[np.bool_] = numbers == numbers
        if numbers.dtype != object:
            # NumPy raises OverflowError when it compares with a larger integer.
            if (minimum or 0) > INT64 or (maximum or 0) < -INT64:
                return ~mask
            minimum = None if (minimum or 0) < -INT64 else minimum
            maximum = None if (maximum or 0) > INT64 else maximum
        if minimum is not None:
            mask &= (numbers >= minimum).astype(bool)
        if maximum is not None:
            mask &= (numbers <= maximum).astype(bool)
        return mask

    def format(self, format_bound: Callable[[Decimal], str] | None = None) -> str:
        format_bound = format_bound or format_number
        return ", ".join(
            f"{SIGNS[sign]} {format_bound(bound)}" for sign, bound in self.parts
        )


AT_LEAST_ONCE = Comparison((("gte", 1),))


def format_number(number: Decimal | int) -> str:
    """The number in plain digits, without zeros at its end."""
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse(value: Any, path: RulePath) -> Comparison:
    _check_signs(value, path)
    for sign, bound in value.items():
        if isinstance(bound, bool) or not isinstance(bound, int):
            path.child(sign).fail(_("Compare with a whole number."))
        if abs(bound) > MAX_NUMBER:
            path.child(sign).fail(_("This number is too large."))
    return Comparison(tuple(sorted(value.items())))


def parse_decimals(value: Any, path: RulePath) -> DecimalComparison:
    """Like `parse`, with decimals; a text such as "0.10" keeps all of its digits."""
    _check_signs(value, path)
    parts = [
        (sign, parse_decimal(bound, path.child(sign))) for sign, bound in value.items()
    ]
    return DecimalComparison(tuple(sorted(parts)))


def parse_decimal(value: Any, path: RulePath) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        path.fail(_("Compare with a number."))
    try:
        # By its text, since 0.1 as a binary fraction is not what was written.
        number = Decimal(str(value))
    except InvalidOperation:
        path.fail(_("Compare with a number."))
    if not decimals.is_countable(number):
        path.fail(_("This number is too large."))
    return number


def _check_signs(value: Any, path: RulePath) -> None:
    if not isinstance(value, dict) or not value:
        path.fail(_("Write a comparison like {“gte”: 2}."))
    for sign in value:
        if sign not in SIGNS:
            path.child(sign).fail(
                _("Unknown comparison “%(sign)s”. Available comparisons: %(all)s.")
                % {"sign": sign, "all": ", ".join(SIGNS)}
            )
