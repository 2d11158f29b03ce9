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


OWN_NOTATION = r'^\s*\[|"|#.*#|[\x00-\x08\x0e-\x1f\x{85}]'
"""Cells with a notation of their own, or with what only Python counts as a blank."""


def parse(cells: pa.Array, separator: str) -> pa.Array | None:
    """Return what `lists.join` makes of the entries of each cell, null without any.

    None if a cell has a notation of its own, which only `lists.split` reads.
    """
    if (
        separator == lists.NONE
        or pc.any(pc.match_substring_regex(cells, OWN_NOTATION)).as_py()
    ):
        return None
    entries = pc.split_pattern_regex(cells, lists.pattern(separator).pattern)
    places = np.asarray(pc.list_parent_indices(entries)).astype(np.int64)
    encoded = pc.dictionary_encode(pc.utf8_trim_whitespace(pc.list_flatten(entries)))
    codes = np.asarray(encoded.indices).astype(np.int64)
    is_filled = np.asarray(pc.not_equal(encoded.dictionary, ""))[codes]
    places, codes = places[is_filled], codes[is_filled]
    # Each entry where it stands first.
    pairs = places * max(len(encoded.dictionary), 1) + codes
    firsts = np.sort(np.unique(pairs, return_index=True)[1])
    counts = np.bincount(places[firsts], minlength=len(cells))
    joined = pc.binary_join(
        pa.ListArray.from_arrays(
            pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32()),
            encoded.dictionary.take(pa.array(codes[firsts])),
        ),
        lists.MARK,
    )
    marked = pc.binary_join_element_wise(lists.MARK, joined, "")
    return pc.if_else(pa.array(counts > 0), marked, pa.scalar(None, pa.string()))


def list_texts(column: pa.Array) -> list[str]:
    """Return the distinct entries of all cells, sorted."""
    entries = pc.list_flatten(pc.split_pattern(column, lists.MARK))
    return sorted(filter(None, pc.unique(entries).to_pylist()))


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
