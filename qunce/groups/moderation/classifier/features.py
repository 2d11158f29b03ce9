"""Features of a text: hashes of the n-grams of its characters."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

import numpy as np
import numpy.typing as npt

from qunce.groups.moderation.normalisation import Normalised

LENGTHS = (1, 2, 3)
MAX_CHARACTERS = 1_000
"""Characters of a text that are read: its beginning."""
AS_ZERO = str.maketrans("123456789", "000000000")
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
    grams = {gram for gram, _start, _end in list_grams(text)}
    return np.unique(np.fromiter(map(hash_gram, grams), np.uint32, len(grams)))


def hash_gram(gram: str) -> int:
    return crc32(gram.encode())
