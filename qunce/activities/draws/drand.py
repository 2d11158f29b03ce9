"""Verifies signatures of the drand beacon “quicknet” without a network.

Round r is due 3 · (r − 1) seconds after the first. Nobody knows its signature before, and
everybody can verify it afterwards. Source: https://docs.drand.love/dev-guide/
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256

FIRST_ROUND = datetime.fromtimestamp(1_692_803_367, UTC)
PERIOD = timedelta(seconds=3)
MARGIN = timedelta(minutes=2)
"""Between closing the list and the round, so that clocks may differ a little."""
CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
PUBLIC_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3a"
    "c6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5"
    "a6e9c76a4bc09e76eae8991ef5ece45a"
)
TAG = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
SIGNATURE = re.compile(r"[0-9a-f]{96}")


def round_after(moment: datetime) -> int:
    """The first round that is due at least `MARGIN` after a moment."""
    since = moment + MARGIN - FIRST_ROUND
    return -(-since // PERIOD) + 1


def due_at(number: int) -> datetime:
    """When a round is due."""
    return FIRST_ROUND + PERIOD * (number - 1)


def value_of(signature: str) -> str:
    """The public value of a round, in hexadecimal."""
    return sha256(bytes.fromhex(signature)).hexdigest()


def is_valid(*, number: int, signature: str) -> bool:
    """Whether the signature is that of the round; takes seconds of CPU."""
    if not SIGNATURE.fullmatch(signature):
        return False
    # Loaded here, since few processes verify a signature.
    limit = sys.getrecursionlimit()
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.bls.point_compression import decompress_G1, decompress_G2
    from py_ecc.bls.typing import G1Compressed, G2Compressed
    from py_ecc.optimized_bls12_381.optimized_curve import (
        G2,
        curve_order,
        is_inf,
        multiply,
    )
    from py_ecc.optimized_bls12_381.optimized_pairing import pairing

    # The package raises it, and nested JSON would then overflow the stack of the process.
    sys.setrecursionlimit(limit)
    data, key = bytes.fromhex(signature), bytes.fromhex(PUBLIC_KEY)
    try:
        point = decompress_G1(G1Compressed(int.from_bytes(data, "big")))
    except ValueError:
        return False
    # The neutral point, and points outside of the group, would be forgeries.
    if is_inf(point) or not is_inf(multiply(point, curve_order)):
        return False
    halves = int.from_bytes(key[:48], "big"), int.from_bytes(key[48:], "big")
    public = decompress_G2(G2Compressed(halves))
    message = sha256(number.to_bytes(8, "big")).digest()
    hashed = hash_to_G1(message, TAG, sha256)  # type: ignore[arg-type]  # as it is used
    return bool(pairing(G2, point) == pairing(public, hashed))
