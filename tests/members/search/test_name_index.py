from __future__ import annotations

from unittest import mock

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from qunce.members.search import name_index

WORDS = st.text(alphabet="ab王", min_size=1, max_size=5)
TEXTS = st.lists(WORDS.map(name_index.START.__add__), max_size=12)
SUBSTRINGS = st.one_of(WORDS, WORDS.map(name_index.START.__add__))


@given(TEXTS, SUBSTRINGS, st.sampled_from([0, 1, 5_000]))
def test_rare_and_frequent_substrings_are_found(
    texts: list[str], substring: str, max_rare: int
) -> None:
    column = name_index.TextColumn(pa.array(texts, pa.large_string()))
    with mock.patch.object(name_index, "MAX_RARE_MATCHES", max_rare):
        rows = column.find(substring).tolist()
    assert rows == [row for row, text in enumerate(texts) if substring in text]
