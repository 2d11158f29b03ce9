"""Positions of labels, axis values and sparklines. Pure functions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

MIN_LABEL_DISTANCE = 16
"""Pixels between the centres of two labels."""


def spread(positions: Sequence[float]) -> list[float]:
    """Move labels to at least MIN_LABEL_DISTANCE apart; order and mean stay the same."""
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    moved = list(positions)
    for below, above in itertools.pairwise(order):
        moved[above] = max(moved[above], moved[below] + MIN_LABEL_DISTANCE)
    shift = (sum(moved) - sum(positions)) / (len(positions) or 1)
    return [position - shift for position in moved]


def axis_values(low: float, high: float, decimals: int) -> list[float]:
    """A few round numbers that enclose `low` and `high`, with at most `decimals`."""
    if low == high == 0:
        # Nothing has no scale of its own; 0.01 above it would look like one.
        return [0.0, 1.0]
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9) / 5))
    step = max(step, 10.0**-decimals)
    step = next(
        (step * factor for factor in (1, 2, 5) if (high - low) / (step * factor) <= 4),
        step * 10,
    )
    first, last = math.floor(low / step), max(math.ceil(high / step), 1)
    return [round(number * step, decimals) for number in range(first, last + 1)]


def sparkline(
    values: Sequence[float], *, width: int = 96, height: int = 24, margin: int = 2
) -> str:
    """The `points` of an SVG polyline, for a small chart in a row of a table."""
    if not values:
        return ""
    low, high = min([*values, 0]), max([*values, 0])
    x_step = (width - 2 * margin) / max(len(values) - 1, 1)
    # Equal values, zeros among them, are drawn as a line at the bottom.
    y_scale = (height - 2 * margin) / (high - low if high - low > 1e-9 else 1)
    return " ".join(
        f"{margin + index * x_step:.1f},{height - margin - (value - low) * y_scale:.1f}"
        for index, value in enumerate(values)
    )
