"""Verifies the certificate of a draw with nothing but Python's standard library.

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

FORMAT = "qunce-draw/1"
HEX = re.compile(r"(?:[0-9a-f]{2})*")
LEAF = re.compile(r"[0-9a-f]{64}")
SECTIONS = ("terms", "closing", "status")


def verify(text: str) -> list[str]:
    """The parts of a certificate that are wrong; an empty list if it is right."""
    try:
        file = json.loads(text)
        same = json.dumps(file, ensure_ascii=False, separators=(",", ":"))
        problems = [] if same == text and file["format"] == FORMAT else ["file"]
        return problems + _verify_parts(file)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError):
        return ["file"]


def _verify_parts(file: dict[str, Any]) -> list[str]:
    terms, closing, drawing = file["terms"], file["closing"], file["drawing"]
    leaves, bad = file["leaves"], []
    for part in SECTIONS:
        own = json.dumps(file[part], ensure_ascii=False, separators=(",", ":"))
        if _sha(own.encode()).hex() != file["hashes"][part]:
            bad.append(part)
    seed = _bytes(drawing["seed"])
    if _sha(seed).hex() != terms["seed_hash"]:
        bad.append("seed")
    public, root = drawing["public_value"].encode(), _bytes(closing["root"])
    if terms["public_value"]["source"] == "drand":
        public = _sha(_bytes(drawing["signature"]))
        if public.hex() != drawing["public_value"]:
            bad.append("public value")
    elif drawing["signature"]:
        bad.append("public value")
    if not _is_list_right(leaves, closing):
        bad.append("leaves")
    value = _sha(root + seed + public)
    if value.hex() != drawing["value"]:
        bad.append("value")
    if not _are_results_right(file, value):
        bad.append("results")
    return bad


def _is_list_right(leaves: list[str], closing: dict[str, Any]) -> bool:
    is_sorted = all(map(LEAF.fullmatch, leaves)) and leaves == sorted(set(leaves))
    if len(leaves) != closing["tickets"] or not is_sorted:
        return False
    level = [_bytes(leaf) for leaf in leaves]
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [_sha(b"\1" + b"".join(p)) if len(p) > 1 else p[0] for p in pairs]
    root = (level[0] if level else _sha(b"")).hex()
    return bool(root == closing["root"])


def _are_results_right(file: dict[str, Any], value: bytes) -> bool:
    prizes = [
        n for n, row in enumerate(file["terms"]["prizes"]) for _ in range(row["count"])
    ]
    leaves, draw = file["leaves"], _bytes(file["hashes"]["terms"])
    seen: set[int] = set()
    won: dict[int, int] = {}
    first = 0
    for k, row in enumerate(file["results"]):
        index = _index(value, k, len(leaves))
        if row["k"] != k or row["index"] != index:
            return False
        expected = "won" if row["outcome"] == "won" else "person"
        if row["outcome"] != ("drawn" if index in seen else expected):
            return False
        seen.add(index)
        if row["outcome"] == "won":
            again = row["instead_of"]
            won[k] = prizes[first] if again is None else won[again]
            leaf = _sha(b"\0" + draw + _bytes(row["secret"])).hex()
            if row["prize"] != won[k] or leaf != leaves[index]:
                return False
            first += again is None
    return bool(first == min(len(prizes), file["closing"]["people"]))


def _index(value: bytes, k: int, tickets: int) -> int:
    counter, limit = 0, 2**48 - 2**48 % tickets
    while True:
        message = k.to_bytes(4, "big") + counter.to_bytes(4, "big")
        number = int.from_bytes(hmac.digest(value, message, "sha256")[:6], "big")
        if number < limit:
            return number % tickets
        counter += 1


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text) if HEX.fullmatch(text) else b""


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as source:
        wrong = verify(source.read())
    print("wrong: " + ", ".join(wrong) if wrong else "right")
    sys.exit(bool(wrong))
