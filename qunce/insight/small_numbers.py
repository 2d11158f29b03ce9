"""Shares of few people say nothing, so pages show their numbers and no percentage."""

from __future__ import annotations

MIN_PEOPLE = 30
"""People below which a share is “not enough to say”."""


def percent(part: int, whole: int) -> float | None:
    """The share in per cent; None for too few people."""
    return 100 * part / whole if whole >= MIN_PEOPLE else None
