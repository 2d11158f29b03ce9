"""Definitions of scores: what is refused, exact points, and the formula in words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.members.scores import definitions, presets, sentences
from qunce.members.scores.definitions import Definition, InvalidScore, Part
from qunce.members.scores.evaluation import PartScore
from qunce.sets.rules.base import RulePath
from tests import factories

DAYS: dict[str, Any] = {
    "name": "Days",
    "area": "interaction",
    "kind": "message.posted",
    "by": "days",
    "within": "28d",
    "weight": 3,
    "cap": 10,
}
TENURE: dict[str, Any] = {
    "name": "Tenure",
    "area": "service",
    "by": "tenure",
    "weight": "0.05",
    "cap": 400,
}


def parse(community: Community, *parts: Any) -> Definition:
    return definitions.parse({"parts": list(parts)}, RulePath(community))


REFUSED = [
    ({"area": "sport"}, "Part 1, “area”: Write one of these: service, content"),
    ({"kind": "never.heard"}, "Part 1, “kind”: There is no kind of fact “never.heard”"),
    ({"where": {"group": ["no"]}}, r"Part 1, “where\.group\[0\]”: There is no group"),
    ({"within": "12h"}, "Part 1, “within”: Write a span of at most 366 days"),
    ({"within": "367d"}, "Part 1, “within”: Write a span of at most 366 days"),
    ({"weight": 0}, "Part 1, “weight”: Write a number above 0 and up to 100"),
    ({"weight": -1}, "above 0 and up to 100"),
    ({"weight": "2.005"}, "at most two decimals"),
    ({"weight": "1e-400"}, "at most two decimals"),
    ({"weight": 100.01}, "up to 100"),
    ({"cap": 0}, "Part 1, “cap”: Write a whole number from 1 to 1,000,000"),
    ({"cap": True}, "Write a whole number from 1"),
    ({"cap": 1.5}, "Write a whole number from 1"),
    ({"half_life": 366}, "Part 1, “half_life”: Write a whole number from 1 to 365"),
    ({"by": "sum"}, "Part 1, “field”"),
    ({"by": "repeats", "half_life": 3}, "Only times and days can have a half-life"),
    ({"field": "amount"}, "A field is only needed for a sum"),
    ({"by": "tenure"}, "This does not go together with a tenure"),
    ({"name": ""}, "Part 1, “name”: A name has 1 to 60 characters"),
    ({"name": "a\0"}, "A name has 1 to 60 characters"),
    ({"wieght": 3}, "Unknown field “wieght”"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_what_is_not_understood_is_refused_with_its_place(
    shop: Community, change: dict[str, Any], message: str
) -> None:
    assert parse(shop, DAYS).highest == 300_000
    with pytest.raises(InvalidScore, match=message):
        parse(shop, DAYS | change)


def test_a_score_needs_different_parts(shop: Community) -> None:
    assert len(parse(shop, DAYS, TENURE).parts) == 2
    with pytest.raises(InvalidScore, match="1 to 20 parts"):
        parse(shop)
    with pytest.raises(InvalidScore, match="1 to 20 parts"):
        parse(shop, *(DAYS | {"cap": n + 1} for n in range(21)))
    with pytest.raises(InvalidScore, match="Two parts are the same"):
        parse(shop, DAYS, DAYS | {"name": "Other"})
    specs: list[Any] = [None, [], {"parts": {}}, {"parts": [1]}]
    for spec in (*specs, {"parts": [DAYS], "x": 1}):
        with pytest.raises(InvalidScore):
            definitions.parse(spec, RulePath(shop))


@pytest.mark.parametrize("key", sorted(presets.PRESETS))
def test_ready_made_scores_have_hundred_points(shop: Community, key: str) -> None:
    spec = presets.PRESETS[key].build()
    found = definitions.parse(spec, RulePath(shop))
    assert found.highest == 100 * 100 * 100
    assert {part["area"] for part in spec["parts"]} == set(definitions.AREAS)


def test_weights_of_any_form_are_exact(shop: Community) -> None:
    for weight in (2.5, "2.5", "2.50", "25e-1"):
        assert parse(shop, DAYS | {"weight": weight}).parts[0].weight == 250


def test_formula_reads_as_words(shop: Community) -> None:
    factories.group(shop, "north", name="North")
    faded = DAYS | {"half_life": 7, "weight": 1, "where": {"group": ["north"]}}
    definition = parse(shop, faded, TENURE)
    texts = [
        sentences.describe_part(args, part, shop)
        for args, part in zip((faded, TENURE), definition.parts, strict=True)
    ]
    assert texts == [
        "1 point for each day on which they wrote a message [group: North] in the last"
        " 28 days, at most 10; it counts half after 7 days",
        "0.05 points for each day since they joined, at most 400",
    ]
    assert "÷ 30, the most" in sentences.describe_formula(definition.highest)
    shown = sentences.describe_points("Days", PartScore(definition.parts[0], 350))
    assert shown == "3.5 of 10 points from “Days” (3.5 of 10 days)"


@given(st.integers(0, 400), st.integers(1, 365))
def test_facts_fade_by_half_in_each_half_life(age: int, half_life: int) -> None:
    factor = definitions.fade(age, half_life)
    assert abs(factor - 100 * 0.5 ** (age / half_life)) <= 0.5 + 1e-9
    assert definitions.fade(0, half_life) == 100
    assert definitions.fade(half_life, half_life) == 50


weights = st.lists(
    st.tuples(st.integers(1, 10_000), st.integers(1, 1_000_000), st.integers(0, 10**9)),
    min_size=1,
    max_size=20,
)


@given(weights)
def test_score_is_the_exact_share_of_the_highest_points(
    rows: list[tuple[int, int, int]],
) -> None:
    parts = [Part("times", None, "", 1, weight, cap) for weight, cap, _n in rows]
    definition = Definition(tuple(parts))
    points = sum(
        PartScore(part, n).points
        for part, (_weight, _cap, n) in zip(parts, rows, strict=True)
    )
    exact = Fraction(points, definition.highest) * 1_000
    tenths = definition.to_tenths(points)
    assert abs(tenths - exact) <= Fraction(1, 2)
    assert 0 <= tenths <= 1_000
    assert (tenths == 1_000) or points < definition.highest


@pytest.mark.parametrize(
    ("tenths", "text"), [(0, "0.0"), (5, "0.5"), (425, "42.5"), (1000, "100.0")]
)
def test_a_score_always_has_one_decimal(tenths: int, text: str) -> None:
    assert definitions.format_tenths(tenths) == text


def test_points_are_written_without_zeros() -> None:
    assert definitions.format_points(30_000) == "3"
    assert definitions.format_points(30_001) == "3.0001"
    assert definitions.format_points(12_345_600_000) == "1,234,560"
