"""Finds, in whole columns, the JSON that DuckDB may read in another way than our parser.

DuckDB takes some texts that `json_values` refuses: NaN, a comma before a bracket, a key
twice in one object. And its decimals are doubles. Texts that certainly have none of it,
nearly all, never become Python objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qunce.core import json_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG_DECIMAL = r"[0-9]\.[0-9]{12}|[0-9]{12}\.[0-9]|[:,\[]\s*-?[0-9][0-9.]*[eE]"
"""DuckDB reads decimals as doubles, which have 15 certain digits and a largest value."""
NOT_STRICT = (
    # Not a number, a comma before a bracket, and nesting or digits that end the parser.
    r"[:\[,-]\s*(?i:nan|inf)",
    r",\s*[}\]]",
    r"\[[^\[]*\[[^\[]*\[",
    r"[0-9]{100}",
)
MAX_OBJECTS = 2
"""Objects in a text whose keys are compared: itself and one inside of it."""
KEYS_HASH = "hash(json_keys(line))"


def _pattern(objects: int) -> str:
    too_many = r"\{" + r"[^{]*\{" * objects
    return "|".join([LONG_DECIMAL, *NOT_STRICT, too_many])


LINE, NESTED = _pattern(MAX_OBJECTS), _pattern(1)


def find_doubtful(texts: pa.Array, pattern: str = LINE) -> NDArray[np.bool_]:
    """Return which texts have to be parsed one by one, by their characters."""
    is_plain = pc.and_(
        pc.starts_with(texts, "{"), pc.invert(pc.match_substring_regex(texts, pattern))
    )
    return ~np.asarray(pc.fill_null(is_plain, pa.scalar(value=False)), dtype=bool)


def find_invalid_shapes(texts: pa.Array, hashes: pa.Array) -> NDArray[np.bool_]:
    """Return which texts have keys that an object cannot have.

    Texts with equal `hashes` have the same keys, so that one of them is parsed.
    """
    codes = np.asarray(pc.fill_null(pc.dictionary_encode(hashes).indices, -1))
    is_invalid = np.zeros(int(codes.max(initial=-1)) + 2, dtype=bool)
    is_invalid[-1] = True
    shapes, firsts = np.unique(codes, return_index=True)
    for code, first in zip(shapes.tolist(), firsts.tolist(), strict=True):
        if code >= 0:
            is_invalid[code] = not is_object(texts[first].as_py().encode())
    found: NDArray[np.bool_] = is_invalid[codes]
    return found


def find_doubtful_columns(cursor: Any, columns: list[pa.Array]) -> NDArray[np.bool_]:
    """Return which rows have an object in a column that has to be parsed."""
    doubtful = np.zeros(len(columns[0]) if columns else 0, dtype=bool)
    for column in columns:
        begins_list = pc.starts_with(column, "[")
        is_object = pc.fill_null(pc.starts_with(column, "{"), pa.scalar(value=False))
        if pc.any(begins_list, min_count=0).as_py():
            has_objects = pc.and_(begins_list, pc.match_substring(column, "{"))
            doubtful |= np.array(pc.fill_null(has_objects, pa.scalar(value=False)))
        if pc.any(is_object, min_count=0).as_py():
            rows = np.flatnonzero(np.asarray(is_object))
            texts = column.filter(is_object)
            doubtful[rows[find_invalid_shapes(texts, _hashes(cursor, texts))]] = True
    return doubtful


def find_doubtful_objects(cursor: Any, texts: pa.Array) -> NDArray[np.bool_]:
    """Return which texts may be refused by our parser, or are no objects; null is none."""
    is_given = np.asarray(pc.is_valid(texts), dtype=bool)
    doubtful: NDArray[np.bool_] = find_doubtful(texts, NESTED) & is_given
    rows = np.flatnonzero(~doubtful & is_given)
    plain = texts.take(pa.array(rows))
    doubtful[rows[find_invalid_shapes(plain, _hashes(cursor, plain))]] = True
    return doubtful


def _hashes(cursor: Any, texts: pa.Array) -> pa.Array:
    cursor.register("objects", pa.table({"line": texts}))
    # Texts from inside of a line, or of another file, may not be JSON.
    sql = f"SELECT CASE WHEN json_valid(line) THEN {KEYS_HASH} END FROM objects"  # noqa: S608
    return cursor.sql(sql).to_arrow_table().column(0).combine_chunks()


def is_object(text: bytes) -> bool:
    """Return whether our parser reads the text as an object."""
    try:
        # A million a second.
        return json_values.parse_fast(text).__class__ is dict
    except (ValueError, TypeError):
        return False  # a null line is blank
