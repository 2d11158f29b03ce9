"""Keys that are derived from names."""

from __future__ import annotations

from collections.abc import Collection


def unused_key(base: str, used: Collection[str]) -> str:
    """Return `base`, or `base` with the lowest number from 2 that makes it unused."""
    numbered = (f"{base}-{number}" for number in range(2, len(used) + 3))
    return next(key for key in (base, *numbered) if key not in used)
