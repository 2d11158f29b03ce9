"""Differences of shares, against an exact count of tables and on shuffled people."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.insight.portraits import differences
from qunce.insight.portraits.differences import Counts

SIZES = st.integers(30, 60)


@st.composite
def tables(draw: st.DrawFn) -> Counts:
    inside_of, rest_of = draw(SIZES), draw(SIZES)
    return Counts(
        draw(st.integers(0, inside_of)),
        inside_of,
        draw(st.integers(0, rest_of)),
        rest_of,
    )


def exact_p_value(counts: Counts) -> float:
    """The chance of a table that is no more likely, by counting all of them."""
    having, whole = counts.inside + counts.rest, counts.inside_of + counts.rest_of

    def chance(inside: int) -> float:
        ways = math.comb(counts.inside_of, inside)
        ways *= math.comb(counts.rest_of, having - inside)
        return ways / math.comb(whole, having)

    own = chance(counts.inside)
    lowest = max(0, having - counts.rest_of)
    highest = min(having, counts.inside_of)
    chances = map(chance, range(lowest, highest + 1))
    return sum(one for one in chances if one <= own * (1 + 1e-7))


@given(tables())
def test_p_values_are_near_those_of_all_tables(counts: Counts) -> None:
    found, exact = differences.p_value(counts), exact_p_value(counts)
    having, whole = counts.inside + counts.rest, counts.inside_of + counts.rest_of
    fewest = min(having, whole - having) * min(counts.inside_of, counts.rest_of)
    if fewest < 5 * whole:
        assert found == pytest.approx(min(exact, 1.0))
    else:
        assert found == pytest.approx(exact, abs=0.25)
        assert (found < 0.001) <= (exact < 0.01)


@given(tables())
def test_the_interval_has_the_difference(counts: Counts) -> None:
    (one,) = differences.compare([counts])
    assert one is not None
    assert -100 <= one.low <= one.points + 1e-9
    assert one.points - 1e-9 <= one.high <= 100
    assert math.copysign(1, one.effect) == math.copysign(1, one.points) or (
        one.effect == pytest.approx(one.points, abs=1e-9)
    )
    if one.ratio is not None:
        assert one.ratio * counts.rest / counts.rest_of == pytest.approx(
            counts.inside / counts.inside_of
        )


def test_known_differences() -> None:
    """56 of 70 against 48 of 80 is an example of Newcombe (1998)."""
    (one,) = differences.compare([Counts(56, 70, 48, 80)])
    assert one is not None
    assert (round(one.low, 2), round(one.high, 2)) == (5.24, 33.39)
    assert one.effect == pytest.approx(0.4421, abs=1e-3)


def test_few_people_are_not_enough() -> None:
    found = differences.compare([Counts(20, 29, 0, 900), Counts(25, 30, 1, 900)])
    assert found[0] is None
    assert found[1] is not None
    assert found[1].is_clear


def test_shuffled_people_hardly_ever_differ() -> None:
    """K13: of 200 communities that are split at random, few show any difference."""
    shuffle = random.Random(5)  # noqa: S311 - no secrets
    alarms = 0
    for _n in range(200):
        table = []
        for _trait in range(60):
            having = shuffle.randint(5, 395)
            inside = sum(person < having for person in shuffle.sample(range(400), 120))
            table.append(Counts(inside, 120, having - inside, 280))
        found = differences.compare(table)
        alarms += any(one is not None and one.is_clear for one in found)
    assert alarms <= 200 * 0.05
    table[0] = Counts(90, 120, 60, 280)
    first, *_others = differences.compare(table)
    assert first is not None
    assert first.is_clear
