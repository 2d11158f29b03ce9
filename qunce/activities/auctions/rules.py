"""The rules of an auction, without a table or a clock."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

FINAL = timedelta(seconds=60)
"""A bid this late moves the end, to as long after it."""
MAX_EXTENSIONS = 10
MAX_AMOUNT = 1_000_000_000
AMOUNT = re.compile(r"([0-9]{1,10})\s*(?:积分|分|points?)?")


def least_amount(*, price: int, start: int, step: int) -> int:
    """The lowest bid that is accepted next; `price` is 0 before the first."""
    return price + step if price else start


def is_late(*, ends_at: datetime, at: datetime, extensions: int) -> bool:
    """Whether a bid at this time moves the end."""
    return ends_at - at < FINAL and extensions < MAX_EXTENSIONS


def parse_amount(said: str) -> int | None:
    """The amount in what was said, such as 88 or 88 points; None if there is none."""
    found = AMOUNT.fullmatch(unicodedata.normalize("NFKC", said).strip().casefold())
    if found is None or not 0 < int(found[1]) <= MAX_AMOUNT:
        return None
    return int(found[1])
