"""Reads columns of keys and identifiers, as `members.accounts.identifiers` does.

Texts that are in their normal form already never become Python objects.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.importing.values.value_parsing import Column
from qunce.members.accounts import identifiers
from qunce.members.accounts.identifiers import Reader

TYPES = ("key", "phone", "email", "unionid")
"""Types of fields that are read here; each is a kind of identifier."""
NORMAL_FORMS = {
    "key": r"^[0-9A-Za-z][0-9A-Za-z_:\-]{0,199}$",
    "unionid": r"^[0-9A-Za-z][0-9A-Za-z_:\-]{0,199}$",
    "email": r"^[a-z0-9._+\-]{1,64}@[a-z0-9\-]+(\.[a-z0-9\-]+)+$",
}
SPELT_MOBILE = r"^(?:\+86|0086|86)?[ -]?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})$"
CHINESE_MOBILE = r"^1[3-9]\d{9}$"
LONG_NUMBER = r"^\d{16,}$"
ROUNDED_NUMBER = r"^\d{15}0+$"
MIN_ROUNDED = 3
"""Long numbers that all end in zeros from the sixteenth digit on were rounded. Of fewer,
chance may be the cause."""
NULL_TEXT = pa.scalar(None, pa.string())
HEAD_ROWS = 1_000


def parse(texts: pa.Array, kind: str, reader: Reader) -> Column:
    """Return normalised texts, null where a cell means that there is none."""
    # A column of few texts, such as groups, is read text by text instead of row by row.
    if _repeats(texts):
        encoded = pc.dictionary_encode(texts)
        column = _parse_texts(encoded.dictionary, kind, reader).take(encoded.indices)
    else:
        column = _parse_texts(texts, kind, reader)
    values, problems = column.values, column.errors
    if rounded := _find_rounded(values):
        values = pc.if_else(
            pa.array(~np.isin(np.arange(len(values)), list(rounded))), values, NULL_TEXT
        )
    return Column(values, problems | rounded)


def _repeats(texts: pa.Array) -> bool:
    """Return whether the first rows have few different texts."""
    head = texts[:HEAD_ROWS]
    return len(texts) > HEAD_ROWS and len(pc.unique(head)) * 2 < HEAD_ROWS


def _parse_texts(texts: pa.Array, kind: str, reader: Reader) -> Column:
    texts = _tidy(texts, kind, reader)
    normal = _is_normal(texts, kind, reader)
    texts = _without_placeholders(texts, reader)
    return (
        Column(texts) if normal.all() else _parse_others(texts, kind, reader, ~normal)
    )


def _tidy(texts: pa.Array, kind: str, reader: Reader) -> pa.Array:
    """Take off what is usual in whole columns, so that few texts are read one by one."""
    texts = pc.ascii_trim_whitespace(texts)
    if kind == "email":
        return pc.ascii_lower(texts)
    if kind == "phone" and reader.region == identifiers.DEFAULT_REGION:
        return pc.replace_substring_regex(texts, SPELT_MOBILE, r"\1\2\3")
    return texts


def _is_normal(texts: pa.Array, kind: str, reader: Reader) -> np.ndarray:
    pattern = NORMAL_FORMS.get(kind)
    if kind == "phone" and reader.region == identifiers.DEFAULT_REGION:
        pattern = CHINESE_MOBILE
    if pattern is None:
        return np.asarray(pc.is_null(texts))
    matches = pc.match_substring_regex(texts, pattern)
    return np.asarray(pc.fill_null(matches, pa.scalar(value=True)))


def _without_placeholders(texts: pa.Array, reader: Reader) -> pa.Array:
    """Null instead of placeholders that are plain; others are found text by text."""
    known = pa.array(sorted(reader.placeholders), pa.string())
    is_placeholder = pc.is_in(pc.ascii_lower(texts), value_set=known)
    if not pc.any(is_placeholder, min_count=0).as_py():
        return texts
    return pc.if_else(is_placeholder, NULL_TEXT, texts)


def _parse_others(
    texts: pa.Array, kind: str, reader: Reader, others: np.ndarray
) -> Column:
    """Normalise those of the texts that may need it, each different one once."""
    indexes = np.flatnonzero(others)
    encoded = pc.dictionary_encode(texts.filter(pa.array(others)))
    normalised: list[str | None] = []
    remedies: dict[int, str] = {}
    for code, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            normalised.append(reader.normalise(kind, text))
        except identifiers.InvalidIdentifier as error:
            normalised.append(None)
            remedies[code] = str(error)
    parsed = Column(pa.array(normalised, pa.string()), remedies).take(encoded.indices)
    values = pc.replace_with_mask(texts, pa.array(others), parsed.values)
    problems = {int(indexes[row]): text for row, text in parsed.errors.items()}
    return Column(values, problems)


def _find_rounded(values: pa.Array) -> dict[int, str]:
    """Return problems of long numbers of which a spreadsheet kept fifteen digits."""
    long_numbers = pc.match_substring_regex(values, LONG_NUMBER)
    if pc.sum(long_numbers, min_count=0).as_py() < MIN_ROUNDED:
        return {}
    rounded = pc.match_substring_regex(values, ROUNDED_NUMBER)
    if not pc.all(pc.equal(rounded, long_numbers), min_count=0).as_py():
        return {}
    remedy = _(
        "A spreadsheet has rounded the numbers of this column to 15 digits. Store the"
        " column as text and export it again."
    )
    is_rounded = np.asarray(pc.fill_null(rounded, pa.scalar(value=False)))
    return dict.fromkeys(np.flatnonzero(is_rounded).tolist(), remedy)
