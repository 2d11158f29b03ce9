from __future__ import annotations

import pytest
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


def test_pattern_that_backtracks_takes_no_time() -> None:
    rule = naming.NamingRule(pattern="(a+)+b")
    naming.check_rule(rule)
    assert naming.check("a" * 30 + "b", rule)
    with pytest.raises(naming.InvalidTagName, match="does not match"):
        naming.check("a" * 60, rule)


@pytest.mark.parametrize("pattern", ["(", "(?=a)a", r"(a)\1"])
def test_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(naming.InvalidTagName, match="not valid"):
        naming.check_rule(naming.NamingRule(pattern=pattern))
