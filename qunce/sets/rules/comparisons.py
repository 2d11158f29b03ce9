"""Comparisons in a rule, such as `{"gte": 2, "lt": 5}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from pyroaring import BitMap

if TYPE_CHECKING:
    from qunce.sets.bitmaps.bit_counters import BitCounter
    from qunce.sets.rules.base import RulePath

SIGNS = {"gte": "≥", "gt": ">", "lte": "≤", "lt": "<", "eq": "="}
MAX_NUMBER = 2**53
"""Whole numbers up to here are exact in every JSON parser."""


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

    def select(self, counter: BitCounter, everyone: BitMap) -> BitMap:
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


AT_LEAST_ONCE = Comparison((("gte", 1),))


def parse(value: Any, path: RulePath) -> Comparison:
    if not isinstance(value, dict) or not value:
        path.fail(_("Write a comparison like {“gte”: 2}."))
    for sign, bound in value.items():
        if sign not in SIGNS:
            path.child(sign).fail(
                _("Unknown comparison “%(sign)s”. Available comparisons: %(all)s.")
                % {"sign": sign, "all": ", ".join(SIGNS)}
            )
        if isinstance(bound, bool) or not isinstance(bound, int):
            path.child(sign).fail(_("Compare with a whole number."))
        if abs(bound) > MAX_NUMBER:
            path.child(sign).fail(_("This number is too large."))
    return Comparison(tuple(sorted(value.items())))
