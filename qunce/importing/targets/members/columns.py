"""Cells of columns as arrays of what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.importing.values import list_columns
from qunce.members.attributes import parsing as attribute_parsing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

SCALE = pa.scalar(Decimal(attribute_parsing.SCALE))


@dataclass(frozen=True)
class Cells:
    """The filled cells of a column: the places of their members, ascending, and values.

    `values` are integers, or texts: of a chunk as Arrow has them, of a slice as objects.
    """

    places: Ints
    values: Any

    def slice(self, start: int, end: int) -> Cells:
        """Return the cells of the members `start` to `end`, numbered from 0."""
        first, last = np.searchsorted(self.places, [start, end]).tolist()
        values = self.values[first:last]
        if isinstance(values, pa.Array):
            values = texts_of(values)
        return Cells(self.places[first:last] - start, values)


def texts_of(column: pa.Array) -> NDArray[Any]:
    """Return texts as objects; far faster than `to_pylist`."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)


def read_values(attribute_type: str, column: pa.Array) -> Cells:
    """Return what the cells are stored as, like `writer.to_stored_values`."""
    if attribute_type == "multi":
        places, codes, texts = list_columns.split(column)
        return Cells(places, pa.array(texts, pa.string()).take(pa.array(codes)))
    places = np.flatnonzero(np.asarray(column.is_valid())).astype(np.int64)
    given = column.drop_null()
    if attribute_type == "number":
        given = pc.round(pc.multiply(given, SCALE), 0, "half_to_even")
    if pa.types.is_string(given.type):
        return Cells(places, given)
    return Cells(places, np.asarray(given.cast(pa.int64())))
