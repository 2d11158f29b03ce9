"""The list of tickets as a tree of hashes (RFC 6962), so that it cannot be changed later.

A ticket has a secret of 16 bytes that its member knows. Its leaf reveals neither, and the
sorted leaves of all tickets are public.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

SECRET_BYTES = 16
LEAF, NODE = b"\x00", b"\x01"
"""What leaves and nodes begin with, so that no node can be taken for a leaf."""


def leaf_of(draw: bytes, secret: bytes) -> bytes:
    """The leaf of a ticket; `draw` is the hash of what was published of the draw."""
    return sha256(LEAF + draw + secret).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The hash of the tree over these leaves, the hash of nothing without any."""
    if not leaves:
        return sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        level = _next_level(level)
    return level[0]


def _next_level(level: list[bytes]) -> list[bytes]:
    # A last node without a partner is promoted, which gives the tree of RFC 6962.
    pairs = zip(level[::2], level[1::2], strict=False)
    nodes = [sha256(NODE + left + right).digest() for left, right in pairs]
    return nodes if len(level) % 2 == 0 else [*nodes, level[-1]]


def paths_of(leaves: Sequence[bytes], indexes: Sequence[int]) -> list[list[str]]:
    """For each index, the hashes beside the way to the root, from the leaf up.

    A hash is written in hexadecimal after "L" or "R", the side on which it stands.
    """
    paths: list[list[str]] = [[] for _index in indexes]
    places = list(indexes)
    level = list(leaves)
    while len(level) > 1:
        for path, place in zip(paths, places, strict=True):
            partner = place ^ 1
            if partner < len(level):
                side = "R" if place % 2 == 0 else "L"
                path.append(side + level[partner].hex())
        places = [place // 2 for place in places]
        level = _next_level(level)
    return paths


def root_by_path(leaf: bytes, path: Sequence[str]) -> bytes:
    """The root to which a path leads."""
    node = leaf
    for step in path:
        beside = bytes.fromhex(step[1:])
        pair = node + beside if step[0] == "R" else beside + node
        node = sha256(NODE + pair).digest()
    return node
