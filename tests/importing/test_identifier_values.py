"""Columns of keys and identifiers are read as single values are, only faster."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.importing.values import identifier_values
from qunce.members.accounts import identifiers
from qunce.members.accounts.identifiers import Reader

TEXTS = st.one_of(
    st.text(max_size=20),
    st.text("0123456789+- .()\u00a0\u200b", max_size=18),
    st.from_regex(
        r" ?(\+86|0086|86)?[ -]?1[3-9]\d[ -]?\d{4}[ -]?\d{4} ?", fullmatch=True
    ),
    st.emails(),
    st.sampled_from(
        ["NULL", "n/a", "-", "无", "0", "1.0", "1E+10", "a:1", '="01"', "'1"]
    ),
    st.from_regex(r"[A-Za-z0-9_:.-]{1,12}", fullmatch=True),
    st.none(),
)


@given(
    st.lists(TEXTS, max_size=12),
    st.sampled_from(identifier_values.TYPES),
    st.sampled_from(["CN", "US"]),
)
def test_columns_are_read_as_single_values(
    texts: list[str | None], kind: str, region: str
) -> None:
    reader = Reader(region, identifiers.DEFAULT_PLACEHOLDERS | {"tbd"})
    valid = [None if text and "\0" in text else text for text in texts]
    column = identifier_values.parse(pa.array(valid, pa.string()), kind, reader)
    expected: list[str | None] = []
    broken = []
    for index, text in enumerate(valid):
        try:
            expected.append(reader.normalise(kind, text) if text is not None else None)
        except identifiers.InvalidIdentifier:
            expected.append(None)
            broken.append(index)
    assert column.values.to_pylist() == expected
    assert sorted(column.errors) == broken


@pytest.mark.parametrize("kind", identifier_values.TYPES)
def test_empty_column_stays_empty(kind: str) -> None:
    column = identifier_values.parse(pa.nulls(3, pa.string()), kind, Reader())
    assert column.values.to_pylist() == [None] * 3
    assert not column.errors
