"""Features of a text: hashes of the n-grams of its characters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import add
from zlib import crc32

import numpy as np
import numpy.typing as npt

from qunce.groups.moderation.contents.normalisation import Normalised, Table

LENGTHS = (1, 2, 3)
MAX_CHARACTERS = 1_000
"""Characters of a text that are read: its beginning."""
MAX_REMEMBERED = 100_000
"""N-grams whose hash is remembered, which is faster than computing it."""
AS_ZERO = Table(str.maketrans("123456789", "000000000"))
START, END = "\x02", "\x03"

Features = npt.NDArray[np.uint32]


def plain(text: Normalised) -> str:
    """The folded text, in which all digits are alike."""
    return text.folded[:MAX_CHARACTERS].translate(AS_ZERO)


def list_grams(text: Normalised) -> Iterator[tuple[str, int, int]]:
    """The n-grams with their places in the folded text; marks of its ends belong to some."""
    marked = f"{START}{plain(text)}{END}"
    for length in LENGTHS:
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length], start - 1, start - 1 + length


def extract(text: Normalised) -> Features:
    """The hashes of the different n-grams in ascending order."""
    return np.array(sorted(list_hashes(text)), np.uint32)


def list_hashes(text: Normalised) -> set[int]:
    """The hashes of the different n-grams."""
    ones = f"{START}{plain(text)}{END}"
    # Several times as fast as slices: no line of Python runs for a single n-gram.
    twos = list(map(add, ones, ones[1:]))
    threes = map(add, twos, ones[2:])
    return set(map(HASHES.__getitem__, chain(ones, twos, threes)))


class _Hashes(dict[str, int]):
    """Hashes of n-grams, of which the first ones are remembered."""

    def __missing__(self, gram: str) -> int:
        value = crc32(gram.encode())
        if len(self) < MAX_REMEMBERED:
            self[gram] = value
        return value


HASHES = _Hashes()


def hash_gram(gram: str) -> int:
    return HASHES[gram]
