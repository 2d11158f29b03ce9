"""Columns of parsed lists, taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.importing.values import lists

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


def split(column: pa.Array) -> tuple[Ints, Ints, list[str]]:
    """Return the place and the code of each distinct entry of a cell, and the texts.

    The places ascend. One of the texts may be empty, and no entry has its code.
    """
    entries = pc.split_pattern(column, lists.MARK)
    places = np.asarray(pc.list_parent_indices(entries)).astype(np.int64)
    encoded = pc.dictionary_encode(pc.list_flatten(entries))
    texts: list[str] = encoded.dictionary.to_pylist()
    codes = np.asarray(encoded.indices).astype(np.int64)
    # A mark stands before each entry, so that there is an empty one before the first.
    is_filled = codes != (texts.index("") if "" in texts else -1)
    size = max(len(texts), 1)
    pairs = np.unique(places[is_filled] * size + codes[is_filled])
    return pairs // size, pairs % size, texts
