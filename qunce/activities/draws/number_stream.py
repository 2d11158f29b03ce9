"""The stream of numbers by which tickets are drawn, which anybody can compute again."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from hashlib import sha256

SPAN = 2**48
"""Numbers of 48 bits, which JavaScript computes with exactly."""


def value_of(*, root: bytes, seed: bytes, public_value: bytes) -> bytes:
    """What the stream starts from: nobody knows all three before the list is closed."""
    return sha256(root + seed + public_value).digest()


def index_at(value: bytes, k: int, tickets: int) -> int:
    """The k-th index, below `tickets`, each equally likely.

    Numbers that would favour the first tickets are rejected.
    """
    limit = SPAN - SPAN % tickets
    counter = 0
    while True:
        message = k.to_bytes(4, "big") + counter.to_bytes(4, "big")
        digest = hmac.digest(value, message, sha256)
        number = int.from_bytes(digest[:6], "big")
        if number < limit:
            return number % tickets
        counter += 1


def indexes(value: bytes, tickets: int, *, start: int = 0) -> Iterator[tuple[int, int]]:
    """Pairs of k and the k-th index from `start`, without an end."""
    k = start
    while True:
        yield k, index_at(value, k, tickets)
        k += 1
