"""The report of an import, as the API and the command line give it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

MILLIONTHS = "_millionths"
"""In names of counts that are decimals, stored as integers."""


def decimal_counts(counts: Mapping[str, int]) -> dict[str, int | str]:
    """Return amounts, which are counted in millionths, as exact decimals."""
    decimals: dict[str, int | str] = {}
    for name, number in counts.items():
        if MILLIONTHS in name:
            amount = (Decimal(number) / 1_000_000).normalize()
            decimals[name.replace(MILLIONTHS, "")] = format(amount, "f")
        else:
            decimals[name] = number
    return decimals
