from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qunce.members.tags import naming

NAMES = st.lists(
    st.text(alphabet="abc12 -会惠员圆", min_size=1, max_size=9),
    unique=True,
    max_size=12,
)


@given(NAMES)
def test_all_pairs_equal_those_compared_one_by_one_k3(names: list[str]) -> None:
    slow = [
        (name, other)
        for index, name in enumerate(names)
        for other in names[index + 1 :]
        if naming.similarity(name, other) >= naming.MIN_SIMILARITY
    ]
    assert naming.similar_pairs(names) == slow
