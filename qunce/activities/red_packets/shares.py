"""How a red packet is divided, from its seed: anybody can compute the shares again.

Each share is at least the minimum and at most twice the mean, and together they are the
total exactly. Nothing here reads the database or a clock.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

SPAN = 2**48
"""Numbers of 48 bits, which JavaScript computes with exactly."""


def divide(seed: bytes, *, total: int, shares: int, minimum: int) -> list[int]:
    """The shares in the order in which they are opened.

    Each is drawn evenly around the mean of what is left, then the order is shuffled, so
    that the first ones are not better than the last ones.
    """
    check(total=total, shares=shares, minimum=minimum)
    most = 2 * total // shares
    left, drawn, k = total, [], 0
    for place in range(shares):
        others = shares - place - 1
        # What the others can take at least and at most.
        low = max(minimum, left - others * most)
        high = min(most, left - others * minimum)
        around = 2 * left // (others + 1) - low
        high = max(low, min(high, around))
        drawn.append(low + number_below(seed, k, high - low + 1))
        left -= drawn[-1]
        k += 1
    for last in range(shares - 1, 0, -1):
        other = number_below(seed, k, last + 1)
        drawn[last], drawn[other] = drawn[other], drawn[last]
        k += 1
    return drawn


def check(*, total: int, shares: int, minimum: int) -> None:
    """Raise ValueError unless each share can have the minimum."""
    if shares < 1 or minimum < 1 or shares * minimum > total:
        raise ValueError(f"{total} cannot be divided into {shares} of {minimum}")


def number_below(seed: bytes, k: int, limit: int) -> int:
    """The k-th number of a seed below `limit`, each equally likely."""
    end, counter = SPAN - SPAN % limit, 0
    while True:
        message = f"{k}/{counter}".encode()
        found = int.from_bytes(hmac.digest(seed, message, sha256)[:6], "big")
        if found < end:
            return found % limit
        counter += 1
