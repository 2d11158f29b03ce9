from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qunce.sets.bitmaps.attribute_columns import Column

TEXTS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    unique=True,
)


@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 2**40), st.integers(-(2**60), 2**60), st.integers(0, 2**60)
        )
    ),
    texts=TEXTS,
)
def test_column_can_be_stored_and_read(
    rows: list[tuple[int, int, int]], texts: list[str]
) -> None:
    arrays = [
        np.array([row[index] for row in rows], dtype=np.int64) for index in range(3)
    ]
    column = Column(arrays[0], arrays[1], arrays[2], texts)
    restored = Column.from_bytes(column.to_bytes())
    assert restored.texts == texts
    for name in ("accounts", "numbers", "set_at"):
        assert np.array_equal(getattr(restored, name), getattr(column, name))
