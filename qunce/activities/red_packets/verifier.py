"""Verifies the shares of a red packet with nothing but Python's standard library.

It shares no code with the packet itself, and runs without Qunce: python verifier.py FILE
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
from pathlib import Path
from typing import Any

FORMAT = "qunce-red-packet/1"
HEX = re.compile(r"(?:[0-9a-f]{2})*")


def verify(text: str) -> list[str]:
    """The parts of a packet's file that are wrong; an empty list if it is right."""
    try:
        file = json.loads(text)
        same = json.dumps(file, ensure_ascii=False, separators=(",", ":"))
        bad = [] if same == text and file["format"] == FORMAT else ["file"]
        seed = bytes.fromhex(file["seed"]) if HEX.fullmatch(file["seed"]) else b""
        if hashlib.sha256(seed).hexdigest() != file["seed_hash"]:
            bad.append("seed")
        if file["shares"] != _shares(seed, file):
            bad.append("shares")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError):
        return ["file"]
    return bad


def _shares(seed: bytes, file: dict[str, Any]) -> list[int]:
    n, left, least = len(file["shares"]), file["total"], file["minimum"]
    most, found = 2 * left // n, []
    for k in range(n):
        others = n - k - 1
        low = max(least, left - others * most)
        high = min(most, left - others * least, 2 * left // (others + 1) - low)
        found.append(low + _number(seed, k, max(high - low, 0) + 1))
        left -= found[-1]
    for k, last in enumerate(range(n - 1, 0, -1), start=n):
        other = _number(seed, k, last + 1)
        found[last], found[other] = found[other], found[last]
    return found


def _number(seed: bytes, k: int, limit: int) -> int:
    counter = 0
    while True:
        digest = hmac.digest(seed, f"{k}/{counter}".encode(), "sha256")
        number = int.from_bytes(digest[:6], "big")
        if number < 2**48 - 2**48 % limit:
            return number % limit
        counter += 1


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as source:
        wrong = verify(source.read())
    print("wrong: " + ", ".join(wrong) if wrong else "right")
    sys.exit(bool(wrong))
