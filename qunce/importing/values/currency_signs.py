"""The signs and codes of currencies next to the amounts of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import errors, money

if TYPE_CHECKING:
    from qunce.importing.rows.parsing import ParsedChunk

SUFFIX = ":sign"
"""Of the name of a column with the signs next to the amounts of another."""
PLAIN = r"^[\d.,+\-()\s]*$"


def find(texts: pa.Array) -> pa.Array | None:
    """Return the sign or code next to each amount, None if there is not one.

    Cells that are no amounts are left to the parser of amounts.
    """
    if pc.all(pc.match_substring_regex(texts, PLAIN), min_count=0).as_py():
        return None
    encoded = pc.dictionary_encode(texts)
    found: list[str | None] = []
    for text in encoded.dictionary.to_pylist():
        try:
            found.append(money.split(text)[0] or None)
        except errors.Invalid:
            found.append(None)
    if not any(found):
        return None
    return pc.take(pa.array(found, pa.string()), encoded.indices)


def of_chunk(chunk: ParsedChunk) -> dict[str, pa.Array]:
    """Return the signs of each field whose cells have some."""
    return {
        name.removesuffix(SUFFIX): column
        for name, column in chunk.columns.items()
        if name.endswith(SUFFIX)
    }
