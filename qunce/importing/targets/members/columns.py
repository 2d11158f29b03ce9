"""Cells of columns as arrays of what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.importing.tags.tag_writes import TagChange
from qunce.importing.values import list_columns
from qunce.members.attributes import parsing as attribute_parsing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.importing.tags.tag_entries import TagEntry
    from qunce.members.tags.models import Tag

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


def read_tags(
    column: pa.Array, tags_by_entry: Mapping[str, Tag], meanings: Mapping[str, TagEntry]
) -> tuple[Cells, Ints, NDArray[np.bool_]]:
    """Return the tags of members, how deep each is, and which members are odd.

    A member is odd who has a tag twice, or two that exclude each other.
    """
    places, codes, texts = list_columns.split(column)
    is_odd = np.zeros(len(column), dtype=bool)
    if not len(places):
        return Cells(places, codes), codes, is_odd
    # By code; no entry has that of the empty text.
    tags = [tags_by_entry[text] if text else None for text in texts]
    depths = [
        TagChange(0, meanings[text].change, 0).apply(0) if text else 0 for text in texts
    ]
    pks = np.array([tag.pk if tag else 0 for tag in tags], dtype=np.int64)[codes]
    groups_of_tags = [tag.group if tag else None for tag in tags]
    groups = np.array(
        [group.pk if group and group.exclusive else 0 for group in groups_of_tags],
        dtype=np.int64,
    )[codes]
    for own in (pks, groups):
        if own.any():
            found, _values, counts = unique_pairs(places[own > 0], own[own > 0])
            is_odd[found[counts > 1]] = True
    weights = np.array(depths, dtype=np.int64)[codes]
    is_given = weights > 0
    return Cells(places[is_given], pks[is_given]), weights[is_given], is_odd


def read_groups(column: pa.Array, ids: Mapping[str, int]) -> Cells:
    """Return the ids of the groups that lists name by key or by name, each once."""
    places, codes, texts = list_columns.split(column)
    if not len(places):
        return Cells(places, codes)
    own = np.array([ids.get(text, 0) for text in texts], dtype=np.int64)[codes]
    places, own, _counts = unique_pairs(places, own)
    return Cells(places, own)


def unique_pairs(first: Ints, second: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the different pairs, sorted, and how often each is there."""
    # By the places of the numbers among all, as ids may be too large to be multiplied.
    numbers, codes = np.unique(second, return_inverse=True)
    size = len(numbers)
    pairs, counts = np.unique(first * size + codes, return_counts=True)
    return pairs // size, numbers[pairs % size], counts
