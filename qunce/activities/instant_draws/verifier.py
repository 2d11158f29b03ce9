"""Verifies a ticket of an instant draw with nothing but Python's standard library.

It shares no code with the draw itself, and runs without Qunce: python verifier.py FILE
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
from pathlib import Path
from typing import Any

FORMAT = "qunce-instant/1"
HEX = re.compile(r"(?:[0-9a-f]{2})*")
PARTS = {
    "holder": re.compile(r"[0-9a-f]{16}"),
    "own_number": re.compile(r"[0-9]{0,12}"),
    "number": re.compile(r"[1-9][0-9]*"),
}


def verify(text: str) -> list[str]:
    """The parts of a ticket's file that are wrong; an empty list if it is right."""
    try:
        file = json.loads(text)
        problems = [] if _dump(file) == text and file["format"] == FORMAT else ["file"]
        return problems + _verify_parts(file)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError):
        return ["file"]


def _verify_parts(file: dict[str, Any]) -> list[str]:
    terms, ticket, bad = file["terms"], file["ticket"], []
    if _sha(_dump(terms).encode()).hexdigest() != file["terms_hash"]:
        bad.append("terms")
    seed = bytes.fromhex(file["seed"]) if HEX.fullmatch(file["seed"]) else b""
    if _sha(seed).hexdigest() != terms["seeds"][ticket["day"]]:
        bad.append("seed")
    if not all(PARTS[part].fullmatch(str(ticket[part])) for part in PARTS):
        bad.append("ticket")
    if ticket["roll"] != _roll(seed, ticket):
        bad.append("roll")
    odds, end, drawn = [prize["odds"] for prize in terms["prizes"]], 0, None
    for place, parts in enumerate(odds):
        end += parts
        if drawn is None and ticket["roll"] < end:
            drawn = place
    if end > 1_000_000 or ticket["drawn"] != drawn:
        bad.append("drawn")
    # A prize that is gone falls to a later one, or to none.
    won = ticket["won"]
    possible = [None, drawn]
    if drawn is not None and terms["if_gone"] == "next":
        possible += range(drawn, len(odds))
    if won not in possible or isinstance(won, bool):
        bad.append("won")
    return bad


def _roll(seed: bytes, ticket: dict[str, Any]) -> int:
    counter, limit = 0, 2**48 - 2**48 % 1_000_000
    while True:
        parts = (ticket["holder"], ticket["number"], ticket["own_number"], counter)
        digest = hmac.digest(seed, "/".join(map(str, parts)).encode(), "sha256")
        number = int.from_bytes(digest[:6], "big")
        if number < limit:
            return number % 1_000_000
        counter += 1


def _sha(data: bytes) -> Any:
    return hashlib.sha256(data)


def _dump(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as source:
        wrong = verify(source.read())
    print("wrong: " + ", ".join(wrong) if wrong else "right")
    sys.exit(bool(wrong))
