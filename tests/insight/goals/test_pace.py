"""How goals stand, against an oracle that walks the days one by one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.insight.goals import pace
from qunce.insight.goals.pace import Clock, Standing
from tests import shares

few = settings(max_examples=shares.examples(300), deadline=None)
numbers = st.fractions(-50, 50, max_denominator=12)
spans = st.integers(1, 40)


def walk(
    value: Fraction,
    target: Fraction,
    days: int,
    over: int,
    *,
    has_begun_another: bool,
    is_at_least: bool,
    grows: bool,
) -> str:
    """The slow answer: a share of the target is added on each day that counts."""
    asked = over if is_at_least or not has_begun_another else over + 1
    daily, wanted = target / days, Fraction(0)
    for _day in range(asked):
        wanted += daily
    if not grows:
        wanted = target
    reached = value >= target if is_at_least else not value > target
    if over == days:
        return "met" if reached else "missed"
    if grows and is_at_least and reached:
        return "met"
    if grows and not is_at_least and not reached:
        return "missed"
    good = not value < wanted if is_at_least else not value > wanted
    return "on_course" if good else "behind"


@few
@given(
    numbers,
    st.fractions(0, 50, max_denominator=12),
    spans,
    st.data(),
    st.booleans(),
    st.booleans(),
)
def test_a_goal_stands_as_its_days_add_up(
    value: Fraction,
    target: Fraction,
    days: int,
    data: st.DataObject,
    is_at_least: bool,
    grows: bool,
) -> None:
    over = data.draw(st.integers(0, days))
    more = over < days and data.draw(st.booleans() if over else st.sampled_from([True]))
    clock = Clock(days=days, over=over, begun=over + more)
    found = pace.judge(
        value, target=target, clock=clock, is_at_least=is_at_least, grows=grows
    )
    assert found == walk(
        value,
        target,
        days,
        over,
        has_begun_another=more,
        is_at_least=is_at_least,
        grows=grows,
    )


@pytest.mark.parametrize("is_over", [False, True])
def test_few_people_are_not_enough_at_any_time(is_over: bool) -> None:
    clock = Clock(days=10, over=10 if is_over else 3, begun=10 if is_over else 4)
    one = {"target": Fraction(1), "is_at_least": True, "grows": False}
    assert pace.judge(None, clock=clock, **one) is Standing.NOT_ENOUGH  # type: ignore[arg-type]
    found = pace.judge(Fraction(1), clock=clock, **one)  # type: ignore[arg-type]
    assert found is (Standing.MET if is_over else Standing.ON_COURSE)


def test_a_goal_of_tomorrow_has_not_begun() -> None:
    clock = Clock(days=10, over=0, begun=0)
    found = pace.judge(
        None, target=Fraction(5), clock=clock, is_at_least=True, grows=True
    )
    assert found is Standing.NOT_STARTED
