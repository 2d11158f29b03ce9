"""K8 `seq`: steps in order within a span."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qunce.sets.clauses import sequence

FACT = st.tuples(st.integers(1, 4), st.integers(0, 12))
STEPS = st.lists(st.lists(FACT, max_size=8), min_size=2, max_size=4)


def has_chain(
    steps: list[list[tuple[int, int]]], person: int, span: int | None
) -> bool:
    """Try every choice of one fact per step."""

    def try_step(number: int, first: int, now: int) -> bool:
        if number == len(steps):
            return True
        return any(
            try_step(number + 1, time if number == 0 else first, time)
            for account, time in steps[number]
            if account == person
            and (number == 0 or time > now)
            and (number == 0 or span is None or time - first <= span)
        )

    return try_step(0, 0, 0)


@given(steps=STEPS, span=st.none() | st.integers(0, 12))
def test_chain_is_found_if_and_only_if_some_choice_fits(
    steps: list[list[tuple[int, int]]], span: int | None
) -> None:
    arrays = [
        (
            np.array([account for account, _ in step], dtype=np.int64),
            np.array([time for _, time in step], dtype=np.int64),
        )
        for step in steps
    ]
    people = set(sequence.chain(arrays, span).tolist())
    assert people == {
        person for person in range(1, 5) if has_chain(steps, person, span)
    }
