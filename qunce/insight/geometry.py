"""Where things of a chart stand. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

APART = 16
"""Pixels that two names need between them."""


def spread(places: Sequence[float]) -> list[float]:
    """Moves labels so that any two stand APART, in order, their middle kept."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    found = list(places)
    for below, number in itertools.pairwise(order):
        found[number] = max(found[number], found[below] + APART)
    back = (sum(found) - sum(places)) / (len(places) or 1)
    return [place - back for place in found]


def steps(low: float, high: float, places: int) -> list[float]:
    """At most six round numbers that enclose `low` and `high`, the finest `places`."""
    size = 10.0 ** math.floor(math.log10(max(high - low, 1e-9) / 5))
    size = max(size, 10.0**-places)
    size = next(
        (size * times for times in (1, 2, 5) if (high - low) / (size * times) <= 4),
        size * 10,
    )
    first, last = math.floor(low / size), max(math.ceil(high / size), 1)
    return [round(number * size, places) for number in range(first, last + 1)]


def sparkline(
    values: Sequence[float], *, width: int = 96, height: int = 24, edge: int = 2
) -> str:
    """The points of a polyline, for an SVG of this size in a table's row."""
    if not values:
        return ""
    low, high = min([*values, 0]), max([*values, 0])
    across = (width - 2 * edge) / max(len(values) - 1, 1)
    up = (height - 2 * edge) / (high - low if high - low > 1e-9 else 1)
    return " ".join(
        f"{edge + number * across:.1f},{height - edge - (value - low) * up:.1f}"
        for number, value in enumerate(values)
    )
