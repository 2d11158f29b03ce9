"""Comparisons in a rule: `{"gte": 2, "lt": 5}`."""

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


@dataclass(frozen=True)
class Comparison:
    """Every part has to hold. Works on whole numbers."""

    parts: tuple[tuple[str, int], ...]

    def holds(self, number: int) -> bool:
        return all(_holds(sign, number, bound) for sign, bound in self.parts)

    def bounds(self) -> tuple[int, int]:
        """The least and the largest number that hold; least > largest if none does."""
        least, most = -MAX_NUMBER, MAX_NUMBER
        for sign, bound in self.parts:
            if sign in ("gte", "gt", "eq"):
                least = max(least, bound + (sign == "gt"))
            if sign in ("lte", "lt", "eq"):
                most = min(most, bound - (sign == "lt"))
        return least, most

    def select(self, stack: BitCounter, everyone: BitMap) -> BitMap:
        """Those of `everyone` whose count in `stack` holds; a missing count is 0."""
        least, most = self.bounds()
        if least > most or most < 0:
            return BitMap()
        found = everyone if least <= 0 else stack.at_least(least)
        return found - stack.at_least(most + 1) if most < MAX_NUMBER else found

    def say(self) -> str:
        return ", ".join(f"{SIGNS[sign]} {bound}" for sign, bound in self.parts)


def _holds(sign: str, number: int, bound: int) -> bool:
    if sign == "gte":
        return number >= bound
    if sign == "gt":
        return number > bound
    if sign == "lte":
        return number <= bound
    return number < bound if sign == "lt" else number == bound


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
