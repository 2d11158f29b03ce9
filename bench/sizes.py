"""The sizes of generated communities, and the time at which questions are asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

VERSION = 2
"""Version of the generator; a new number makes existing data sets obsolete."""
SEED = 20260629
ZONE = "Asia/Shanghai"
AT = datetime(2026, 6, 29, 22, 0, tzinfo=ZoneInfo(ZONE))
"""The time of every question."""


@dataclass(frozen=True)
class Size:
    name: str
    members: int
    facts: int
    days: int
    tags: int
    tag_rows: int
    groups: int
    imported_facts: int
    imported_orders: int
    repeats: int = 200
    """How often a warm question is asked; slow ones are asked less often."""
    visits: int = 40
    """How often each page is requested."""


SIZES = {
    size.name: size
    for size in (
        # For tests, which check answers and not times.
        Size(
            "tiny", 2_000, 40_000, 60, 40, 20_000, 8, 2_000, 1_000, repeats=10, visits=1
        ),
        Size("small", 100_000, 2_000_000, 180, 200, 1_000_000, 50, 200_000, 100_000),
        Size("wide", 1_000_000, 3_000_000, 180, 500, 10_000_000, 200, 20_000, 10_000),
        Size(
            "full", 1_000_000, 50_000_000, 180, 500, 10_000_000, 200, 2_000_000, 500_000
        ),
    )
}
