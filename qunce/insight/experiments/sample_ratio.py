"""Sample-ratio check: are the arms as large as they were meant to be?

If they are not, people were lost in one arm for a reason that may have to do with the
result, and no result of the experiment can be believed.
"""

from __future__ import annotations

from collections.abc import Sequence

import scipy

ALARM = 0.001


def p_value(sizes: Sequence[int], shares: Sequence[float]) -> float:
    """Probability of sizes at least as far from `shares` by chance (χ² test).

    `shares` are positive and need not add up to 1.
    """
    people, whole = sum(sizes), sum(shares)
    if len(sizes) < 2 or not people:
        return 1.0
    expected = [people * share / whole for share in shares]
    distance = sum(
        (size - wanted) ** 2 / wanted
        for size, wanted in zip(sizes, expected, strict=True)
    )
    return float(scipy.special.chdtrc(len(sizes) - 1, distance))


def is_broken(sizes: Sequence[int], shares: Sequence[float]) -> bool:
    return p_value(sizes, shares) < ALARM
