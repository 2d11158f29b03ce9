"""The first welcome that fits, and repeats, against slow and obvious oracles."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach.welcomes import phrases, selection
from qunce.outreach.welcomes.selection import Conditions, Earlier, Join

SOURCES, GROUPS = ["a", "b"], [1, 2]
MINUTES = st.sampled_from([0, 1, 600, 1438, 1439])


def some(values: list[object]) -> st.SearchStrategy[frozenset[object]]:
    return st.frozensets(st.sampled_from(values))


JOINS = st.builds(
    Join,
    is_of_community=st.booleans(),
    source=st.sampled_from(["", *SOURCES]),
    groups=some([*GROUPS]),
    minute=MINUTES,
)
HOURS = st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] != pair[1])
CONDITIONS = st.builds(
    Conditions,
    id=st.integers(1, 5),
    is_on=st.booleans(),
    for_group_joins=st.booleans(),
    sources=some([*SOURCES]),
    groups=some([*GROUPS]),
    hours=st.none() | HOURS,
    has_rule=st.booleans(),
)


def minutes_of(start: int, end: int) -> set[int]:
    """The minutes of hours, counted one after the other."""
    minutes, minute = set(), start
    while minute != end:
        minutes.add(minute)
        minute = (minute + 1) % 1440
    return minutes


def fits(each: Conditions, join: Join, holding: set[int]) -> bool:
    if each.for_group_joins:
        right = any(g in join.groups for g in (each.groups or join.groups))
    else:
        right = join.is_of_community
    return (
        each.is_on
        and right
        and (not each.sources or join.source in each.sources)
        and (each.hours is None or join.minute in minutes_of(*each.hours))
        and (not each.has_rule or each.id in holding)
    )


@given(
    st.lists(CONDITIONS, max_size=4, unique_by=lambda each: each.id),
    JOINS,
    st.sets(st.integers(1, 5)),
)
def test_first_welcome_that_fits(
    listed: list[Conditions], join: Join, holding: set[int]
) -> None:
    expected = [each for each in listed if fits(each, join, holding)]
    found = selection.find_first(listed, join, holding)
    assert found == (expected[0] if expected else None)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from([None, 1, 2])), max_size=4),
    st.booleans(),
    st.sampled_from([None, 1, 2]),
)
def test_no_two_welcomes_within_a_join_or_a_year(
    past: list[tuple[int, int | None]], for_each_group: bool, group: int | None
) -> None:
    chosen = Conditions(id=1, for_each_group=for_each_group)
    repeat = selection.find_repeat(
        chosen,
        group,
        [Earlier(at, own) for at, own in past],
        20,
        same_join=2,
        again_after=10,
    )
    expected = None
    for at, own in past:
        if (own == group or not for_each_group) and at > 10:
            expected = expected or "welcomed"
        if at > 18:
            expected = "same_join"
    assert repeat == expected


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "0 minutes"),
        (90, "1 hour 30 minutes"),
        (120, "2 hours"),
        (1_500, "1 day 1 hour"),
        (43_200, "30 days"),
    ],
)
def test_durations_are_exact(minutes: int, text: str) -> None:
    assert phrases.duration(timedelta(minutes=minutes)) == text
