"""What a ticket of an instant draw wins: numbers that anybody can compute again.

    roll = odds.roll_of(seed, holder="9f…", number=3, own_number="417520")
    position = odds.pick(roll, [50_000, 200_000])

Nothing here reads the database or a clock.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from hashlib import sha256

WHOLE = 1_000_000
"""Odds are whole parts of this."""
PARTS_PER_PERCENT = 10_000
SPAN = 2**48
"""Numbers of 48 bits, which JavaScript computes with exactly."""


def holder_of(draw: str, account_id: int) -> str:
    """What stands for an account in the tickets of a draw, the same for all of them."""
    return sha256(f"qunce-instant/{draw}/{account_id}".encode()).hexdigest()[:16]


def message_of(holder: str, number: int, own_number: str, counter: int) -> bytes:
    return f"{holder}/{number}/{own_number}/{counter}".encode()


def roll_of(seed: bytes, *, holder: str, number: int, own_number: str) -> int:
    """The number of a ticket below WHOLE, each equally likely.

    Numbers that would favour the first ones are rejected.
    """
    limit = SPAN - SPAN % WHOLE
    counter = 0
    while True:
        message = message_of(holder, number, own_number, counter)
        found = int.from_bytes(hmac.digest(seed, message, sha256)[:6], "big")
        if found < limit:
            return found % WHOLE
        counter += 1


def pick(roll: int, odds: Sequence[int]) -> int | None:
    """The place of the prize that a number names, None for none."""
    end = 0
    for position, parts in enumerate(odds):
        end += parts
        if roll < end:
            return position
    return None


def candidates(drawn: int | None, prizes: int, *, falls_to_next: bool) -> range:
    """The places to try in this order, as a prize that is gone falls to the next one."""
    if drawn is None:
        return range(0)
    return range(drawn, prizes if falls_to_next else drawn + 1)


def count_released(total: int, per_hour: int | None, hours: int) -> int:
    """How many of a prize can have been won `hours` whole hours after the start."""
    if per_hour is None:
        return total
    return min(total, per_hour * (max(hours, 0) + 1))


# Percentages, as staff write them and members read them


def parse_percent(text: str) -> int | None:
    """Parts of WHOLE of a percentage such as `12.5`, None if it is none.

    It has at most four digits after the point, so that it is a whole number of parts.
    """
    cleaned = unicodedata.normalize("NFKC", text).strip().removesuffix("%").strip()
    if len(cleaned) > 12 or not cleaned.replace(".", "", 1).isdecimal():
        return None
    try:
        parts = Decimal(cleaned) * PARTS_PER_PERCENT
    except InvalidOperation:
        return None
    return int(parts) if parts == int(parts) else None


def format_percent(parts: int) -> str:
    """The percentage of these parts, without zeros at its end."""
    whole, rest = divmod(parts, PARTS_PER_PERCENT)
    return f"{whole:,}.{rest:04}".rstrip("0").rstrip(".") + " %"
