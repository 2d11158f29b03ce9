"""Reads columns of keys and identifiers, as `members.accounts.identifiers` does.

Texts that are in their normal form already never become Python objects.
"""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.importing.values import value_parsing
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
    head = texts[:HEAD_ROWS]
    if len(texts) > HEAD_ROWS and len(pc.unique(head)) * 2 < HEAD_ROWS:
        encoded = pc.dictionary_encode(texts)
        column = _parse_texts(encoded.dictionary, kind, reader).take(encoded.indices)
    else:
        column = _parse_texts(texts, kind, reader)
    is_long = pc.match_substring_regex(column.values, LONG_NUMBER)
    if pc.sum(is_long, min_count=0).as_py() < MIN_ROUNDED:
        return column
    is_rounded = pc.match_substring_regex(column.values, ROUNDED_NUMBER)
    if not pc.all(pc.equal(is_rounded, is_long), min_count=0).as_py():
        return column
    remedy = _(
        "A spreadsheet has rounded the numbers of this column to 15 digits. Store the"
        " column as text and export it again."
    )
    is_rounded = pc.fill_null(is_rounded, pa.scalar(value=False))
    indexes = np.flatnonzero(np.asarray(is_rounded)).tolist()
    values = pc.if_else(is_rounded, NULL_TEXT, column.values)
    return Column(values, column.errors | dict.fromkeys(indexes, remedy))


def _parse_texts(texts: pa.Array, kind: str, reader: Reader) -> Column:
    texts = pc.ascii_trim_whitespace(texts)
    pattern = NORMAL_FORMS.get(kind)
    # What is usual in whole columns is taken off, so that few texts are read one by one.
    if kind == "email":
        texts = pc.ascii_lower(texts)
    if kind == "phone" and reader.region == identifiers.DEFAULT_REGION:
        texts = pc.replace_substring_regex(texts, SPELT_MOBILE, r"\1\2\3")
        pattern = CHINESE_MOBILE
    is_normal = pc.is_null(texts)
    if pattern is not None:
        matches = pc.match_substring_regex(texts, pattern)
        is_normal = pc.fill_null(matches, pa.scalar(value=True))
    known = pa.array(sorted(reader.placeholders), pa.string())
    is_placeholder = pc.is_in(pc.ascii_lower(texts), value_set=known)
    if pc.any(is_placeholder, min_count=0).as_py():
        texts = pc.if_else(is_placeholder, NULL_TEXT, texts)
    is_other = pc.invert(is_normal)
    indexes = np.flatnonzero(np.asarray(is_other))
    if not len(indexes):
        return Column(texts)
    others = value_parsing.normalise(
        functools.partial(reader.normalise, kind), Column(texts.filter(is_other))
    )
    values = pc.replace_with_mask(texts, is_other, others.values)
    problems = {int(indexes[row]): text for row, text in others.errors.items()}
    return Column(values, problems)
