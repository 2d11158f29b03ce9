from __future__ import annotations

from unittest import mock

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from qunce.members.search import name_index

WORDS = st.text(alphabet="ab王", min_size=1, max_size=5)
TEXTS = st.lists(WORDS.map(name_index.START.__add__), max_size=12)
PIECES = st.one_of(WORDS, WORDS.map(name_index.START.__add__))


@given(TEXTS, PIECES, st.sampled_from([0, 1, 5_000]))
def test_the_texts_that_hold_a_piece_are_found_rare_or_everywhere(
    texts: list[str], piece: str, rare: int
) -> None:
    book = name_index.TextColumn(pa.array(texts, pa.large_string()))
    with mock.patch.object(name_index, "RARE", rare):
        found = book.find(piece).tolist()
    assert found == [place for place, text in enumerate(texts) if piece in text]
