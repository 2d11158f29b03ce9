from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups import advice, groups
from qunce.groups.advice import GroupNumbers


def numbers(**changes: float | None) -> GroupNumbers:
    defaults = {"size": 100, "capacity": 500, "joins": 10, "leaves": 1, "active": 5.0}
    return GroupNumbers(**(defaults | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stage", "changes", "transition"),
    [
        ("growing", {}, None),
        ("growing", {"size": 460}, "stabilize"),
        ("growing", {"joins": 1, "leaves": 0}, "stabilize"),
        ("growing", {"size": 0}, None),
        ("growing", {"leaves": 20}, None),
        ("lasting", {}, "revive"),
        ("lasting", {"joins": 2}, None),
        ("lasting", {"joins": 2, "active": 1.0}, "recall"),
        ("recalling", {"active": 9.0}, "stabilize"),
        ("recalling", {"active": 0.1}, "close"),
        ("recalling", {"active": 3.0}, None),
        ("dead", {}, None),
    ],
)
def test_advice_depends_on_the_stage_and_the_numbers(
    stage: str, changes: dict[str, float], transition: str | None
) -> None:
    """V1"""
    assert advice.advise(stage, numbers(**changes)).transition == transition


@given(
    st.sampled_from(groups.Stage.values),
    st.builds(
        GroupNumbers,
        size=st.integers(0, 10_000),
        capacity=st.none() | st.integers(1, 10_000),
        joins=st.integers(0, 10_000),
        leaves=st.integers(0, 10_000),
        active=st.floats(0, 10_000),
    ),
)
def test_advice_suggests_only_possible_transitions(
    stage: str, group_numbers: GroupNumbers
) -> None:
    suggestion = advice.advise(stage, group_numbers)
    assert suggestion.text
    assert suggestion.transition is None or groups.STATES.may(
        suggestion.transition, stage
    )
